//! Finds a container's user in its own `/etc/passwd` and `/etc/group`.
//!
//! The files are the container's word: they are opened without leaving its root (openat2(2)), may be anything, and only
//! regular files of a bounded size are read.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use container::users::{self, Resolved};
use fault::{Fault, Result};
use image::Layers;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat};
use rustix::io::Errno;
use sys::path::resolve;

/// Larger account files are refused.
const LARGEST: u64 = 8 << 20;

/// Resolves the user of a container that does not run, from its layers.
pub fn find(layers: &Layers, user: &str, extra: &[String]) -> Result<Resolved> {
    let passwd = from_layers(layers, "passwd")?;
    let group = from_layers(layers, "group")?;
    users::resolve(user, extra, &passwd, &group)
}

/// Resolves a user in a running container, from its root as its PID 1 sees it.
pub fn find_user(pid: i32, user: &str, extra: &[String]) -> Result<Resolved> {
    let root = open_dir(Path::new(&format!("/proc/{pid}/root")))
        .map_err(|error| Fault::system(format!("open the container's root: {error}")))?;
    let text = |name: &str| match look(root.as_fd(), &format!("etc/{name}")) {
        Ok(Look::Text(text)) => Ok(text),
        Ok(_) => Ok(String::new()),
        Err(error) => Err(Fault::system(format!("read the container's /etc/{name}: {error}"))),
    };
    users::resolve(user, extra, &text("passwd")?, &text("group")?)
}

/// The file as the overlay of the layers shows it: the uppermost wins, a whiteout ends the search.
fn from_layers(layers: &Layers, name: &str) -> Result<String> {
    let failed = |error: io::Error| Fault::system(format!("read the container's /etc/{name}: {error}"));
    for folder in std::iter::once(&layers.upper).chain(&layers.lower) {
        let root = open_dir(folder).map_err(failed)?;
        match look(root.as_fd(), &format!("etc/{name}")).map_err(failed)? {
            Look::Text(text) => return Ok(text),
            Look::Hidden => return Ok(String::new()),
            Look::Absent if hides_etc(root.as_fd()) => return Ok(String::new()),
            Look::Absent => {}
        }
    }
    Ok(String::new())
}

enum Look {
    Text(String),
    /// Deleted here: what is below does not show.
    Hidden,
    Absent,
}

fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

fn look(root: std::os::fd::BorrowedFd<'_>, path: &str) -> io::Result<Look> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let found = match resolve(root, path, flags, ResolveFlags::IN_ROOT) {
        Ok(found) => found,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Look::Absent),
        // A whiteout is a device that has no driver.
        Err(Errno::NXIO | Errno::NODEV) => return Ok(Look::Hidden),
        Err(error) => return Err(error.into()),
    };
    let stat = fstat(&found)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        _ => return Ok(Look::Hidden),
    }
    if u64::try_from(stat.st_size).unwrap_or(u64::MAX) > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is too large"));
    }
    let mut bytes = Vec::new();
    File::from(found).take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Look::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Whether this layer's `etc` hides the ones below: it is opaque, or no directory at all.
fn hides_etc(root: std::os::fd::BorrowedFd<'_>) -> bool {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match resolve(root, "etc", flags, ResolveFlags::IN_ROOT) {
        Ok(etc) => {
            let mut value = [0u8; 1];
            matches!(rustix::fs::fgetxattr(&etc, "trusted.overlay.opaque", &mut value), Ok(1)) && value == *b"y"
        }
        Err(Errno::NOENT) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn layers(folder: &Path) -> Layers {
        for name in ["upper", "a", "b"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        Layers {
            lower: vec![folder.join("a"), folder.join("b")],
            upper: folder.join("upper"),
            work: folder.join("work"),
        }
    }

    #[test]
    fn the_uppermost_file_counts_and_links_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let layers = layers(folder.path());
        fs::create_dir_all(folder.path().join("b/etc")).unwrap();
        fs::write(folder.path().join("b/etc/passwd"), "low:x:7:7::/low:\n").unwrap();
        assert_eq!(find(&layers, "low", &[]).unwrap().user.uid, 7);

        fs::create_dir_all(folder.path().join("a/etc")).unwrap();
        std::os::unix::fs::symlink("/etc/other", folder.path().join("a/etc/passwd")).unwrap();
        fs::write(folder.path().join("a/etc/other"), "mid:x:8:8::/mid:\n").unwrap();
        assert_eq!(find(&layers, "mid", &[]).unwrap().user.uid, 8);
        assert!(find(&layers, "low", &[]).is_err());
    }

    #[test]
    fn a_fifo_or_a_huge_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let layers = layers(folder.path());
        fs::create_dir_all(folder.path().join("upper/etc")).unwrap();
        let passwd = folder.path().join("upper/etc/passwd");
        rustix::fs::mknodat(rustix::fs::CWD, &passwd, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert_eq!(find(&layers, "5", &[]).unwrap().user.uid, 5);
        fs::remove_file(&passwd).unwrap();
        File::create(&passwd).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(find(&layers, "5", &[]).unwrap_err().message().contains("too large"));
    }
}
