//! Says clearly what the machine lacks, before anything is touched.

use std::fs;

/// Checks for root, overlayfs and control groups.
pub fn check() -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Err("the daemon must be run as root: try it with sudo (rootless mode is not there yet)".into());
    }
    let filesystems =
        fs::read_to_string("/proc/filesystems").map_err(|error| format!("read /proc/filesystems: {error}"))?;
    if !has_filesystem(&filesystems, "overlay") {
        return Err("the kernel has no overlayfs, which images need: try `modprobe overlay`".into());
    }
    let mounts =
        fs::read_to_string("/proc/self/mountinfo").map_err(|error| format!("read /proc/self/mountinfo: {error}"))?;
    if !has_cgroups(&mounts) {
        return Err("no control groups are mounted, which limits need: mount cgroup2 at /sys/fs/cgroup".into());
    }
    Ok(())
}

fn has_filesystem(text: &str, name: &str) -> bool {
    text.lines().any(|line| line.split_whitespace().next_back() == Some(name))
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
        assert!(has_filesystem("nodev\tproc\nnodev\toverlay\n\text4\n", "overlay"));
        assert!(!has_filesystem("nodev\toverlayish\n", "overlay"));
        assert!(has_cgroups("30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"));
        assert!(!has_cgroups("30 24 0:26 / /cgroup rw - tmpfs cgroup rw\n"));
    }
}
