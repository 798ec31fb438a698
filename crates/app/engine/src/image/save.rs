//! Puts images into an archive.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use fault::{Fault, Result, Step};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::action::Stream;
use crate::inner::Inner;
use crate::request::ImageSave;

/// How many blocks may wait for a slow client.
const AHEAD: usize = 8;

/// Begins to write the archive. A name that does not exist is an error before the first byte.
pub async fn save(engine: &Arc<Inner>, request: ImageSave) -> Result<Stream<Bytes>> {
    if !request.platforms.is_empty() {
        return Err(Fault::not_implemented("saving one platform of an image is not implemented yet"));
    }
    let mut saved = Vec::new();
    for name in &request.names {
        saved.push(engine.images.get(name)?.id.to_string());
    }
    let (blocks, receiver) = mpsc::channel(AHEAD);
    let owner = Arc::clone(engine);
    let work = move || {
        let mut out = io::BufWriter::with_capacity(256 << 10, Blocks(blocks.clone()));
        let outcome = owner.images.save(&request.names, &mut out).and_then(|()| out.flush().step("send the archive"));
        match outcome {
            Ok(()) => {
                for id in saved {
                    super::tell(&owner, "save", &id, id.clone());
                }
            }
            Err(fault) => drop(blocks.blocking_send(Err(fault))),
        }
    };
    thread::Builder::new().name("save".into()).spawn(work).step("start a thread for the archive")?;
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

/// A writer whose other end is a stream of blocks.
struct Blocks(mpsc::Sender<Result<Bytes>>);

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
