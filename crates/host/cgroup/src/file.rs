//! Reading and writing the small files of a control group.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;

use crate::Error;

/// Longer than any file read here but `cgroup.procs`.
const BUFFER: usize = 4096;

/// Writes `value` in one write(2), as the kernel wants it.
pub(crate) fn write(path: &Path, value: &str) -> Result<(), Errno> {
    put(&open(path)?, value)
}

/// Opens a file for writing.
pub(crate) fn open(path: &Path) -> Result<OwnedFd, Errno> {
    fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
}

/// Writes `value` in one write(2) into an open file.
pub(crate) fn put(file: &OwnedFd, value: &str) -> Result<(), Errno> {
    rustix::io::write(file, value.as_bytes()).map(drop)
}

/// Reads the first 4 KiB.
pub(crate) fn read(path: &Path) -> Result<String, Errno> {
    let file = fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut buffer = [0; BUFFER];
    let length = rustix::io::read(file, &mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// The number behind `key` in a flat keyed file.
pub(crate) fn keyed(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// Process ids, one on each line; 0 stands for one outside this PID namespace and is left out.
pub(crate) fn pids(path: &Path) -> Result<Vec<i32>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(|line| line.parse().ok()).filter(|&pid| pid > 0).collect()),
        Err(error) if gone(&error) => Ok(Vec::new()),
        Err(error) => Err(Error::io("read", path, error)),
    }
}

/// Whether the group went away meanwhile.
pub(crate) fn gone(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NODEV))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_values_are_found_by_whole_keys() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(keyed(text, "oom_kill"), Some(3));
        assert_eq!(keyed(text, "oom"), None);
    }
}
