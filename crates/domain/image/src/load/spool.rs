//! The files of an archive, put aside.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use archive::{Codec, Kind, Limits, Reader};
use content::Staged;
use fault::{Fault, Result, Step};
use names::{Algorithm, Digest};

use super::missing;
use crate::document;
use crate::images::Shared;

/// Files that an archive may have.
const MOST_FILES: u64 = 100_000;
/// Links that may lead to one another.
const MOST_LINKS: usize = 8;
/// The files of an archive by their names in it. Dropped, they are removed.
pub(super) struct Spool {
    files: HashMap<Vec<u8>, File>,
    links: HashMap<Vec<u8>, Vec<u8>>,
}

/// One file.
pub(super) struct File(Staged);

impl File {
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    pub fn digest(&self) -> &Digest {
        self.0.digest()
    }

    pub fn open(&self) -> Result<std::fs::File> {
        self.0.reader().step("load")
    }
}

impl Spool {
    /// The file of a name, also where the name is a link to it.
    pub fn get(&self, path: &str) -> Option<&File> {
        let mut path = clean(path.as_bytes())?;
        for _ in 0..MOST_LINKS {
            match self.links.get(&path) {
                Some(target) => path.clone_from(target),
                None => return self.files.get(&path),
            }
        }
        None
    }

    /// A small file as text.
    pub fn text(&self, path: &str, limit: usize) -> Result<String> {
        let file = self.get(path).ok_or_else(|| missing(path))?;
        if file.size() > limit as u64 {
            return Err(Fault::invalid(format!("{path:?} has more than the {limit} bytes that are allowed")));
        }
        let mut bytes = Vec::new();
        file.open()?.take(limit as u64).read_to_end(&mut bytes).step(format_args!("read {path:?}"))?;
        document::text(path, bytes)
    }
}

impl Shared {
    /// Puts the files of an archive aside.
    pub(super) fn spool(&self, source: impl Read + Send) -> Result<Spool> {
        let decoder = Codec::decode(BufReader::with_capacity(256 << 10, source)).step("load")?;
        let limits = Limits { entries: MOST_FILES, ..Limits::default() };
        let mut archive = Reader::new(BufReader::with_capacity(256 << 10, decoder), limits);
        let mut spool = Spool { files: HashMap::new(), links: HashMap::new() };
        while let Some(entry) = archive.next_entry().step("load")? {
            let Some(path) = clean(&entry.path) else { continue };
            match entry.kind {
                Kind::File => {
                    let file = self.put_aside(&mut archive)?;
                    spool.files.insert(path, file);
                }
                Kind::Symlink => {
                    let above = path.iter().rposition(|byte| *byte == b'/').map_or(&[][..], |at| &path[..at]);
                    let target = clean(&[above, b"/", &entry.link].concat());
                    spool.links.extend(target.map(|target| (path.clone(), target)));
                }
                Kind::Hardlink => spool.links.extend(clean(&entry.link).map(|target| (path, target))),
                _ => {}
            }
        }
        archive.drain().step("load")?;
        Ok(spool)
    }

    fn put_aside<R: BufRead>(&self, archive: &mut Reader<R>) -> Result<File> {
        let failed = |error: content::Error| self.explain(error.is_disk_full(), &error);
        let mut ingest = self.blobs.ingest(Algorithm::Sha256).map_err(failed)?;
        loop {
            let data = archive.data().step("load")?;
            if data.is_empty() {
                return Ok(File(ingest.end()));
            }
            let amount = data.len();
            ingest.append(data).map_err(failed)?;
            archive.advance(amount).step("load")?;
        }
    }
}

/// A name without `.`, `..` and doubled slashes; `None` where it leads out of the archive.
fn clean(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}
