//! Reading standard input.

use bytes::Bytes;
use std::io;
use tokio::sync::mpsc;

/// Chunks of standard input. They are read by a thread of their own: the descriptor is shared with other processes, so
/// it must not be made non-blocking, and a read from a terminal cannot be cancelled. The thread ends with the process.
pub fn stdin() -> mpsc::Receiver<io::Result<Bytes>> {
    chunks(io::stdin())
}

/// Chunks of a file, read by a thread of their own; at most four wait to be taken.
pub fn chunks(mut source: impl io::Read + Send + 'static) -> mpsc::Receiver<io::Result<Bytes>> {
    const CHUNK: usize = 64 << 10;
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            let item = match source.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => Ok(Bytes::copy_from_slice(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let last = item.is_err();
            if sender.blocking_send(item).is_err() || last {
                return;
            }
        }
    });
    receiver
}
