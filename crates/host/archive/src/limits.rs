//! How much a layer may make us do.

use crate::codec::{FLOOR, RATIO};

/// Bounds for one layer, so that a small archive cannot fill the disk, the memory or the inode table
/// (CVE-2017-14992 and its kin). The caller chooses them; it knows the compressed size and the free space.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Entries of the archive, helper headers included.
    pub entries: u64,
    /// Bytes of one name or link target.
    pub name: usize,
    /// Bytes of the uncompressed stream, padding and what follows the archive's end included.
    pub stream: u64,
    /// Bytes of one extended header (PAX or GNU), which is held in memory.
    pub header: usize,
}

impl Limits {
    /// The bounds for a layer of `compressed` bytes, by the rule that decompression keeps to as well: so that an entry which
    /// says that it will be too large is refused before it is begun.
    pub fn for_compressed(compressed: u64) -> Self {
        Self { stream: compressed.saturating_mul(RATIO).max(FLOOR), ..Self::default() }
    }
}

impl Default for Limits {
    /// Four million entries, names up to the kernel's `PATH_MAX`, one TiB.
    fn default() -> Self {
        Self { entries: 4_000_000, name: 4095, stream: 1 << 40, header: 1 << 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_layer_may_grow_to_a_gibibyte_and_a_large_one_by_a_ratio() {
        assert_eq!(Limits::for_compressed(10 << 20).stream, 2000 << 20);
        assert_eq!(Limits::for_compressed(0).stream, 1 << 30);
        assert_eq!(Limits::for_compressed(u64::MAX).stream, u64::MAX);
    }
}
