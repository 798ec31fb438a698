//! How far a container's log was brought to its receiver, on disk beside the container's other files.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use container::record::Record;
use logsink::Assembler;
use serde::{Deserialize, Serialize};

use crate::inner::Inner;

/// The last record that was taken.
///
/// Written after the records were sent. So a daemon that is killed between the two sends some of them twice, and none
/// never; it is not synced, since a power cut takes the log's own end with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Its number; 0 before the first.
    pub(crate) number: u64,
    /// How many records were lost on the way so far.
    #[serde(default)]
    pub(crate) lost: u64,
    /// The long lines of which it was a piece.
    #[serde(default)]
    pub(crate) assembler: Assembler,
}

impl Cursor {
    /// Where a container's cursor is.
    pub(crate) fn path(engine: &Inner, record: &Record) -> PathBuf {
        engine.container_dir(&record.id).join("forwarded.json")
    }

    /// A container's cursor. One that cannot be read is at the beginning: twice is better than never.
    pub(crate) fn read(engine: &Inner, record: &Record) -> Self {
        Self::load(&Self::path(engine, record))
    }

    pub(crate) fn load(path: &Path) -> Self {
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes it in place of the one before.
    pub(crate) fn save(&self, path: &Path) -> std::io::Result<()> {
        let new = path.with_extension("new");
        File::create(&new)?.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(&new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_broken_is_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("forwarded.json");
        assert_eq!(Cursor::load(&path), Cursor::default());
        let cursor = Cursor { number: 7, lost: 2, assembler: Assembler::default() };
        cursor.save(&path).unwrap();
        assert_eq!(Cursor::load(&path), cursor);
        fs::write(&path, "{\"number\":").unwrap();
        assert_eq!(Cursor::load(&path).number, 0);
        cursor.save(&path).unwrap();
        assert_eq!(Cursor::load(&path), cursor);
    }
}
