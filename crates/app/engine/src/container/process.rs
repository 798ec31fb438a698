//! A process of a container, held so that a later one with its number is never taken for it.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use fault::{Fault, Result, Step};
use rustix::fs::{Mode, OFlags, openat};

/// A process by its folder in procfs: when it has ended nothing can be opened in it any more, whoever has its number.
#[derive(Debug)]
pub struct Process {
    folder: OwnedFd,
}

impl Process {
    /// Opens the process that was noted.
    ///
    /// # Errors
    /// `Conflict` where it has ended.
    pub fn open(noted: shim_proto::Process) -> Result<Self> {
        let ended = || Fault::conflict(format!("process {} has ended", noted.pid));
        let path = format!("/proc/{}", noted.pid);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&path, flags, Mode::empty()).map_err(|_| ended())?;
        let process = Self { folder };
        let stat = process.read("stat").map_err(|_| ended())?;
        if start_time(&stat) == Some(noted.start_time) { Ok(process) } else { Err(ended()) }
    }

    /// Reads a file of procfs about it: proc(5).
    pub fn read(&self, name: &str) -> Result<String> {
        let at = |what: &str| format!("{what} /proc/<pid>/{name}");
        let mut file = File::from(self.file(name, OFlags::RDONLY).step(at("open"))?);
        let mut text = String::new();
        file.read_to_string(&mut text).step(at("read"))?;
        Ok(text)
    }

    /// Opens a file of procfs about it; magic links are followed.
    pub fn file(&self, name: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        openat(&self.folder, name, flags | OFlags::CLOEXEC, Mode::empty())
    }
}

/// Field 22 of `/proc/<pid>/stat`: proc_pid_stat(5). The name in field 2 may hold anything.
fn start_time(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_with_the_number_is_told_apart() {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let pid = std::process::id().cast_signed();
        let start_time = start_time(&stat).unwrap();
        let own = Process::open(shim_proto::Process { pid, start_time }).unwrap();
        assert!(own.read("status").unwrap().contains("Umask"));
        let other = Process::open(shim_proto::Process { pid, start_time: start_time - 1 });
        assert_eq!(other.unwrap_err().kind(), fault::Kind::Conflict);
        assert_eq!(super::start_time("1 (a) b) S 0 1 1 0 -1 4 1 2 3 4 5 6 7 8 9 10 11 0 77 8"), Some(77));
    }
}
