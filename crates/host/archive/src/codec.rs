//! Compression by its magic number, always in this process: a program found in an image must never run
//! (CVE-2026-41567).

use std::io::{self, BufRead, Chain, Cursor, Read, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

/// The largest window a zstd frame may ask for, as a power of two: 128 MiB of memory.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How much larger a stream may become: deflate reaches 1032 with zeros, real layers stay below 10, those with blank disk
/// images in them excepted.
pub(crate) const RATIO: u64 = 200;
/// The bytes that any stream may become.
pub(crate) const FLOOR: u64 = 1 << 30;

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Plain,
    /// gzip, also of several members (RFC 1952).
    Gzip,
    /// zstd, also of several frames (RFC 8878).
    Zstd,
}

/// Why a stream cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A known compression that is not built in.
    #[error("decompress: {0} is not supported")]
    Unsupported(&'static str),
    /// Reading the first bytes failed.
    #[error("decompress: {0}")]
    Read(#[from] io::Error),
}

impl Codec {
    /// Tells the codec from the first bytes of a stream; six are enough.
    pub fn detect(start: &[u8]) -> Result<Self, CodecError> {
        match start {
            [0x1f, 0x8b, ..] => Ok(Codec::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Codec::Zstd),
            [b'B', b'Z', b'h', ..] => Err(CodecError::Unsupported("bzip2")),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Err(CodecError::Unsupported("xz")),
            _ => Ok(Codec::Plain),
        }
    }

    /// Looks at the first bytes of `source` and gives a reader of the uncompressed bytes.
    pub fn decode<'a, R: BufRead + Send + 'a>(mut source: R) -> Result<Decoder<'a, R>, CodecError> {
        let mut start = Vec::with_capacity(6);
        source.by_ref().take(6).read_to_end(&mut start)?;
        let codec = Self::detect(&start)?;
        let source = Counted { source: Cursor::new(start).chain(source), consumed: 0 };
        let inner = match codec {
            Codec::Plain => Inner::Plain(source),
            Codec::Gzip => Inner::Gzip(Box::new(MultiGzDecoder::new(source))),
            Codec::Zstd => Inner::Zstd(Box::new(zstd_decoder(source)?)),
        };
        Ok(Decoder { inner, given: 0, floor: FLOOR })
    }
}

fn zstd_decoder<'a, R: BufRead>(source: R) -> io::Result<zstd::Decoder<'a, R>> {
    let mut decoder = zstd::Decoder::with_buffer(source)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// Compresses what is written to it, as gzip at a level that costs little time: every engine reads it, and zstd those of
/// recent years only.
pub struct Compressor<W: Write>(GzEncoder<W>);

impl<W: Write> Compressor<W> {
    /// Writes the compressed bytes to `sink`.
    pub fn new(sink: W) -> Self {
        Self(GzEncoder::new(sink, Compression::fast()))
    }

    /// Ends the stream and gives the sink back.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A stream becomes too large for what it comes from.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more than {RATIO} times as large when decompressed")]
pub(crate) struct GrowsTooLarge;

/// A reader of uncompressed bytes. It fails when they become too many for what they come from.
pub struct Decoder<'a, R: BufRead> {
    inner: Inner<'a, R>,
    given: u64,
    floor: u64,
}

type Source<R> = Counted<Chain<Cursor<Vec<u8>>, R>>;

enum Inner<'a, R: BufRead> {
    Plain(Source<R>),
    Gzip(Box<MultiGzDecoder<Source<R>>>),
    Zstd(Box<zstd::Decoder<'a, Source<R>>>),
}

impl<R: BufRead> Inner<'_, R> {
    fn consumed(&self) -> u64 {
        match self {
            Inner::Plain(source) => source.consumed,
            Inner::Gzip(decoder) => decoder.get_ref().consumed,
            Inner::Zstd(decoder) => decoder.get_ref().consumed,
        }
    }
}

impl<R: BufRead> Read for Decoder<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = match &mut self.inner {
            Inner::Plain(source) => source.read(buffer)?,
            Inner::Gzip(source) => source.read(buffer)?,
            Inner::Zstd(source) => source.read(buffer)?,
        };
        self.given += amount as u64;
        if self.given > self.inner.consumed().saturating_mul(RATIO).max(self.floor) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, GrowsTooLarge));
        }
        Ok(amount)
    }
}

/// Counts what is read.
struct Counted<R> {
    source: R,
    consumed: u64,
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.consumed += amount as u64;
        self.source.consume(amount);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.source.read(buffer)?;
        self.consumed += amount as u64;
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Codec::decode(bytes).map_err(io::Error::other)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn reads_every_codec_and_several_members() {
        assert_eq!(decoded(b"plain").unwrap(), b"plain");
        assert_eq!(decoded(b"").unwrap(), b"");
        assert_eq!(decoded(&[gzip(b"one "), gzip(b""), gzip(b"two")].concat()).unwrap(), b"one two");
        let frames = [zstd::encode_all(&b"one "[..], 1).unwrap(), zstd::encode_all(&b"two"[..], 1).unwrap()].concat();
        assert_eq!(decoded(&frames).unwrap(), b"one two");
    }

    #[test]
    fn refuses_what_is_broken_or_not_built_in() {
        let whole = gzip(b"some text that is long enough");
        assert!(decoded(&whole[..whole.len() - 9]).is_err(), "truncated");
        let mut wrong = whole.clone();
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert!(decoded(&wrong).is_err(), "wrong checksum");
        let whole = zstd::encode_all(&b"some text that is long enough"[..], 1).unwrap();
        assert!(decoded(&whole[..whole.len() - 3]).is_err(), "truncated");
        assert!(decoded(b"BZh91AY").unwrap_err().to_string().contains("bzip2 is not supported"));
        assert!(decoded(b"\xfd7zXZ\0..").unwrap_err().to_string().contains("xz is not supported"));
    }

    #[test]
    fn refuses_what_grows_beyond_all_measure() {
        let zeros = vec![0; 32 << 20];
        for bomb in [gzip(&zeros), gzip(&zeros[..1 << 20]).repeat(32), zstd::encode_all(&zeros[..], 1).unwrap()] {
            let mut decoder = Codec::decode(&bomb[..]).unwrap();
            decoder.floor = 1 << 20;
            let mut out = Vec::new();
            let error = decoder.read_to_end(&mut out).unwrap_err();
            assert_eq!(error.to_string(), "more than 200 times as large when decompressed");
            assert!(out.len() < 16 << 20);
            assert_eq!(decoded(&bomb).unwrap().len(), zeros.len(), "what is small after all may grow");
        }
    }

    #[test]
    fn refuses_a_zstd_window_of_two_gibibytes() {
        // Frame header: magic, descriptor (no single segment), window descriptor with exponent 21, that is 2^31 bytes;
        // then one empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
        assert!(decoded(&frame).is_err());
    }
}
