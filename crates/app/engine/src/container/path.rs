//! A path in a container's root, by the rules of `docker cp`.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use api::container::PathStat;
use fault::{Fault, Kind, Result};
use rustix::fs::{AtFlags, FileType, OFlags, Stat, statat};
use rustix::io::Errno;

use crate::clock;

/// A path as it was asked for: absolute, without `.` and `..`, and without links having been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The path, from the root without a slash in front.
    pub path: PathBuf,
    /// Its last component as the user sees it: `.` where it was written so, `/` for the root.
    pub name: String,
    /// Whether it ended with a slash or a dot: then a link is followed, and it must be a directory.
    pub is_directory: bool,
}

impl Wanted {
    /// Reads the path of a request.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Fault::invalid("bad parameter: path cannot be empty"));
        }
        if text.contains('\0') {
            return Err(Fault::invalid("bad parameter: path contains NUL"));
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let ends_with_dot = text == "." || text.ends_with("/.");
        let name = match parts.last() {
            _ if ends_with_dot => ".",
            Some(last) => last,
            None => "/",
        };
        let is_directory = ends_with_dot || text.ends_with('/') || parts.is_empty();
        Ok(Self { path: parts.join("/").into(), name: name.to_owned(), is_directory })
    }
}

/// A path that was found.
#[derive(Debug)]
pub struct Found {
    /// The directory that holds it.
    pub parent: OwnedFd,
    /// Its name there; `.` for the directory itself.
    pub child: Vec<u8>,
    /// What it is.
    pub stat: Stat,
}

impl Found {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::Directory
    }
}

