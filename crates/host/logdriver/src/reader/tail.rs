//! Finds where the last records begin, from the end backwards.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::BLOCK;
use super::chain::Source;

/// Drops the files, and moves the offset of the oldest one left, so that `count` records remain.
pub(super) fn keep_last(sources: &mut VecDeque<Source>, count: u64) -> io::Result<()> {
    let mut wanted = count;
    for index in (0..sources.len()).rev() {
        let source = &mut sources[index];
        match last_lines(&source.file, source.limit, wanted)? {
            Found::Offset(offset) => {
                source.offset = offset;
                sources.drain(..index);
                return Ok(());
            }
            Found::Only(lines) => wanted -= lines,
        }
    }
    Ok(())
}

/// Where the wanted lines begin, or how many the whole file has (fewer).
enum Found {
    Offset(u64),
    Only(u64),
}

/// A line counts when it has its newline; what follows the last newline belongs to what is read in any case.
fn last_lines(file: &File, end: u64, wanted: u64) -> io::Result<Found> {
    let mut block = vec![0; BLOCK];
    let (mut newlines, mut at) = (0, end);
    while at > 0 {
        let length = at.min(BLOCK as u64);
        at -= length;
        let block = &mut block[..length as usize];
        file.read_exact_at(block, at)?;
        for place in memchr::memrchr_iter(b'\n', block) {
            if newlines == wanted {
                return Ok(Found::Offset(at + place as u64 + 1));
            }
            newlines += 1;
        }
    }
    Ok(if newlines == wanted && wanted > 0 { Found::Offset(0) } else { Found::Only(newlines) })
}
