//! Finds where the last records begin, from the end backwards.

use std::collections::VecDeque;
use std::io;

use super::BLOCK;
use super::chain::Source;

/// Drops the files, and moves the offset of the oldest one left, so that `count` records remain.
pub(super) fn keep_last(sources: &mut VecDeque<Source>, count: u64) -> io::Result<()> {
    let mut wanted = count;
    for index in (0..sources.len()).rev() {
        let source = &mut sources[index];
        match last_lines(source, wanted)? {
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
fn last_lines(source: &mut Source, wanted: u64) -> io::Result<Found> {
    if !source.is_plain() {
        return last_lines_forwards(source, wanted);
    }
    let mut block = vec![0; BLOCK];
    let (mut newlines, mut at) = (0, source.limit);
    while at > 0 {
        let length = at.min(BLOCK as u64);
        at -= length;
        let block = &mut block[..length as usize];
        read_exact_at(source, block, at)?;
        for place in memchr::memrchr_iter(b'\n', block) {
            if newlines == wanted {
                return Ok(Found::Offset(at + place as u64 + 1));
            }
            newlines += 1;
        }
    }
    Ok(if newlines == wanted && wanted > 0 { Found::Offset(0) } else { Found::Only(newlines) })
}

/// The same for text that can be read in one direction only: counted first, then found.
fn last_lines_forwards(source: &mut Source, wanted: u64) -> io::Result<Found> {
    let mut count = 0;
    each_newline(source, |_| {
        count += 1;
        false
    })?;
    if wanted == 0 || count < wanted {
        return Ok(if wanted == 0 { Found::Offset(u64::MAX) } else { Found::Only(count) });
    }
    let mut unwanted = count - wanted;
    if unwanted == 0 {
        return Ok(Found::Offset(0));
    }
    let mut offset = 0;
    each_newline(source, |at| {
        unwanted -= 1;
        offset = at + 1;
        unwanted == 0
    })?;
    Ok(Found::Offset(offset))
}

/// Calls `found` with the place of each newline until it says that it is enough.
fn each_newline(source: &mut Source, mut found: impl FnMut(u64) -> bool) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    loop {
        let count = source.read_at(&mut block, at)?;
        if count == 0 || memchr::memchr_iter(b'\n', &block[..count]).any(|place| found(at + place as u64)) {
            return Ok(());
        }
        at += count as u64;
    }
}

fn read_exact_at(source: &mut Source, mut out: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !out.is_empty() {
        match source.read_at(out, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                out = &mut out[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}
