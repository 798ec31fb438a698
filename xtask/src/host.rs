//! What the tests need of the machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::command::Line;

/// What was found on the machine.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    root: bool,
    overlay: bool,
    cgroups: bool,
    compiler: bool,
}

impl Host {
    /// Looks at this machine.
    pub fn look() -> Self {
        let filesystems = fs::read_to_string("/proc/filesystems").unwrap_or_default();
        let has = |name: &str| filesystems.split_whitespace().any(|word| word == name);
        Self {
            root: fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0),
            // On a machine freshly booted the module may not be loaded yet.
            overlay: has("overlay") || Line::new(&["modprobe", "overlay"]).succeeds(Path::new("/")),
            cgroups: has("cgroup2")
                && Path::new("/sys/fs/cgroup").read_dir().is_ok_and(|mut folder| folder.next().is_some()),
            compiler: in_path("cc"),
        }
    }

    /// What is missing, each with what to do about it.
    pub fn missing(self) -> Vec<&'static str> {
        let needs = [
            (self.root, "root: the tests make namespaces, mounts and control groups; run this command with sudo"),
            (self.overlay, "overlayfs: no such file system in /proc/filesystems, and `modprobe overlay` brings none"),
            (self.cgroups, "control groups: none are mounted at /sys/fs/cgroup"),
            (self.compiler, "a C compiler: there is no `cc`; install gcc and libc6-dev"),
        ];
        needs.into_iter().filter(|(met, _)| !met).map(|(_, text)| text).collect()
    }
}

/// Whether a program of this name can be run.
pub fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lack_is_named() {
        let host = Host { root: true, overlay: true, cgroups: true, compiler: true };
        assert!(host.missing().is_empty());
        let poor = Host { root: false, cgroups: false, ..host };
        let texts = poor.missing();
        assert!(
            texts.len() == 2 && texts[0].starts_with("root:") && texts[1].starts_with("control groups:"),
            "{texts:?}"
        );
    }
}
