//! The directories below a data root.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use names::ContainerId;

use crate::error::{At, Error};
use crate::random;
use crate::size;
use crate::stage::Stage;
use crate::trash::Trash;

const STAGING: &str = ".staging-";

/// Layers, containers and trash; clones are the same.
#[derive(Clone)]
pub struct Store {
    layers: PathBuf,
    containers: PathBuf,
    trash: Trash,
}

/// The two directories that an overlay needs for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writable {
    /// What the container writes.
    pub upper: PathBuf,
    /// For the kernel.
    pub work: PathBuf,
}

impl Store {
    /// Opens the directories below `data_root`, which exists, and makes them where they lack.
    pub fn open(data_root: &Path) -> Result<Self, Error> {
        let [layers, containers, trash] = ["layers", "containers", "trash"].map(|name| data_root.join(name));
        for (path, mode) in [(&layers, 0o700), (&containers, 0o710), (&trash, 0o700)] {
            make_directory(path, mode)?;
        }
        Ok(Self { layers, containers, trash: Trash::open(trash)? })
    }

    /// The trash.
    pub fn trash(&self) -> &Trash {
        &self.trash
    }

    /// Makes an empty directory for a layer.
    pub fn stage(&self) -> Result<Stage, Error> {
        let directory = self.layers.join(format!("{STAGING}{}", random::name(&self.layers)?));
        make_new(&directory, 0o700)?;
        // Whatever fails from here on, the stage is thrown away.
        let made =
            make_new(&directory.join("diff"), 0o755).and_then(|()| Stage::new(directory.clone(), self.trash.clone()));
        if made.is_err() {
            let _ = self.trash.take(&directory);
        }
        made
    }

    /// Names a layer whose files are on disk. The name itself is on disk after [`Store::sync_names`].
    pub fn publish(&self, stage: Stage) -> Result<String, Error> {
        let name = random::name(&self.layers)?;
        let path = self.layers.join(&name);
        fs::rename(stage.directory(), &path).at("rename to", &path)?;
        stage.keep();
        Ok(name)
    }

    /// Waits till everything that was written below the data root is on disk: one call for all files of all layers.
    pub fn sync_contents(&self) -> Result<(), Error> {
        let directory = File::open(&self.layers).at("open", &self.layers)?;
        rustix::fs::syncfs(&directory).at("sync the file system of", &self.layers)
    }

    /// Waits till the names of published layers are on disk.
    pub fn sync_names(&self) -> Result<(), Error> {
        let directory = File::open(&self.layers).at("open", &self.layers)?;
        directory.sync_all().at("sync", &self.layers)
    }

    /// The root of the layer `name`: a lower directory for overlayfs.
    pub fn layer(&self, name: &str) -> PathBuf {
        debug_assert!(random::is_name(name));
        self.layers.join(name).join("diff")
    }

    /// Throws a layer away.
    pub fn remove_layer(&self, name: &str) -> Result<(), Error> {
        debug_assert!(random::is_name(name));
        self.trash.take(&self.layers.join(name))
    }

    /// Makes the directories of a container, which must not have them. Its root looks like `root_like`, the root that the image has: the upper
    /// directory's owner and mode are what the container sees.
    pub fn create_container(&self, id: &ContainerId, root_like: &Path) -> Result<Writable, Error> {
        make_directory(&self.container(id), 0o710)?;
        let writable = self.writable(id);
        make_new(&writable.upper, 0o755)?;
        let finish = || {
            make_new(&writable.work, 0o700)?;
            look_like(&writable.upper, root_like)
        };
        finish().inspect_err(|_| {
            // What cannot be moved now goes with the container, or at the next start.
            let _ = self.trash.take(&writable.upper);
            let _ = self.trash.take(&writable.work);
        })?;
        Ok(writable)
    }

    /// Where the two directories of a container are.
    pub fn writable(&self, id: &ContainerId) -> Writable {
        let directory = self.container(id);
        Writable { upper: directory.join("upper"), work: directory.join("work") }
    }

