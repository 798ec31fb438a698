//! Sockets in the file system.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, chmod, chown};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen as start, socket_with};
use tokio::net::UnixListener;

use super::{ListenError, ListenSocket, Listener, group};

/// Clients that wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket's file that we made; removed when this is dropped, unless another has taken its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if inode(&self.path) == Some(self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// Listens at `path`: mode 0660, owned by `named`, else by the group `docker` where that exists.
pub(super) fn listen(path: &Path, named: Option<&str>) -> Result<Listener, ListenError> {
    let failed = |step| {
        move |source: io::Error| ListenError::Host { address: format!("unix://{}", path.display()), step, source }
    };
    let owner = owner(path, named)?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed("make the directory"))?;
    }
    clear(path)?;
    // The file gets its mode and owner before anyone can connect: there is no `listen` yet.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
    let socket = socket.map_err(|error| failed("make a socket")(error.into()))?;
    let address = SocketAddrUnix::new(path).map_err(|error| failed("use the path")(error.into()))?;
    bind(&socket, &address).map_err(|error| failed("bind")(error.into()))?;
    let inode = inode(path).ok_or_else(|| failed("bind")(io::ErrorKind::NotFound.into()))?;
    let file = SocketFile { path: path.to_owned(), inode };
    chmod(path, Mode::from_raw_mode(0o660)).map_err(|error| failed("set the mode")(error.into()))?;
    if let Some(group) = owner {
        chown(path, None, Some(Gid::from_raw(group))).map_err(|error| failed("set the group")(error.into()))?;
    }
    start(&socket, BACKLOG).map_err(|error| failed("listen")(error.into()))?;
    let listener = UnixListener::from_std(StdListener::from(socket)).map_err(failed("watch the socket"))?;
    Ok(Listener { socket: ListenSocket::Unix(listener), _file: Some(file) })
}

/// The group that owns the socket. Only one that was named must exist.
fn owner(path: &Path, named: Option<&str>) -> Result<Option<u32>, ListenError> {
    let file = fs::read_to_string("/etc/group").unwrap_or_default();
    match named {
        None | Some("") => Ok(group::find(&file, "docker")),
        Some(name) => match group::find(&file, name) {
            Some(id) => Ok(Some(id)),
            // dockerd's default value, given explicitly, is still only a wish.
            None if name == "docker" => Ok(None),
            None => Err(ListenError::NoGroup { path: path.to_owned(), group: name.to_owned() }),
        },
    }
}

/// Removes a socket that a dead daemon has left; never a file of another kind.
fn clear(path: &Path) -> Result<(), ListenError> {
    use std::os::unix::fs::FileTypeExt;
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Ok(());
    }
    if UnixStream::connect(path).is_ok() {
        return Err(ListenError::InUse(path.to_owned()));
    }
    tracing::debug!(path = %path.display(), mode = found.permissions().mode(), "removing a dead daemon's socket");
    let step = "remove the old socket";
    fs::remove_file(path).map_err(|source| ListenError::Host { address: path.display().to_string(), step, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_private_replaces_a_dead_one_and_goes_with_its_listener() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/g.sock");
        let first = listen(&path, None).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(matches!(listen(&path, None), Err(ListenError::InUse(_))));
        // A daemon that was killed leaves its file.
        let Listener { socket, _file: file } = first;
        std::mem::forget(file);
        drop(socket);
        let second = listen(&path, None).unwrap();
        drop(second);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_file_of_another_kind_and_a_missing_group_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("g.sock");
        assert!(matches!(listen(&path, Some("no-such-group")), Err(ListenError::NoGroup { .. })));
        fs::write(&path, "precious").unwrap();
        assert!(matches!(listen(&path, None), Err(ListenError::Host { step: "bind", .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
