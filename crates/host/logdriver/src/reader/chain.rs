//! The order of the log's files, while they are renamed under our eyes.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::Path;

use crate::files::{self, Identity};

/// How often to look again when a rotation has come between.
const TRIES: u32 = 100;

/// A file and how far it has been read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: File,
    /// Where to read next.
    pub(super) offset: u64,
    /// Where to stop; `u64::MAX` for the end, wherever that will be.
    pub(super) limit: u64,
    identity: Identity,
}

impl Source {
    fn new(file: File) -> io::Result<Self> {
        let identity = Identity::of(&file)?;
        Ok(Self { file, offset: 0, limit: u64::MAX, identity })
    }

    /// How many bytes may be read at most.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.offset)
    }
}

/// What comes after a file that was read to its end.
#[derive(Debug)]
pub(super) enum Next {
    /// It is still the newest.
    Same,
    /// It was cut to less than what we have read: somebody emptied it.
    Emptied,
    /// The next newer file.
    File {
        /// That file.
        next: Source,
        /// Whether files between were rotated away.
        gap: bool,
    },
}

/// Opens all files, oldest first, each up to its present end.
pub(super) fn snapshot(path: &Path) -> io::Result<VecDeque<Source>> {
    for _ in 0..TRIES {
        let before = files::list(path)?;
        let opened = before.iter().rev().map(|&(age, identity)| open(path, age, identity));
        let opened: Option<VecDeque<_>> = opened.collect::<io::Result<_>>()?;
        // Where nothing was renamed between the two looks, each name was what it seemed.
        if let Some(mut sources) = opened.filter(|_| files::list(path).is_ok_and(|after| after == before)) {
            for source in &mut sources {
                source.limit = source.file.metadata()?.len();
            }
            return Ok(sources);
        }
    }
    Err(io::Error::other(format!("read log {}: it is rotated faster than it can be opened", path.display())))
}

/// Looks for what follows `current`.
pub(super) fn after(path: &Path, current: Option<&Source>) -> io::Result<Next> {
    for _ in 0..TRIES {
        let before = files::list(path)?;
        let here = current.and_then(|current| before.iter().position(|&(_, identity)| identity == current.identity));
        let next = match (current, here) {
            (Some(current), Some(0)) => return if_emptied(current),
            (_, Some(place)) => before.get(place - 1),
            // Ours is gone (or there never was one): the oldest that is left comes next.
            (_, None) => before.last(),
        };
        let Some(&(age, identity)) = next else { return Ok(Next::Same) };
        let opened = open(path, age, identity)?;
        if let Some(next) = opened.filter(|_| files::list(path).is_ok_and(|after| after == before)) {
            return Ok(Next::File { next, gap: current.is_some() && here.is_none() });
        }
    }
    Ok(Next::Same)
}

fn if_emptied(current: &Source) -> io::Result<Next> {
    let length = current.file.metadata()?.len();
    Ok(if length < current.offset { Next::Emptied } else { Next::Same })
}

/// Opens the file of age `age` if it is (still) the one that `identity` names.
fn open(path: &Path, age: u32, identity: Identity) -> io::Result<Option<Source>> {
    match File::open(files::name(path, age)) {
        Ok(file) => Source::new(file).map(|source| (source.identity == identity).then_some(source)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
