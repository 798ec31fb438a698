//! The folder of a run, with the helpers and the root file system in it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::measure::Watch;
use crate::shell::{command, output, run};

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// Makes it below `place`, compiles the helpers, and makes a root file system of Debian's static busybox.
    pub fn make(place: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("gantry-bench-").tempdir_in(place);
        let scratch = Self { folder: folder.with_context(|| format!("make a folder in {}", place.display()))? };
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("helpers");
        for (helper, file) in [("measure", scratch.measure()), ("floor", scratch.floor())] {
            let source = sources.join(helper).with_extension("c");
            run(command(["cc", "-O2", "-static", "-Wall", "-Wextra", "-o"]).arg(file).arg(source))?;
        }
        scratch.fill_rootfs().context("make the busybox image")?;
        Ok(scratch)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The stop-watch: see `helpers/measure.c`.
    pub fn watch(&self) -> Watch {
        Watch::new(&self.measure())
    }

    fn measure(&self) -> PathBuf {
        self.path().join("measure")
    }

    /// The kernel's share: see `helpers/floor.c`.
    pub fn floor(&self) -> PathBuf {
        self.path().join("floor")
    }

    /// A root file system with busybox under all its names.
    pub fn rootfs(&self) -> PathBuf {
        self.path().join("rootfs")
    }

    /// The same as an archive.
    pub fn rootfs_archive(&self) -> PathBuf {
        self.path().join("busybox.tar")
    }

    fn fill_rootfs(&self) -> Result<()> {
        let root = self.rootfs();
        for folder in ["bin", "dev", "etc", "proc", "sys", "tmp"] {
            fs::create_dir_all(root.join(folder))?;
        }
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|file| Path::new(file).exists());
        fs::copy(busybox.context("busybox-static is not installed")?, root.join("bin/busybox"))?;
        for name in output(&mut command(["busybox", "--list"]))?.lines().filter(|name| *name != "busybox") {
            symlink("busybox", root.join("bin").join(name))?;
        }
        fs::write(root.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n")?;
        fs::write(root.join("etc/group"), "root:x:0:\n")?;
        run(command(["tar", "--owner=0", "--group=0", "-cf"]).arg(self.rootfs_archive()).arg("-C").arg(&root).arg("."))
    }
}
