//! Debian's kernel, kept below `target`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::text;
use crate::command::Line;

/// The package that depends on the newest kernel for virtual machines of the release that the machine's sources name.
const LATEST: &str = "linux-image-cloud-amd64";

/// Modules that containers use: folders and files below `kernel` in the tree of modules.
const MODULES: [&str; 22] = [
    "arch/x86/crypto",
    "crypto",
    "drivers/block",
    "drivers/net/dummy.ko",
    "drivers/net/tun.ko",
    "drivers/net/veth.ko",
    "drivers/virtio",
    "fs/ext4",
    "fs/jbd2",
    "fs/mbcache.ko",
    "fs/overlayfs",
    "lib",
    "net/802",
    "net/bridge",
    "net/core",
    "net/ipv4",
    "net/ipv6",
    "net/llc",
    "net/netfilter",
    "net/netlink",
    "net/packet",
    "net/unix",
];

/// A kernel unpacked.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The image to boot.
    pub image: PathBuf,
    /// A folder with the kernel's name, as it lies in `/lib/modules`.
    pub modules: PathBuf,
}

impl Kernel {
    /// Takes the package of a kernel that lies in the cache, whichever it is, or downloads the newest; unpacks it once.
    pub fn fetch(cache: &Path) -> Result<Self> {
        let package = match package_in(cache)? {
            Some(package) => package,
            None => download(cache)?,
        };
        let folder = package.with_extension("");
        if !folder.exists() {
            let unpacked = cache.join("unpacked");
            let _ = fs::remove_dir_all(&unpacked);
            Line::new(&["dpkg-deb", "--extract", &text(&package), &text(&unpacked)]).run(cache)?;
            prepare(&unpacked)?;
            fs::rename(&unpacked, &folder).with_context(|| format!("create {}", folder.display()))?;
        }
        let modules = only(&folder.join("chosen/lib/modules"), "")?;
        Ok(Self { image: only(&folder.join("boot"), "vmlinuz-")?, modules })
    }
}

fn package_in(cache: &Path) -> Result<Option<PathBuf>> {
    let mut packages = entries(cache)?;
    packages.retain(|path| path.extension().is_some_and(|end| end == "deb"));
    Ok(packages.pop())
}

fn download(cache: &Path) -> Result<PathBuf> {
    let answer = Line::new(&["apt-cache", "depends", LATEST]).output(cache).context("run apt-cache")?;
    let Some(name) = newest(&answer) else {
        bail!("apt knows no package {LATEST}: is this Debian on x86-64, and has `apt-get update` run?");
    };
    Line::new(&["apt-get", "--quiet", "download", name]).run(cache)?;
    package_in(cache)?.with_context(|| format!("apt-get left no package in {}", cache.display()))
}

/// The kernel among the answer's `Depends:` lines.
fn newest(answer: &str) -> Option<&str> {
    let depends = answer.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    depends.map(str::trim).find(|name| name.starts_with("linux-image-"))
}

/// Chooses modules, unpacks those that are compressed, and writes the index that modprobe reads.
fn prepare(unpacked: &Path) -> Result<()> {
    let below =
        ["usr/lib/modules", "lib/modules"].map(|path| unpacked.join(path)).into_iter().find(|path| path.is_dir());
    let all = only(&below.context("the package of the kernel has no modules")?, "")?;
    let release = all.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let chosen = unpacked.join("chosen/lib/modules").join(&release);
    for module in MODULES {
        let Some(from) = compressed_or_not(&all.join("kernel").join(module)) else { continue };
        let to = chosen.join("kernel").join(module).with_file_name("");
        fs::create_dir_all(&to).with_context(|| format!("create {}", to.display()))?;
        Line::new(&["cp", "-R", &text(&from), &text(&to)]).run(unpacked)?;
    }
    let unpack = "find . -name '*.ko.xz' -exec xz -d {} +";
    Line::new(&["sh", "-c", unpack]).run(&chosen)?;
    Line::new(&["cp", &text(&all.join("modules.builtin")), &text(&all.join("modules.order")), &text(&chosen)])
        .run(unpacked)?;
    let base = text(&unpacked.join("chosen"));
    Line::new(&[super::machine::BUSYBOX, "depmod", "-b", &base, &release]).run(unpacked)
}

fn compressed_or_not(path: &Path) -> Option<PathBuf> {
    let compressed = PathBuf::from(format!("{}.xz", path.display()));
    [path.to_owned(), compressed].into_iter().find(|path| path.exists())
}

/// The one entry of a folder whose name begins so.
fn only(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let mut found = entries(folder)?;
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    match found.as_slice() {
        [one] => Ok(one.clone()),
        _ => bail!("{} should have one entry {prefix}*, and has {}", folder.display(), found.len()),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = paths.with_context(|| format!("list {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_is_what_the_package_depends_on() {
        let answer = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-40-cloud-amd64\n";
        assert_eq!(newest(answer), Some("linux-image-6.1.0-40-cloud-amd64"));
        assert_eq!(newest(""), None);
    }
}
