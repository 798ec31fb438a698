//! One line as a record.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::entry::{Entry, Stream};
use crate::stamp;

/// No record is longer, in bytes: 16 KiB of text, each byte escaped by six, and ample attributes.
pub(super) const LONGEST: usize = 1 << 20;

/// How every record begins. Within a record it cannot occur, since quotes are escaped there.
const START: &[u8] = br#"{"log":""#;

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    log: Cow<'a, str>,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(default)]
    number: Option<u64>,
    #[serde(default)]
    attrs: BTreeMap<String, String>,
}

/// What a line turned out to be.
#[derive(Debug)]
pub(super) enum Read {
    /// A record.
    Whole(Entry),
    /// That many bytes of something else, and then perhaps a record.
    After(usize),
    /// No record.
    Broken,
}

/// Reads a line without its newline.
pub(super) fn read(line: &[u8]) -> Read {
    if let Some(entry) = parse(line) {
        return Read::Whole(entry);
    }
    // A half-written record with a whole one behind it, where a crash has eaten what was between.
    let starts = memchr::memmem::find_iter(line, START).filter(|&at| at > 0);
    starts.map(Read::After).next().unwrap_or(Read::Broken)
}

/// How many bytes to drop of a line that is too long: all before the last beginning of a record, or nearly all.
pub(super) fn last_start(text: &[u8]) -> usize {
    match memchr::memmem::rfind(text, START) {
        None | Some(0) => text.len() - (START.len() - 1),
        Some(at) => at,
    }
}

fn parse(line: &[u8]) -> Option<Entry> {
    let record: Record<'_> = serde_json::from_slice(line).ok()?;
    Some(Entry {
        time: stamp::parse(&record.time)?,
        stream: Stream::from_name(&record.stream)?,
        line: record.log.into_owned().into_bytes(),
        number: record.number,
        attrs: record.attrs,
    })
}
