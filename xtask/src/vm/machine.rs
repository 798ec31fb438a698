//! The virtual machine: its root packed, booted and waited for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::text;
use crate::command::Line;
use crate::host::in_path;

/// Debian's static busybox.
pub const BUSYBOX: &str = "/bin/busybox";

/// Seconds until the machine is given up; emulation takes a few minutes on a busy machine.
const LIMIT: &str = "1800";

/// Mebibytes. The root lies in them too.
const MEMORY: &str = "1536";

/// No version 1 hierarchy can be mounted, by nobody.
const KERNEL_OPTIONS: &str =
    "console=ttyS0 quiet loglevel=3 panic=-1 random.trust_cpu=on cgroup_no_v1=all rdinit=/init";

/// Programs used here, with the packages that have them.
const PROGRAMS: [(&str, &str); 6] = [
    ("apt-get", "apt"),
    ("busybox", "busybox-static"),
    ("dpkg-deb", "dpkg"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("strip", "binutils"),
    ("xz", "xz-utils"),
];

/// Which of them are missing here.
pub fn missing_programs() -> Vec<String> {
    let missing = PROGRAMS.iter().filter(|(program, _)| !in_path(program));
    missing.map(|(program, package)| format!("{program}: install {package}")).collect()
}

/// Packs a folder as an initramfs.
pub fn pack(tree: &Path, cache: &Path) -> Result<PathBuf> {
    let archive = cache.join("initramfs");
    let script = format!("find . | {BUSYBOX} cpio -o -H newc >\"$0\"");
    Line::new(&["sh", "-c", &script, &text(&archive)]).run(tree)?;
    Ok(archive)
}

/// Makes the machine's disk, empty or with the files of a folder. It grows as it is used.
pub fn make_disk(cache: &Path, from: Option<&Path>) -> Result<PathBuf> {
    let disk = cache.join("disk");
    // Only root has these tools in the path.
    let script = "disk=$0 && rm -f \"$disk\" && truncate -s 4G \"$disk\" && PATH=$PATH:/usr/sbin:/sbin && \
        mke2fs -q -t ext4 \"$@\" \"$disk\"";
    let files = from.map(|folder| vec!["-d".to_owned(), text(folder)]).unwrap_or_default();
    Line::new(&["sh", "-c", script, &text(&disk)]).and(&files).run(cache)?;
    Ok(disk)
}

/// Boots, shows the console, and gives what the guest says at the end: how many parts failed.
pub fn boot(kernel: &Path, archive: &Path, disk: &Path, cache: &Path) -> Result<u32> {
    let answer = cache.join("answer");
    fs::write(&answer, "").context("empty the last machine's answer")?;
    let second_port = format!("file:{}", text(&answer));
    let drive = format!("file={},format=raw,if=virtio,cache=unsafe,discard=unmap", text(disk));
    let (kernel, archive) = (text(kernel), text(archive));
    let machine = ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-accel", "tcg", "-cpu", "max"];
    let size = ["-smp", "1", "-m", MEMORY, "-drive", &drive, "-serial", "stdio", "-serial", &second_port];
    let boot = ["-kernel", &kernel, "-initrd", &archive, "-append", KERNEL_OPTIONS];
    Line::new(&["timeout", "--foreground", LIMIT, "qemu-system-x86_64"])
        .and(&owned(&machine))
        .and(&owned(&size))
        .and(&owned(&boot))
        .run(cache)?;
    let answer = fs::read_to_string(&answer).context("read the machine's answer")?;
    answer.trim().parse().with_context(|| format!("the machine ended without a number of failures, but {answer:?}"))
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}