    /// A lower directory for a container whose image has no layers: overlayfs wants at least one.
    pub fn empty_lower(&self, id: &ContainerId) -> Result<PathBuf, Error> {
        let path = self.container(id).join("empty");
        make_directory(&self.container(id), 0o710)?;
        make_directory(&path, 0o755)?;
        Ok(path)
    }

    /// Notes a text with a container, for whoever opens the store next. It is not synced.
    pub fn note_layers(&self, id: &ContainerId, note: &str) -> Result<(), Error> {
        let path = self.container(id).join("layers");
        fs::write(&path, note).at("write", &path)
    }

    /// The text that was noted.
    pub fn noted_layers(&self, id: &ContainerId) -> Result<String, Error> {
        let path = self.container(id).join("layers");
        fs::read_to_string(&path).at("read", &path)
    }

    /// Waits till a container's note is on disk.
    pub fn sync_note(&self, id: &ContainerId) -> Result<(), Error> {
        let path = self.container(id).join("layers");
        for path in [path.as_path(), &self.container(id), &self.containers] {
            File::open(path).and_then(|file| file.sync_all()).at("sync", path)?;
        }
        Ok(())
    }

    /// The containers that have a directory.
    pub fn containers(&self) -> Result<Vec<ContainerId>, Error> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.containers).at("read directory", &self.containers)? {
            let name = entry.at("read directory", &self.containers)?.file_name();
            all.extend(name.to_str().and_then(|name| name.parse().ok()));
        }
        Ok(all)
    }

    /// How much space there is and where, for an error message.
    pub fn space(&self) -> String {
        let path = self.layers.display();
        match rustix::fs::statvfs(&self.layers) {
            Ok(stat) => format!("{} MB free for `{path}`", stat.f_bavail.saturating_mul(stat.f_frsize) / 1_000_000),
            Err(error) => format!("the space for `{path}` is unknown: {error}"),
        }
    }

    /// The directory of a container, for whatever else belongs to it.
    pub fn container(&self, id: &ContainerId) -> PathBuf {
        self.containers.join(id.as_str())
    }

    /// Throws the directory of a container away, with everything in it.
    pub fn remove_container(&self, id: &ContainerId) -> Result<(), Error> {
        self.trash.take(&self.container(id))
    }

    /// Bytes that the container has written.
    pub fn container_size(&self, id: &ContainerId) -> Result<u64, Error> {
        let upper = self.container(id).join("upper");
        size::of(&upper).at("measure", &upper)
    }

    /// Throws away layers and containers that are not wanted, stages and strange files included. Says how many.
    pub fn collect(&self, layer: impl Fn(&str) -> bool, container: impl Fn(&str) -> bool) -> Result<usize, Error> {
        Ok(self.collect_in(&self.layers, layer)? + self.collect_in(&self.containers, container)?)
    }

    fn collect_in(&self, directory: &Path, wanted: impl Fn(&str) -> bool) -> Result<usize, Error> {
        let mut removed = 0;
        for entry in fs::read_dir(directory).at("read directory", directory)? {
            let name = entry.at("read directory", directory)?.file_name();
            if !name.to_str().is_some_and(&wanted) {
                self.trash.take(&directory.join(name))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Makes a directory if it lacks; its owner and mode are set in any case.
fn make_directory(path: &Path, mode: u32) -> Result<(), Error> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.at("make directory", path)?,
    }
    set_mode(path, mode)
}

/// Makes a directory that must not be there.
fn make_new(path: &Path, mode: u32) -> Result<(), Error> {
    DirBuilder::new().mode(mode).create(path).at("make directory", path)?;
    set_mode(path, mode)
}

/// The umask may have taken bits away, and a set-group-id bit may have come from above.
fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).at("set mode of", path)
}