/// Finds a path. Links on the way are followed inside the root, the last component only where it is to be a directory.
///
/// # Errors
/// `NotFound` in Docker's words; `target` is how the user calls the container.
pub fn find(root: BorrowedFd<'_>, wanted: &Wanted, text: &str, target: &str) -> Result<Found> {
    let not_found = |error: Errno| match error {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG => {
            Fault::not_found(format!("Could not find the file {text} in container {target}"))
        }
        error => Fault::from_error(Kind::System, &std::io::Error::from(error)).at(format_args!("look at {text}")),
    };
    let (parent, child) = match (wanted.path.parent(), wanted.path.file_name()) {
        (Some(parent), Some(child)) if !wanted.is_directory => (parent, child.as_bytes()),
        _ => (wanted.path.as_path(), &b"."[..]),
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let parent = sys::path::open(root, parent, OFlags::PATH | OFlags::DIRECTORY).map_err(not_found)?;
    let stat = statat(&parent, OsStr::from_bytes(child), AtFlags::SYMLINK_NOFOLLOW).map_err(not_found)?;
    Ok(Found { parent, child: child.to_owned(), stat })
}

/// Tells what was found.
pub fn describe(root: BorrowedFd<'_>, wanted: &Wanted, found: &Found) -> PathStat {
    let stat = &found.stat;
    let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let target = link.then(|| sys::path::follow(root, &wanted.path).ok()).flatten();
    let nanoseconds = stat.st_mtime.saturating_mul(1_000_000_000).saturating_add_unsigned(stat.st_mtime_nsec);
    PathStat {
        name: wanted.name.clone(),
        size: stat.st_size,
        mode: go_mode(stat.st_mode),
        mtime: clock::rfc3339(Some(nanoseconds)),
        link_target: target.map(|target| format!("/{}", target.display())).unwrap_or_default(),
    }
}

/// Go's form of a mode: the package `io/fs`.
fn go_mode(mode: u32) -> u32 {
    let kind = match FileType::from_raw_mode(mode) {
        FileType::Directory => PathStat::DIRECTORY,
        FileType::Symlink => PathStat::SYMLINK,
        FileType::BlockDevice => PathStat::DEVICE,
        FileType::CharacterDevice => PathStat::DEVICE | PathStat::CHARACTERS,
        FileType::Fifo => PathStat::FIFO,
        FileType::Socket => PathStat::SOCKET,
        _ => 0,
    };
    let special = [(0o4000, PathStat::SETUID), (0o2000, PathStat::SETGID), (0o1000, PathStat::STICKY)];
    let bits = special.iter().filter(|(bit, _)| mode & bit != 0).map(|(_, go)| go);
    bits.fold(kind | mode & 0o777, |all, bit| all | bit)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::{fs, io};

    use super::*;

    #[test]
    fn paths_are_cleaned_and_their_ends_mean_something() {
        for (text, path, name, is_directory) in [
            ("/d/f", "d/f", "f", false),
            ("d/f", "d/f", "f", false),
            ("/d/", "d", "d", true),
            ("/d/.", "d", ".", true),
            ("/d/../e", "e", "e", false),
            ("/../../e", "e", "e", false),
            ("/", "", "/", true),
            (".", "", ".", true),
            ("/d/..", "", "/", true),
        ] {
            let expect = Wanted { path: path.into(), name: name.into(), is_directory };
            assert_eq!(Wanted::parse(text).unwrap(), expect, "{text}");
        }
        assert!(Wanted::parse("").is_err() && Wanted::parse("a\0b").is_err());
    }

    #[test]
    fn modes_are_go_s() {
        assert_eq!(go_mode(0o104_755), 8_389_101);
        assert_eq!(go_mode(0o040_755), 2_147_484_141);
        assert_eq!(go_mode(0o120_777), 134_218_239);
        assert_eq!(go_mode(0o041_777), PathStat::DIRECTORY | PathStat::STICKY | 0o777);
        assert_eq!(go_mode(0o020_666), PathStat::DEVICE | PathStat::CHARACTERS | 0o666);
    }

    #[test]
    fn links_lead_nowhere_but_below_the_root() -> io::Result<()> {
        let top = tempfile::tempdir()?;
        let root = top.path().join("root");
        fs::create_dir_all(root.join("d/sub"))?;
        fs::write(root.join("d/f"), "hi")?;
        fs::set_permissions(root.join("d/f"), fs::Permissions::from_mode(0o640))?;
        fs::write(top.path().join("secret"), "outside")?;
        for (target, name) in
            [("/d", "l"), ("f", "d/rel"), ("/nosuch/x", "dangling"), ("../../secret", "out"), ("loop", "loop")]
        {
            symlink(target, root.join(name))?;
        }
        let file = fs::File::open(&root)?;
        let look = |text: &str| {
            let wanted = Wanted::parse(text).unwrap();
            find(file.as_fd(), &wanted, text, "web").map(|found| describe(file.as_fd(), &wanted, &found))
        };
        let ok = |text: &str| look(text).unwrap();
        assert_eq!((ok("/d/f").size, ok("/d/f").mode, ok("/d/f").link_target.as_str()), (2, 0o640, ""));
        assert_eq!((ok("/l").mode & PathStat::SYMLINK, ok("/l").link_target.as_str()), (PathStat::SYMLINK, "/d"));
        assert_eq!((ok("/l/").name.as_str(), ok("/l/").mode & PathStat::DIRECTORY), ("l", PathStat::DIRECTORY));
        assert_eq!(ok("/l/f").size, 2);
        assert_eq!((ok("/d/rel").link_target, ok("/dangling").link_target), ("/d/f".into(), "/nosuch/x".into()));
        assert_eq!(ok("/out").link_target, "/secret");
        assert_eq!(ok("/loop").link_target, "");
        for missing in ["/nosuch", "/nosuch/x", "/d/f/", "/d/f/x", "/out/", "/loop/"] {
            assert_eq!(look(missing).unwrap_err().kind(), Kind::NotFound, "{missing}");
        }
        let message = look("/nosuch").unwrap_err();
        assert_eq!(message.message(), "Could not find the file /nosuch in container web");
        Ok(())
    }
}
