//! Stops and continues all processes of a group.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::group::{Cgroup, pause};
use crate::{Error, file};

/// How long the kernel may take to stop the last process: one in an uninterruptible sleep stops when it wakes up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a freezer can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Frozen,
    Thawed,
}

impl Cgroup {
    /// Stops all processes in the group, and returns when they have stopped.
    ///
    /// # Errors
    /// [`Error::Unsupported`] without a freezer, [`Error::Freeze`] where some process does not stop; all go on then.
    pub fn freeze(&self) -> Result<(), Error> {
        self.turn(Wish::Frozen).inspect_err(|_| {
            let _ = self.turn(Wish::Thawed);
        })
    }

    /// Lets all processes in the group go on.
    ///
    /// # Errors
    /// As of [`Cgroup::freeze`].
    pub fn thaw(&self) -> Result<(), Error> {
        self.turn(Wish::Thawed)
    }

    fn turn(&self, wish: Wish) -> Result<(), Error> {
        let freezer = self.paths().iter().find_map(|path| Freezer::of(path));
        let freezer = freezer.ok_or(Error::Unsupported { limit: "freezing", file: "freezer.state".to_owned() })?;
        let begun = Instant::now();
        for attempt in 0.. {
            // Version 1 may have to be told again: a process that is forked meanwhile is not frozen
            // (freezer-subsystem.rst).
            freezer.tell(wish)?;
            if freezer.is(wish) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                break;
            }
            pause(attempt);
        }
        Err(Error::Freeze { path: freezer.directory() })
    }
}

/// The file that stops a group.
enum Freezer {
    V1(PathBuf),
    V2(PathBuf),
}

impl Freezer {
    fn of(directory: &Path) -> Option<Self> {
        let has = |name: &str| directory.join(name).exists();
        if has("freezer.state") {
            return Some(Freezer::V1(directory.to_owned()));
        }
        // The unified half of a hybrid host holds the processes, too, and would do; but there version 1 comes first.
        has("cgroup.freeze").then(|| Freezer::V2(directory.to_owned()))
    }

    fn directory(&self) -> PathBuf {
        match self {
            Freezer::V1(directory) | Freezer::V2(directory) => directory.clone(),
        }
    }

    fn tell(&self, wish: Wish) -> Result<(), Error> {
        let (name, text) = match (self, wish) {
            (Freezer::V1(_), Wish::Frozen) => ("freezer.state", "FROZEN"),
            (Freezer::V1(_), Wish::Thawed) => ("freezer.state", "THAWED"),
            (Freezer::V2(_), Wish::Frozen) => ("cgroup.freeze", "1"),
            (Freezer::V2(_), Wish::Thawed) => ("cgroup.freeze", "0"),
        };
        let path = self.directory().join(name);
        file::write(&path, text).map_err(|error| Error::io("write", path, error))
    }

    fn is(&self, wish: Wish) -> bool {
        let frozen = match self {
            Freezer::V1(directory) => {
                file::read(&directory.join("freezer.state")).is_ok_and(|state| state.trim() == "FROZEN")
            }
            Freezer::V2(directory) => {
                let events = file::read(&directory.join("cgroup.events")).unwrap_or_default();
                file::keyed(&events, "frozen") == Some(1)
            }
        };
        frozen == (wish == Wish::Frozen)
    }
}
