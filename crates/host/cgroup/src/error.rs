//! Why a control group could not be made or used.

use std::io;
use std::path::PathBuf;

/// Why a control group could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No hierarchy is mounted.
    #[error("no control group hierarchy is mounted: mount cgroup2 on /sys/fs/cgroup")]
    NotMounted,
    /// The path is empty, has `..` in it, or is of the form that another driver takes.
    #[error("control group path `{path}`: {reason}")]
    Path {
        /// As given.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A group with processes or children is there already.
    #[error("control group `{}` exists and is in use", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A parent is frozen, so that nothing in the group would ever run.
    #[error("control group `{}` is frozen: a process in it would never run", path.display())]
    Frozen {
        /// The directory.
        path: PathBuf,
    },
    /// Some process in a group does not stop.
    #[error("freeze control group `{}`: some process in it does not stop", path.display())]
    Freeze {
        /// The directory.
        path: PathBuf,
    },
    /// A limit was asked for that this kernel or this mount has no file for.
    #[error("{limit}: not supported here: the kernel has no `{file}`")]
    Unsupported {
        /// What was asked for, in the user's words.
        limit: &'static str,
        /// The missing file.
        file: String,
    },
    /// A limit was asked for on a hierarchy where this user may make no group.
    #[error("{limit}: control group `{}` may not be made by this user", path.display())]
    Denied {
        /// What was asked for, in the user's words.
        limit: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// A limit that contradicts itself.
    #[error("{limit}: {reason}")]
    Invalid {
        /// What was asked for, in the user's words.
        limit: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The kernel refused a value.
    #[error("{limit}: write `{value}` to `{}`: {}", path.display(), cause(source))]
    Limit {
        /// What was asked for, in the user's words.
        limit: &'static str,
        /// What was written.
        value: String,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// systemd does not do what it was asked.
    #[error("{action} unit `{unit}`: {reason}")]
    Unit {
        /// What was tried.
        action: &'static str,
        /// The unit's name.
        unit: String,
        /// Why not.
        reason: String,
    },
    /// Another operation failed.
    #[error("{action} `{}`: {}", path.display(), cause(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// Whether the request is at fault, not the host.
    pub fn is_invalid(&self) -> bool {
        !matches!(self, Error::NotMounted | Error::Freeze { .. } | Error::Unit { .. } | Error::Io { .. })
    }

    /// Whether the kernel says that this user may not.
    pub(crate) fn is_denied(&self) -> bool {
        let source = match self {
            Error::Io { source, .. } | Error::Limit { source, .. } => Some(source),
            _ => None,
        };
        source.is_some_and(|source| {
            matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
        })
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        Error::Io { action, path: path.into(), source: source.into() }
    }
}

/// The kernel's words alone, in lower case: `no such file or directory`.
pub(crate) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
