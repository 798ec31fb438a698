//! The bundle directory: orders in, state out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shim_proto::{ExitPlan, ExitRecord, Launch, State, file};

use super::refusal::{Refusal, Step};

/// The complaints' file does not grow further, in bytes.
const LOG_LIMIT: u64 = 1 << 20;

/// The directory that the daemon has made for this container.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    path: PathBuf,
}

impl Bundle {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn launch(&self) -> Result<Launch, Refusal> {
        self.read(file::LAUNCH)
    }

    pub(crate) fn spec(&self) -> Result<oci::runtime::Spec, Refusal> {
        self.read(file::CONFIG)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, Refusal> {
        let path = self.path.join(name);
        let text = fs::read(&path).step(format_args!("read {}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| Refusal::invalid(format!("read {}: {error}", path.display())))
    }

    pub(crate) fn write_state(&self, state: &State) -> Result<(), Refusal> {
        let path = self.path.join(file::STATE);
        write_whole(&path, state, false).step(format_args!("write {}", path.display()))
    }

    /// Opens the socket for the owner alone. The bundle's path may be longer than a socket's address can be.
    pub(crate) fn listen(&self) -> Result<UnixListener, Refusal> {
        let bind = || {
            let directory = File::open(&self.path)?;
            self.remove_socket()?;
            let mask = rustix::process::umask(Mode::from_raw_mode(0o177));
            let name = format!("/proc/self/fd/{}/{}", directory.as_raw_fd(), file::SOCKET);
            let listener = UnixListener::bind(name);
            rustix::process::umask(mask);
            let listener = listener?;
            listener.set_nonblocking(true)?;
            Ok::<_, io::Error>(listener)
        };
        bind().step(format_args!("listen on {}", self.path.join(file::SOCKET).display()))
    }

    pub(crate) fn remove_socket(&self) -> io::Result<()> {
        match fs::remove_file(self.path.join(file::SOCKET)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes the exit record to its place, or else (a full disk) into the bundle.
    pub(crate) fn write_exit(&self, plan: &ExitPlan, record: &ExitRecord) {
        let Err(error) = write_whole(&plan.path, record, plan.sync) else { return };
        self.complain(format_args!("write {}: {error}; it is in the bundle instead", plan.path.display()));
        if let Err(error) = write_whole(&self.path.join(file::EXIT), record, plan.sync) {
            self.complain(format_args!("write {} {record:?}: {error}", file::EXIT));
        }
    }

    /// Adds a line to the complaints. Failing that there is nobody left to tell.
    pub(crate) fn complain(&self, what: impl std::fmt::Display) {
        let log = OpenOptions::new().create(true).append(true).open(self.path.join(file::LOG));
        let _ = log.and_then(|mut log| {
            let full = log.metadata()?.len() >= LOG_LIMIT;
            if full { Ok(()) } else { log.write_all(format!("{} {what}\n", super::clock::now()).as_bytes()) }
        });
    }
}

/// Writes a file so that readers see the old one or the whole new one; after a crash too, where `sync` is set and the
/// call had returned. A power cut in the middle of it may leave an empty file of the name: nobody was told of it yet.
fn write_whole(path: &Path, content: &impl Serialize, sync: bool) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let result = write_and_rename(Path::new(&fresh), path, content, sync);
    if result.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    result
}

/// Syncs after the rename, so that one commit of the file system's journal takes both: syncing the directory has nothing
/// left to do then where the file system has such a journal, and is what makes the name durable where it has none.
fn write_and_rename(fresh: &Path, path: &Path, content: &impl Serialize, sync: bool) -> io::Result<()> {
    let mut file = File::create(fresh)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    fs::rename(fresh, path)?;
    match path.parent() {
        Some(parent) if sync => {
            file.sync_all()?;
            File::open(parent)?.sync_all()
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_socket_is_the_owner_s_alone_and_may_have_a_long_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x".repeat(150));
        fs::create_dir(&path).unwrap();
        fs::write(path.join(file::SOCKET), "left behind").unwrap();
        let bundle = Bundle::new(path.clone());
        let _listener = bundle.listen().unwrap();
        assert_eq!(fs::metadata(path.join(file::SOCKET)).unwrap().permissions().mode() & 0o777, 0o600);
        bundle.remove_socket().unwrap();
        bundle.remove_socket().unwrap();
        assert_eq!(fs::read_dir(path).unwrap().count(), 0);
    }

    #[test]
    fn a_record_that_finds_no_place_goes_into_the_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = Bundle::new(dir.path().to_owned());
        let record = ExitRecord { exit_code: 3, oom_killed: false, exited_at: 1, started_at: None, error: None };
        bundle.write_exit(&ExitPlan { path: dir.path().join("no/where.json"), sync: true }, &record);
        let text = fs::read(dir.path().join(file::EXIT)).unwrap();
        assert_eq!(serde_json::from_slice::<ExitRecord>(&text).unwrap(), record);
        assert!(fs::read_to_string(dir.path().join(file::LOG)).unwrap().contains("no/where.json"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
