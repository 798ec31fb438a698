//! The order of the log's files, while they are renamed under our eyes.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::files::{self, Identity, Place};
use crate::packed::{self, Packed};

/// How often to look again when a rotation has come between.
const TRIES: u32 = 100;

/// A file and how far it has been read.
#[derive(Debug)]
pub(super) struct Source {
    content: Content,
    /// Where to read next.
    pub(super) offset: u64,
    /// Where to stop; `u64::MAX` for the end, wherever that will be.
    pub(super) limit: u64,
    /// What the file is, or was before it was packed.
    identity: Identity,
    /// Where it is packed: the packed file's own number, which is no other's as long as it is open.
    packed: Option<Identity>,
}

#[derive(Debug)]
enum Content {
    Plain(File),
    Packed(Packed),
}

impl Source {
    fn new(file: File, is_packed: bool) -> io::Result<Self> {
        let own = Identity::of(&file)?;
        let identity = if is_packed { packed::identity(&file)? } else { own };
        let content = if is_packed { Content::Packed(Packed::new(file)) } else { Content::Plain(file) };
        Ok(Self { content, offset: 0, limit: u64::MAX, identity, packed: is_packed.then_some(own) })
    }

    /// Whether it is the file of that place. One that was opened before it was packed is.
    fn is_at(&self, place: Place, identity: Identity) -> bool {
        match self.packed {
            Some(own) => place.packed == Some(own),
            None => identity == self.identity,
        }
    }

    /// Reads what stands at `offset`; no bytes at the end.
    pub(super) fn read_at(&mut self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            let result = match &mut self.content {
                Content::Plain(file) => file.read_at(out, offset),
                Content::Packed(packed) => packed.read_at(out, offset),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// The length of a file that can still grow.
    fn length(&self) -> io::Result<u64> {
        match &self.content {
            Content::Plain(file) => Ok(file.metadata()?.len()),
            Content::Packed(_) => Ok(u64::MAX),
        }
    }

    /// Whether its end can be found without reading all of it.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.content, Content::Plain(_))
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
        let opened = before.iter().rev().map(|&(place, identity)| open(path, place, identity));
        let opened: Option<VecDeque<_>> = opened.collect::<io::Result<_>>()?;
        // Where nothing was renamed between the two looks, each name was what it seemed.
        if let Some(mut sources) = opened.filter(|_| files::list(path).is_ok_and(|after| after == before)) {
            for source in &mut sources {
                source.limit = source.length()?;
            }
            return Ok(sources);
        }
    }
    Err(io::Error::other(format!("read log {}: it is rotated faster than it can be opened", path.display())))
}

/// Looks for what follows `current`.
pub(super) fn after(path: &Path, current: Option<&Source>) -> io::Result<Next> {
    if let Some(current) = current.filter(|current| current.is_plain())
        && files::current(path)? == Some(current.identity)
    {
        // By far the most frequent: nothing was rotated.
        return if_emptied(current);
    }
    for _ in 0..TRIES {
        let before = files::list(path)?;
        let here =
            current.and_then(|current| before.iter().position(|&(place, identity)| current.is_at(place, identity)));
        let next = match (current, here) {
            (Some(current), Some(0)) => return if_emptied(current),
            (_, Some(place)) => before.get(place - 1),
            // Ours is gone (or there never was one): the oldest that is left comes next.
            (_, None) => before.last(),
        };
        let Some(&(place, identity)) = next else { return Ok(Next::Same) };
        let opened = open(path, place, identity)?;
        if let Some(next) = opened.filter(|_| files::list(path).is_ok_and(|after| after == before)) {
            return Ok(Next::File { next, gap: current.is_some() && here.is_none() });
        }
    }
    Ok(Next::Same)
}

fn if_emptied(current: &Source) -> io::Result<Next> {
    let length = current.length()?;
    Ok(if length < current.offset { Next::Emptied } else { Next::Same })
}

/// Opens a file if it is (still) the one that `identity` names.
fn open(path: &Path, place: Place, identity: Identity) -> io::Result<Option<Source>> {
    match File::open(place.name(path)) {
        Ok(file) => {
            Source::new(file, place.packed.is_some()).map(|source| (source.identity == identity).then_some(source))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
