//! Paths that an image declares as volumes and does not hold.
//!
//! Volumes are part of the container's own layer as yet. A declared path that no layer holds would be missing in the
//! container, so a directory of the container's is bound there: it lives and goes with the container.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use container::record::Record;
use fault::{Result, Step};
use image::Layers;
use oci::runtime::{Mount, Spec};
use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::inner::Inner;

/// Adds the mounts for declared paths that are missing, below those that the user asks for.
pub fn add(engine: &Inner, record: &Record, layers: &Layers, spec: &mut Spec) -> Result<()> {
    let declared = record.config.volumes.iter().flatten().map(|(path, _)| PathBuf::from(path));
    for (number, path) in declared.enumerate() {
        let mounted = spec.mounts.iter().any(|mount| mount.destination == path);
        if mounted || !path.is_absolute() || path == Path::new("/") {
            continue;
        }
        // Once it is there it stays, though the container's own layer holds the mount point since.
        let source = engine.container_dir(&record.id).join("volumes").join(number.to_string());
        if !source.exists() && is_in(layers, &path) {
            continue;
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&source)
            .step(format_args!("make {}", source.display()))?;
        insert(&mut spec.mounts, &source, path);
    }
    Ok(())
}

/// Whether a layer holds the path, without leaving the layer on the way.
fn is_in(layers: &Layers, path: &Path) -> bool {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let holds = |folder: &PathBuf| -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = rustix::fs::open(folder, flags | OFlags::DIRECTORY, Mode::empty())?;
        sys::path::resolve(root, relative, flags, ResolveFlags::IN_ROOT)
    };
    std::iter::once(&layers.upper).chain(&layers.lower).any(|folder| holds(folder).is_ok())
}

/// Before what is mounted below it.
fn insert(mounts: &mut Vec<Mount>, source: &Path, path: PathBuf) {
    let at = mounts.iter().position(|mount| mount.destination.starts_with(&path)).unwrap_or(mounts.len());
    let options = ["bind", "rprivate", "rw"].map(str::to_owned).into();
    let (kind, source) = (Some("bind".into()), Some(source.to_owned()));
    mounts.insert(at, Mount { destination: path, kind, source, options, ..Mount::default() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_looked_for_in_the_layers_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["upper", "low/data", "outside"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        std::os::unix::fs::symlink(at("outside"), at("low/link")).unwrap();
        let layers = Layers { lower: vec![at("low")], upper: at("upper"), work: at("work") };
        assert!(is_in(&layers, Path::new("/data")));
        assert!(!is_in(&layers, Path::new("/new")));
        assert!(!is_in(&layers, Path::new("/link")));
        assert!(!is_in(&layers, Path::new("/../outside")));
    }

    #[test]
    fn it_is_mounted_before_what_lies_below() {
        let mount = |path: &str| Mount { destination: path.into(), ..Mount::default() };
        let mut mounts = vec![mount("/proc"), mount("/data/sub"), mount("/tmp")];
        insert(&mut mounts, Path::new("/s"), "/data".into());
        let order: Vec<_> = mounts.iter().map(|mount| mount.destination.display().to_string()).collect();
        assert_eq!(order, ["/proc", "/data", "/data/sub", "/tmp"]);
    }
}
