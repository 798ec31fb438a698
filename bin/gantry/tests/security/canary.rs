//! Files of the host that no container and no archive may touch.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What one path looks like: mode, owner, group, time of change, links, and its content.
type Looks = (u32, u32, u32, i64, i64, u64, Vec<u8>);

/// A folder with a file, a directory and a socket, noted as they are.
pub struct Canary {
    folder: TempDir,
    looks: BTreeMap<PathBuf, Looks>,
}

impl Canary {
    /// Plants it.
    pub fn plant() -> Self {
        let folder = tempfile::Builder::new().prefix("canary-").tempdir_in("/tmp").expect("make a folder");
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("open the folder for all");
        fs::create_dir_all(path.join("dir/inner")).expect("make a directory");
        for name in ["file", "dir/inner/file"] {
            fs::write(path.join(name), "alive").expect("write a file");
        }
        fs::set_permissions(path.join("file"), fs::Permissions::from_mode(0o600)).expect("close the file");
        drop(UnixListener::bind(path.join("socket")).expect("make a socket"));
        let looks = look(path);
        Self { folder, looks }
    }

    /// The folder, as an absolute path.
    pub fn path(&self) -> &str {
        self.folder.path().to_str().expect("it was made here")
    }

    /// The folder, from any depth above.
    pub fn climbing(&self) -> String {
        format!("../../../../../../../../../../../..{}", self.path())
    }

    /// Nothing of it has changed.
    #[track_caller]
    pub fn assert_alive(&self, attack: &str) {
        assert_eq!(look(self.folder.path()), self.looks, "{attack}");
    }
}

fn look(folder: &Path) -> BTreeMap<PathBuf, Looks> {
    let mut seen = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("read the folder").flatten() {
        let path = entry.path();
        let meta = fs::symlink_metadata(&path).expect("it is there");
        if meta.is_dir() {
            seen.extend(look(&path));
        }
        let content = if meta.is_file() { fs::read(&path).expect("read the file") } else { Vec::new() };
        seen.insert(path, (meta.mode(), meta.uid(), meta.gid(), meta.mtime(), meta.ctime(), meta.nlink(), content));
    }
    seen
}
