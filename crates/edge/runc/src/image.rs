//! The files of a checkpoint, and what checkpoint and restore tell criu alike.
//!
//! Names and keys are runc's, so that either can restore what the other has written.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use criu::{CgroupMode, Options};
use oci::runtime::{Mount, Spec};
use rustix::fs::{FileType, Mode, OFlags};
use sys::clone::flag;

use crate::error::{Error, Step as _};
use crate::flag::{Flag, switch, value, values};
use crate::parse::Parsed;

/// The flags that checkpoint and restore share.
pub const IMAGE_PATH: Flag =
    value("image-path", "folder of the checkpoint's files; `checkpoint` in the working directory if none is given");
/// Where the logs go.
pub const WORK_PATH: Flag = value("work-path", "folder of criu's logs; that of the files if none is given");
/// For connections.
pub const TCP_ESTABLISHED: Flag = switch("tcp-established", "allow open TCP connections");
/// For sockets.
pub const EXT_UNIX_SK: Flag = switch("ext-unix-sk", "allow unix sockets that lead outside");
/// For terminals.
pub const SHELL_JOB: Flag = switch("shell-job", "allow a session whose leader is outside");
/// For locks.
pub const FILE_LOCKS: Flag = switch("file-locks", "allow locks of files");
/// For memory.
pub const LAZY_PAGES: Flag = switch("lazy-pages", "fetch pages of memory when they are touched (userfaultfd)");
/// For control groups.
pub const MANAGE_CGROUPS: Flag =
    value("manage-cgroups-mode", "what becomes of control groups: soft, full, strict or ignore");
/// For namespaces.
pub const EMPTY_NS: Flag = values("empty-ns", "make this namespace without what was in it: network, as always");
/// For memory.
pub const AUTO_DEDUP: Flag = switch("auto-dedup", "drop from earlier files what is in later ones");

/// Name of the list of what the standard streams were.
const DESCRIPTORS: &str = "descriptors.json";

/// How much criu logs: all.
const LOG_LEVEL: i32 = 4;

/// By these keys namespaces that were joined by path are known.
const JOINED: [(&str, &str, &str); 2] = [("network", "net", "extRootNetNS"), ("pid", "pid", "extRootPidNS")];

/// The folder of the files, and that of the logs.
#[derive(Debug)]
pub struct Images {
    /// The folder of the files, absolute.
    pub path: PathBuf,
    files: OwnedFd,
    work: OwnedFd,
    log: PathBuf,
}

impl Images {
    /// Makes the folders where they are not there, for a checkpoint.
    pub fn make(parsed: &Parsed) -> Result<Self, Error> {
        make(folder(parsed))?;
        parsed.text("work-path").map_or(Ok(()), make)?;
        Self::at(parsed, "dump.log")
    }

    /// Opens the folders, for a restore.
    pub fn open(parsed: &Parsed) -> Result<Self, Error> {
        parsed.text("work-path").map_or(Ok(()), make)?;
        Self::at(parsed, "restore.log")
    }

    /// Opens the folders anew, by the mounts of another namespace: criu works in them.
    pub fn again(&mut self) -> Result<(), Error> {
        let work = self.log.parent().unwrap_or(Path::new("/"));
        (self.files, self.work) = (open(&self.path)?, open(work)?);
        Ok(())
    }

    fn at(parsed: &Parsed, log: &str) -> Result<Self, Error> {
        let path = folder(parsed);
        let path = fs::canonicalize(path).step(format_args!("open the checkpoint's folder `{path}`"))?;
        let work = parsed.text("work-path").map_or_else(|| path.clone(), PathBuf::from);
        let work = std::path::absolute(&work).step(format_args!("find `{}`", work.display()))?;
        Ok(Self { files: open(&path)?, work: open(&work)?, log: work.join(log), path })
    }

    /// What both commands ask for.
    pub fn options(&self, parsed: &Parsed) -> Result<Options, Error> {
        let on = |name: &str| Some(parsed.switch(name));
        let cgroup_mode = match parsed.text("manage-cgroups-mode").unwrap_or("soft") {
            "soft" => CgroupMode::Soft,
            "full" => CgroupMode::Full,
            "strict" => CgroupMode::Strict,
            "ignore" => CgroupMode::Ignore,
            other => {
                return Err(Error::new(format!(
                    "invalid manage-cgroups-mode {other:?}: it is soft, full, strict or ignore"
                )));
            }
        };
        if let Some(other) = parsed.all("empty-ns").find(|name| *name != "network") {
            return Err(Error::new(format!("namespace {other} is not supported: it can be network")));
        }
        Ok(Options {
            images_dir_fd: self.files.as_raw_fd(),
            work_dir_fd: Some(self.work.as_raw_fd()),
            log_level: Some(LOG_LEVEL),
            log_file: self.log.file_name().map(|name| name.to_string_lossy().into_owned()),
            notify_scripts: Some(true),
            orphan_pts_master: Some(true),
            tcp_established: on("tcp-established"),
            ext_unix_sk: on("ext-unix-sk"),
            shell_job: on("shell-job"),
            file_locks: on("file-locks"),
            lazy_pages: on("lazy-pages"),
            auto_dedup: on("auto-dedup"),
            cgroup_mode: Some(cgroup_mode.into()),
            // What is in a network namespace is not the runtime's work, as in runc.
            empty_ns: Some(flag::NEWNET as u32),
            ..Options::default()
        })
    }

