//! Sparse files: which parts of them the archive holds.

use super::error::ReadError;

/// A part of a sparse file that has content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it starts in the file, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
}

/// A sparse file's map. Segments follow one another without overlap and lie inside the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sparse {
    /// The file's size with its holes, in bytes.
    pub size: u64,
    /// The parts with content, in order.
    pub segments: Vec<Segment>,
}

/// More segments than this are refused; GNU tar makes one for each run of data.
const MOST_SEGMENTS: usize = 1 << 16;

impl Sparse {
    /// Makes a map of alternating offsets and lengths and checks it against the bytes that the archive holds.
    pub(super) fn new(size: u64, numbers: &[u64], stored: u64) -> Result<Self, ReadError> {
        if !numbers.len().is_multiple_of(2) || numbers.len() / 2 > MOST_SEGMENTS {
            return Err(ReadError::Header("malformed map of a sparse file"));
        }
        let segments: Vec<_> =
            numbers.chunks_exact(2).map(|pair| Segment { offset: pair[0], length: pair[1] }).collect();
        let map = Self { size, segments };
        if map.is_sound(stored) { Ok(map) } else { Err(ReadError::Header("contradictory map of a sparse file")) }
    }

    fn is_sound(&self, stored: u64) -> bool {
        let mut end = 0_u64;
        let mut sum = 0_u64;
        for segment in &self.segments {
            match segment.offset.checked_add(segment.length) {
                Some(next) if segment.offset >= end && next <= self.size => end = next,
                _ => return false,
            }
            sum += segment.length;
        }
        sum == stored && self.size <= i64::MAX as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordered_maps_inside_the_file_pass() {
        let check = |size, numbers: &[u64], stored| Sparse::new(size, numbers, stored).is_ok();
        assert!(check(100, &[0, 10, 50, 10, 100, 0], 20));
        assert!(check(100, &[], 0));
        assert!(!check(100, &[0, 10], 11), "stored bytes differ");
        assert!(!check(100, &[50, 10, 0, 10], 20), "backwards");
        assert!(!check(100, &[0, 10, 5, 10], 20), "overlap");
        assert!(!check(100, &[95, 10], 10), "beyond the end");
        assert!(!check(100, &[u64::MAX, 2], 2), "overflow");
        assert!(!check(100, &[1], 0), "odd");
        assert!(!check(u64::MAX, &[], 0));
    }
}
