//! Archives on their way to clients: what a thread writes, as a stream of blocks.

use std::io::{self, Write};
use std::thread;

use bytes::Bytes;
use fault::{Result, Step};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::action::Stream;

/// How many blocks may wait for a slow client.
const AHEAD: usize = 8;
/// Bytes of a block.
const BLOCK: usize = 256 << 10;

/// The writer that work is given.
pub type Out = io::BufWriter<Blocks>;

/// Begins `work` in a thread of that name; an error of it is the stream's last item. When the client goes away the next
/// write fails.
pub fn stream(name: &str, work: impl FnOnce(&mut Out) -> Result<()> + Send + 'static) -> Result<Stream<Bytes>> {
    let (blocks, receiver) = mpsc::channel(AHEAD);
    let work = move || {
        let mut out = io::BufWriter::with_capacity(BLOCK, Blocks(blocks.clone()));
        let outcome = work(&mut out).and_then(|()| out.flush().step("send the archive"));
        if let Err(fault) = outcome {
            let _ = blocks.blocking_send(Err(fault));
        }
    };
    thread::Builder::new().name(name.into()).spawn(work).step("start a thread for the archive")?;
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

/// The end of the stream that is written to.
pub struct Blocks(mpsc::Sender<Result<Bytes>>);

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