fn look_like(path: &Path, like: &Path) -> Result<(), Error> {
    let meta = fs::symlink_metadata(like).at("look at", like)?;
    if (meta.uid(), meta.gid()) != (0, 0) {
        chown(path, Some(meta.uid()), Some(meta.gid())).at("set owner of", path)?;
    }
    if meta.mode() & 0o7777 != 0o755 {
        set_mode(path, meta.mode() & 0o7777)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn id(byte: u8) -> ContainerId {
        ContainerId::from_random([byte; 32])
    }

    #[test]
    fn a_stage_becomes_a_layer_or_is_thrown_away() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        drop(store.stage().unwrap());
        assert_eq!(names(&root.path().join("layers")), Vec::<String>::new());

        let stage = store.stage().unwrap();
        fs::write(stage.directory().join("diff/file"), "x").unwrap();
        store.sync_contents().unwrap();
        let name = store.publish(stage).unwrap();
        store.sync_names().unwrap();
        assert_eq!(fs::read_to_string(store.layer(&name).join("file")).unwrap(), "x");
        store.remove_layer(&name).unwrap();
        assert!(!store.layer(&name).exists());
        store.trash().wait();
        assert_eq!(names(&root.path().join("trash")), Vec::<String>::new());
    }

    #[test]
    fn a_container_sees_the_root_that_its_image_has() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let like = root.path().join("like");
        make_new(&like, 0o1750).unwrap();
        chown(&like, Some(3), Some(4)).unwrap();
        let writable = store.create_container(&id(1), &like).unwrap();
        let upper = fs::metadata(&writable.upper).unwrap();
        assert_eq!((upper.mode() & 0o7777, upper.uid(), upper.gid()), (0o1750, 3, 4));
        assert!(store.create_container(&id(1), &like).is_err(), "it is there already");
        assert!(writable.upper.exists() && writable.work.exists(), "and stays");

        let writable = store.create_container(&id(2), &like).unwrap();
        fs::write(writable.upper.join("a"), [0; 1000]).unwrap();
        fs::create_dir(writable.upper.join("d")).unwrap();
        fs::hard_link(writable.upper.join("a"), writable.upper.join("d/b")).unwrap();
        fs::write(writable.upper.join("d/c"), [0; 10]).unwrap();
        std::os::unix::fs::symlink("/proc", writable.upper.join("l")).unwrap();
        assert_eq!(store.container_size(&id(2)).unwrap(), 1010 + "/proc".len() as u64);
    }

    #[test]
    fn nobody_but_root_reaches_a_file_that_runs_as_its_owner() {
        use std::os::unix::process::CommandExt;
        use std::process::Command;
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let store = Store::open(root.path()).unwrap();
        let layer = store.layer(&store.publish(store.stage().unwrap()).unwrap());
        let upper = store.create_container(&id(1), &layer).unwrap().upper;
        for directory in [layer, upper] {
            let program = directory.join("su");
            fs::write(&program, "").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
            let stat = |uid| Command::new("stat").arg(&program).uid(uid).gid(uid).output().unwrap().status.success();
            assert!(stat(0) && !stat(65534), "{}", program.display());
        }
    }

    #[test]
    fn at_start_everything_that_nobody_names_goes_and_nothing_is_open_to_others() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let kept = store.publish(store.stage().unwrap()).unwrap();
        let gone = store.publish(store.stage().unwrap()).unwrap();
        std::mem::forget(store.stage().unwrap());
        let like = store.layer(&kept);
        store.create_container(&id(1), &like).unwrap();
        store.create_container(&id(2), &like).unwrap();
        fs::write(root.path().join("layers/stray"), "").unwrap();
        fs::create_dir_all(root.path().join("trash/0123/deep/er")).unwrap();

        let store = Store::open(root.path()).unwrap();
        let removed = store.collect(|name| name == kept, |name| name == id(1).as_str()).unwrap();
        assert_eq!(removed, 4);
        assert!(!store.layer(&gone).exists());
        assert_eq!(store.trash().wait(), 0);
        assert_eq!(names(&root.path().join("layers")), [kept]);
        assert_eq!(names(&root.path().join("containers")), [id(1).to_string()]);
        assert_eq!(names(&root.path().join("trash")), Vec::<String>::new());
        for (name, mode) in [("layers", 0o700), ("containers", 0o710), ("trash", 0o700)] {
            assert_eq!(fs::metadata(root.path().join(name)).unwrap().mode() & 0o7777, mode, "{name}");
        }
    }
}
