//! One layer from a stream to a directory, on several threads.

use std::io::{self, BufRead, Read};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};

use crate::chunk::{ChunkReader, ChunkWriter, pipe};
use crate::codec::{Codec, CodecError, GrowsTooLarge};
use crate::limits::Limits;
use crate::read::{ReadError, Reader};
use crate::unpack::{UnpackError, Unpacker};

/// Bytes handed from thread to thread at once.
const CHUNK: usize = 256 << 10;
/// Chunks that may wait between two threads.
const DEPTH: usize = 4;

/// A layer that was unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The SHA-256 of the uncompressed stream, which is the layer's diff id.
    pub diff_id: [u8; 32],
    /// Bytes of all regular files.
    pub bytes: u64,
    /// Whether the layer hides all layers below it.
    pub is_opaque: bool,
}

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// It cannot be decompressed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// It cannot be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
}

impl LayerError {
    /// Whether there was no space or no quota left.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Unpack(error) if error.is_disk_full())
    }

    /// Whether the layer was too much, and not wrong.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Unpack(UnpackError::Read(ReadError::Limit { .. })) => true,
            Self::Unpack(UnpackError::Read(ReadError::Stream(error))) => {
                error.get_ref().is_some_and(|error| error.is::<GrowsTooLarge>())
            }
            _ => false,
        }
    }
}

/// Unpacks the layer that `source` gives, compressed or not, into `root`, an empty directory open for reading. The source
/// is read to its end. On an error what is in `root` is half a layer, and the caller removes it.
pub fn unpack_layer(source: impl BufRead + Send, root: BorrowedFd<'_>, limits: Limits) -> Result<Unpacked, LayerError> {
    let decoder = Codec::decode(source)?;
    let (to_hash, from_inflate) = pipe(DEPTH);
    let (to_unpack, archive) = pipe(DEPTH);
    thread::scope(|scope| {
        scope.spawn(move || inflate(decoder, to_hash, to_unpack));
        let hasher = scope.spawn(move || hash(from_inflate));
        let contents = unpack(archive, root, limits)?;
        let diff_id = hasher.join().unwrap_or_else(|_| Err(io::Error::other("the hashing thread panicked")));
        let diff_id = diff_id.map_err(|error| UnpackError::from(ReadError::Stream(error)))?;
        Ok(Unpacked { diff_id, bytes: contents.bytes, is_opaque: contents.is_opaque })
    })
}

fn unpack(
    archive: ChunkReader<Chunk>,
    root: BorrowedFd<'_>,
    limits: Limits,
) -> Result<crate::unpack::Contents, UnpackError> {
    let mut archive = Reader::new(archive, limits);
    let contents = Unpacker::new(root).unpack(&mut archive)?;
    archive.drain()?;
    Ok(contents)
}

fn hash(mut stream: ChunkReader<Chunk>) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    while let Some(chunk) = stream.next_chunk()? {
        hash.update(&chunk);
    }
    Ok(hash.finalize().into())
}

/// Sends the uncompressed stream to both readers. If one of them is gone the other is left without an end and fails.
fn inflate(mut source: impl Read, to_hash: ChunkWriter<Chunk>, to_unpack: ChunkWriter<Chunk>) {
    let pool = Arc::new(Pool::default());
    loop {
        match Chunk::fill(&pool, &mut source) {
            Ok(None) => {
                // A reader that is gone has its own reason to tell.
                let _ = to_hash.finish();
                let _ = to_unpack.finish();
                return;
            }
            Ok(Some(chunk)) => {
                if to_hash.send(chunk.clone()).is_err() || to_unpack.send(chunk).is_err() {
                    return;
                }
            }
            Err(error) => return to_unpack.fail(error),
        }
    }
}

/// A filled buffer with several readers; it goes back to its pool behind the last of them.
#[derive(Clone)]
struct Chunk(Arc<Buffer>);

struct Buffer {
    bytes: Vec<u8>,
    pool: Arc<Pool>,
}

/// Buffers to be used again: new ones would cost a page fault for every 4 KiB.
#[derive(Default)]
struct Pool(Mutex<Vec<Vec<u8>>>);

impl Chunk {
    /// Fills a buffer from `source` as far as it goes; `None` at its end.
    fn fill(pool: &Arc<Pool>, source: &mut impl Read) -> io::Result<Option<Self>> {
        let mut bytes = pool.0.lock().ok().and_then(|mut free| free.pop()).unwrap_or_else(|| vec![0; CHUNK]);
        bytes.resize(CHUNK, 0);
        let mut filled = 0;
        while filled < CHUNK {
            match source.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(amount) => filled += amount,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(if filled == 0 { None } else { Some(Self(Arc::new(Buffer { bytes, pool: Arc::clone(pool) }))) })
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Ok(mut free) = self.pool.0.lock() {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}