    /// criu's own words for a failure, and where there are more.
    pub fn explain(&self, error: criu::Error) -> Error {
        match error {
            criu::Error::Failed { .. } | criu::Error::Ended => {
                let why = criu::last_errors(&self.log).unwrap_or_else(|| one_line(&error));
                Error::new(format!("criu failed: {why}; log file: {}", self.log.display()))
            }
            error => Error::new(one_line(&error)),
        }
    }

    /// Notes what the standard streams of a process are.
    pub fn write_descriptors(&self, pid: i32) -> Result<(), Error> {
        let target = |number: i32| fs::read_link(format!("/proc/{pid}/fd/{number}")).unwrap_or_default();
        let list: Vec<String> = (0..3).map(|number| target(number).to_string_lossy().into_owned()).collect();
        let path = self.path.join(DESCRIPTORS);
        let text = serde_json::to_vec(&list).step("write the list of descriptors")?;
        fs::write(&path, text).step(format_args!("write `{}`", path.display()))
    }

    /// What the standard streams were.
    pub fn descriptors(&self) -> Result<Vec<String>, Error> {
        let path = self.path.join(DESCRIPTORS);
        let step = format!("read `{}`", path.display());
        serde_json::from_slice(&fs::read(&path).step(&step)?).step(step)
    }
}

fn open(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).step(format_args!("open `{}`", path.display()))
}

/// Makes a folder for root alone, with those above it.
fn make(path: &str) -> Result<(), Error> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.step(format_args!("create `{path}`"))
}

fn folder(parsed: &Parsed) -> &str {
    parsed.text("image-path").unwrap_or("checkpoint")
}

fn one_line(error: &criu::Error) -> String {
    let source = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    format!("{error}{source}").trim().replace('\n', "; ")
}

/// The mounts that lead outside the container: where they are, and what is there at a restore. criu makes those of
/// control groups itself.
pub fn outside(spec: &Spec, bundle: &Path) -> Vec<(PathBuf, PathBuf)> {
    let is_bind = |mount: &&Mount| {
        mount.kind.as_deref() == Some("bind")
            || mount.options.iter().any(|option| option == "bind" || option == "rbind")
    };
    let source = |mount: &Mount| bundle.join(mount.source.clone().unwrap_or_default());
    spec.mounts.iter().filter(is_bind).map(|mount| (clean(&mount.destination), source(mount))).collect()
}

fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::from("/");
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(cleaned.pop()),
            std::path::Component::Normal(name) => cleaned.push(name),
            _ => {}
        }
    }
    cleaned
}

/// The files that are masked, by the null device over them: looked at from inside the container's root, whose links lead
/// nowhere else.
pub fn masked(spec: &Spec, pid: i32) -> Result<Vec<PathBuf>, Error> {
    let root = open(Path::new(&format!("/proc/{pid}/root")))?;
    let is_null = |path: &&PathBuf| {
        let found = sys::path::open(&root, path, OFlags::PATH).and_then(rustix::fs::fstat);
        found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice)
    };
    let paths = spec.linux.iter().flat_map(|linux| &linux.masked_paths);
    Ok(paths.filter(is_null).cloned().collect())
}

/// The namespaces that were joined by path: the file of a process's own, the key, and the path.
pub fn joined(spec: &Spec) -> impl Iterator<Item = (&'static str, &'static str, PathBuf)> {
    let namespaces = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    namespaces.filter_map(|namespace| {
        let (_, file, key) = JOINED.into_iter().find(|(kind, ..)| *kind == namespace.kind)?;
        Some((file, key, namespace.path.clone().filter(|path| !path.as_os_str().is_empty())?))
    })
}

/// The number by which criu knows a namespace.
pub fn number(namespace: &Path) -> Result<u64, Error> {
    let found = fs::metadata(namespace).step(format_args!("look at namespace `{}`", namespace.display()))?;
    Ok(found.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_lead_outside() {
        let spec: Spec = serde_json::from_str(
            r#"{"ociVersion":"1.0.2","mounts":[{"destination":"/a/../b/","source":"data","options":["rbind","ro"]},
                {"destination":"/t","type":"tmpfs","source":"tmpfs"},{"destination":"/f","type":"bind","source":"/etc/f"}]}"#,
        )
        .unwrap();
        let expect = [("/b", "/bundle/data"), ("/f", "/etc/f")].map(|(a, b)| (PathBuf::from(a), PathBuf::from(b)));
        assert_eq!(outside(&spec, Path::new("/bundle")), expect);
    }

    #[test]
    fn namespaces_by_path_are_told_apart_from_own_ones() {
        let spec: Spec = serde_json::from_str(
            r#"{"ociVersion":"1.0.2","linux":{"namespaces":[{"type":"pid"},{"type":"network","path":"/n"},{"type":"uts","path":"/u"}]}}"#,
        )
        .unwrap();
        assert_eq!(joined(&spec).collect::<Vec<_>>(), [("net", "extRootNetNS", "/n".into())]);
    }
}
