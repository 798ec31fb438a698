//! Unpacks and packs layers: tar, whiteouts, gzip, zstd.
//!
//! A layer comes as a stream of bytes and becomes a directory that overlayfs can use as a lower one:
//!
//! ```text
//!  source ──► inflate ──┬──► sha256 (diff id)
//!  (Read)     (thread)  └──► tar reader ──► unpacker ──► directory
//! ```
//!
//! The stages run in threads of their own and hand over large buffers, so that one layer uses more than one core.
//! Everything in a layer may be hostile. No path of it is given to the kernel as a whole: parents are resolved inside the
//! root by `openat2`, and the last component is never followed. Nothing of a layer is held in memory but one entry.
//!
//! This crate knows nothing of registries, digests as names, or where layers live.

#![forbid(unsafe_code)]

mod chunk;
mod codec;
mod layer;
mod limits;
mod pack;
mod read;
mod text;
mod unpack;

pub use chunk::{Aborted, ChunkReader, ChunkWriter, pipe};
pub use codec::{Codec, CodecError, Compressor, Decoder};
pub use layer::{LayerError, Unpacked, unpack_layer};
pub use limits::Limits;
pub use pack::{PackError, Packer, TarWriter};
pub use read::{Device, Entry, Kind, ReadError, Reader, Segment, Sparse, Xattrs};
pub use unpack::{Contents, Into, UnpackError, Unpacker};
