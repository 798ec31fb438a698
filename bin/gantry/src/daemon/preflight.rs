//! Says clearly what the machine lacks, before anything is touched.

use std::fs;

use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, fsopen};

/// Checks for root, overlayfs and control groups.
pub fn check() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("the daemon must be run as root: try it with sudo (rootless mode is not there yet)".into());
    }
    if !has_overlay() {
        return Err("the kernel has no overlayfs, which images need: try `modprobe overlay`".into());
    }
    let mounts =
        fs::read_to_string("/proc/self/mountinfo").map_err(|error| format!("read /proc/self/mountinfo: {error}"))?;
    if !has_cgroups(&mounts) {
        return Err("no control groups are mounted, which limits need: mount cgroup2 at /sys/fs/cgroup".into());
    }
    Ok(())
}

/// Asks for a context of an overlay mount: the kernel loads the module where it is not in yet, as on a Debian freshly
/// booted. Only "no such device" tells that there is none.
fn has_overlay() -> bool {
    !matches!(fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC), Err(Errno::NODEV))
}

fn has_cgroups(mountinfo: &str) -> bool {
    let kind = |line: &str| line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next().map(str::to_owned));
    mountinfo.lines().filter_map(kind).any(|kind| kind == "cgroup" || kind == "cgroup2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen() {
        assert!(has_overlay(), "the tests need overlayfs");
        assert!(has_cgroups("30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"));
        assert!(!has_cgroups("30 24 0:26 / /cgroup rw - tmpfs cgroup rw\n"));
    }
}
