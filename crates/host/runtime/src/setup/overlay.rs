//! Overlay file systems, by the new mount API where the kernel gives layers a key each, else by mount(2).

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen,
};

use super::tree;
use crate::Error;
use crate::error::{Step, cause};
use crate::plan::open_directory;

/// fsconfig(2) copies at most 256 bytes of a string, its NUL included: fs/fsopen.c.
const LONGEST_VALUE: usize = 255;

/// Layers under a writable directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overlay<'a> {
    /// The topmost first.
    pub lower: &'a [PathBuf],
    pub upper: &'a Path,
    pub work: &'a Path,
    /// Nothing written through it is ever synced: Documentation/filesystems/overlayfs.rst, "Volatile mount".
    pub volatile: bool,
}

/// Why an overlay could not be mounted.
#[derive(Debug)]
pub(crate) struct Failure {
    /// `EINVAL` is what kernels say that do not know a key, and about much else.
    pub errno: Errno,
    /// The whole message.
    pub error: Error,
}

impl Overlay<'_> {
    /// A mount that is attached nowhere.
    pub fn detached(&self) -> Result<OwnedFd, Failure> {
        let context =
            fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC).map_err(|error| failure(None, self.upper, error))?;
        let fail = |path: &Path, error| failure(Some(&context), path, error);
        fsconfig_set_string(&context, c"source", c"overlay").map_err(|error| fail(self.upper, error))?;
        // Held open until the mount is made, which may be when the kernel looks them up.
        let mut held = Vec::new();
        let lower = self.lower.iter().map(|path| ("lowerdir+", path.as_path()));
        for (key, path) in lower.chain([("upperdir", self.upper), ("workdir", self.work)]) {
            let name = short_name(path, &mut held).map_err(|error| fail(path, error))?;
            fsconfig_set_string(&context, key, &name).map_err(|error| fail(path, error))?;
        }
        if self.volatile {
            fsconfig_set_flag(&context, c"volatile").map_err(|error| fail(self.upper, error))?;
        }
        // Only now do kernels before 6.5 look at any of the layers.
        fsconfig_create(&context).map_err(|error| fail(self.first_missing(), error))?;
        fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
            .map_err(|error| fail(self.upper, error))
    }

    /// A mount that is attached nowhere, with all layers in one string, for kernels before 6.5. About fourteen fit.
    pub fn detached_by_one_string(&self) -> Result<OwnedFd, Error> {
        let mut names = Names::default();
        let mut data = vec![
            ("lowerdir".to_owned(), Some(names.list(self.lower)?)),
            ("upperdir".to_owned(), Some(names.name(self.upper)?)),
            ("workdir".to_owned(), Some(names.name(self.work)?)),
        ];
        data.extend(self.volatile.then(|| ("volatile".to_owned(), None)));
        tree::new_file_system("overlay", Some(Path::new("overlay")), &data, 0)
    }

    /// Mounts it over `point`, with all layers in one page of options: as names of descriptors, so that about 240 fit.
    pub fn mount_over(&self, point: &Path) -> Result<OwnedFd, Error> {
        let overlay = sys::overlay::Overlay {
            lower: self.lower,
            writable: Some((self.upper, self.work)),
            volatile: self.volatile,
        };
        overlay.mount_over(point).step(format_args!("root file system: overlay: `{}`", self.upper.display()))
    }

    /// The first directory that is not there, else the upper one.
    fn first_missing(&self) -> &Path {
        let all = self.lower.iter().map(PathBuf::as_path).chain([self.upper, self.work]);
        all.into_iter().find(|path| rustix::fs::stat(*path).is_err()).unwrap_or(self.upper)
    }
}

/// Short names of directories, without characters that mean something in options; they hold while this lives.
#[derive(Debug, Default)]
struct Names {
    held: Vec<OwnedFd>,
}

impl Names {
    fn name(&mut self, path: &Path) -> Result<String, Error> {
        let fd = open_directory(path)?;
        let name = format!("/proc/self/fd/{}", fd.as_raw_fd());
        self.held.push(fd);
        Ok(name)
    }

    fn list(&mut self, paths: &[PathBuf]) -> Result<String, Error> {
        Ok(paths.iter().map(|path| self.name(path)).collect::<Result<Vec<_>, _>>()?.join(":"))
    }
}

/// The path, or the name of a descriptor for it where it is too long for a string. (Overlayfs takes descriptors
/// themselves from Linux 6.13 on.)
fn short_name(path: &Path, held: &mut Vec<OwnedFd>) -> Result<PathBuf, Errno> {
    if path.as_os_str().len() <= LONGEST_VALUE {
        return Ok(path.to_owned());
    }
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    let name = format!("/proc/self/fd/{}", fd.as_raw_fd());
    held.push(fd);
    Ok(name.into())
}

/// The kernel says `EINVAL` or nothing about a layer that is not there; users want to know which.
fn failure(context: Option<&OwnedFd>, path: &Path, errno: Errno) -> Failure {
    let missing = rustix::fs::stat(path).err();
    let why = match (missing, context) {
        (Some(missing), _) => cause(missing),
        (None, Some(context)) => tree::explain(context, errno),
        (None, None) => cause(errno),
    };
    let error = Error::system(format!("root file system: overlay: `{}`: {why}", path.display()));
    Failure { errno: missing.unwrap_or(errno), error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    use rustix::mount::{UnmountFlags, unmount};

    /// The way for older kernels, shorn of its name space: mounted on the host for a moment.
    #[test]
    fn a_hundred_layers_fit_into_one_page() {
        let top = std::env::temp_dir().join(format!("runtime-overlay-{}", std::process::id()));
        let layer = |number: u32| {
            let path = top.join(format!("a rather long name, with a comma and a : colon {number}"));
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join(number.to_string()), "").unwrap();
            path
        };
        let lower: Vec<_> = (0..100).map(layer).collect();
        let (upper, work, point) = (top.join("upper"), top.join("work"), top.join("point"));
        for path in [&upper, &work, &point] {
            fs::create_dir(path).unwrap();
        }
        let mounted = Overlay { lower: &lower, upper: &upper, work: &work, volatile: false }.mount_over(&point);
        let seen = fs::read_dir(&point).unwrap().count();
        let unmounted = unmount(&point, UnmountFlags::DETACH);
        fs::remove_dir_all(&top).unwrap();
        mounted.unwrap();
        unmounted.unwrap();
        assert_eq!(seen, 100);
    }
}
