//! Compression by its magic number, always in this process: a program found in an image must never run
//! (CVE-2026-41567).

use std::io::{self, BufRead, Chain, Cursor, Read, Write};

use flate2::bufread::MultiGzDecoder;

/// The largest window a zstd frame may ask for, as a power of two: 128 MiB of memory.
const ZSTD_WINDOW_LOG: u32 = 27;

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
        let source = Cursor::new(start).chain(source);
        Ok(match codec {
            Codec::Plain => Decoder::Plain(source),
            Codec::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(source))),
            Codec::Zstd => Decoder::Zstd(Box::new(zstd_decoder(source)?)),
        })
    }
}

fn zstd_decoder<'a, R: BufRead>(source: R) -> io::Result<zstd::Decoder<'a, R>> {
    let mut decoder = zstd::Decoder::with_buffer(source)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// Compresses what is written to it, as zstd at a level that costs little time.
pub struct Compressor<W: Write>(zstd::Encoder<'static, W>);

impl<W: Write> Compressor<W> {
    /// Writes the compressed bytes to `sink`.
    pub fn new(sink: W) -> io::Result<Self> {
        const LEVEL: i32 = 1;
        zstd::Encoder::new(sink, LEVEL).map(Self)
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

type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// A reader of uncompressed bytes.
pub enum Decoder<'a, R: BufRead> {
    /// The stream was not compressed.
    Plain(Peeked<R>),
    /// gzip.
    Gzip(Box<MultiGzDecoder<Peeked<R>>>),
    /// zstd.
    Zstd(Box<zstd::Decoder<'a, Peeked<R>>>),
}

impl<R: BufRead> Read for Decoder<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Plain(source) => source.read(buffer),
            Decoder::Gzip(source) => source.read(buffer),
            Decoder::Zstd(source) => source.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
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
    fn refuses_a_zstd_window_of_two_gibibytes() {
        // Frame header: magic, descriptor (no single segment), window descriptor with exponent 21, that is 2^31 bytes;
        // then one empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
        assert!(decoded(&frame).is_err());
    }
}
