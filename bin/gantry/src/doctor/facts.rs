//! What there is on this host. Nothing is changed by looking.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::io::Errno;
use rustix::mount::{FsOpenFlags, fsopen};

/// Everything that is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub is_root: bool,
    /// Major and minor.
    pub kernel: (u32, u32),
    pub has_overlay: bool,
    pub has_seccomp: bool,
    /// The unified hierarchy alone.
    pub cgroup_v2: bool,
    pub controllers: BTreeSet<String>,
    /// The kernel's netfilter has tables of its own kind.
    pub has_nftables: bool,
    pub forwards: Option<bool>,
    /// Other tables that drop what is forwarded: family and name.
    pub dropping: Vec<String>,
    /// Frames of bridges go through the firewall as packets do.
    pub bridge_filters: bool,
    pub apparmor: Option<AppArmor>,
    pub data: Option<Data>,
    pub programs: BTreeSet<&'static str>,
    /// Docker answers, and has its bridge.
    pub docker_runs: bool,
    /// Processes and threads that the kernel allows.
    pub most_threads: u64,
    pub open_files: u64,
}

/// AppArmor, where the kernel confines by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppArmor {
    pub has_parser: bool,
}

/// The place of the data root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The deepest directory of it that is there.
    pub path: String,
    pub free: u64,
    pub free_inodes: u64,
    pub read_only: bool,
    pub nosuid: bool,
    pub nodev: bool,
    pub noexec: bool,
    pub file_system: String,
}

/// Programs that something is done by, where they are there.
const PROGRAMS: [&str; 2] = ["ps", "criu"];

pub fn gather(data_root: &str) -> Facts {
    let cgroup_v2 = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
    Facts {
        is_root: rustix::process::geteuid().is_root(),
        kernel: version(&rustix::system::uname().release().to_string_lossy()),
        has_overlay: !fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC).is_err_and(|error| error == Errno::NODEV),
        has_seccomp: read("/proc/self/status").contains("Seccomp:"),
        cgroup_v2,
        controllers: if cgroup_v2 {
            read("/sys/fs/cgroup/cgroup.controllers").split_whitespace().map(str::to_owned).collect()
        } else {
            version_1(&read("/proc/cgroups"))
        },
        has_nftables: network::has_nftables(),
        forwards: read_some("/proc/sys/net/ipv4/ip_forward").map(|text| text.trim() == "1"),
        dropping: network::foreign_drops(),
        bridge_filters: read("/proc/sys/net/bridge/bridge-nf-call-iptables").trim() == "1",
        apparmor: (read("/sys/module/apparmor/parameters/enabled").trim() == "Y")
            .then(|| AppArmor { has_parser: find("apparmor_parser") }),
        data: data(Path::new(data_root)),
        programs: PROGRAMS.into_iter().filter(|program| find(program)).collect(),
        // We may serve its socket ourselves; its bridge is never ours unless somebody says so.
        docker_runs: Path::new("/sys/class/net/docker0").exists()
            && std::os::unix::net::UnixStream::connect("/run/docker.sock").is_ok(),
        most_threads: read("/proc/sys/kernel/threads-max").trim().parse().unwrap_or(0),
        open_files: read("/proc/sys/fs/file-max").trim().parse().unwrap_or(0),
    }
}

fn read(path: &str) -> String {
    read_some(path).unwrap_or_default()
}

fn read_some(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Controllers that are switched on: `name hierarchy groups enabled`.
fn version_1(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let enabled = lines.filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.get(3) == Some(&"1")).then(|| words[0].to_owned())
    });
    enabled.collect()
}

fn find(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).is_file())
}

fn data(root: &Path) -> Option<Data> {
    let path = root.ancestors().find(|path| path.is_dir())?;
    let stat = statvfs(path).ok()?;
    let has = |flag| stat.f_flag.contains(flag);
    Some(Data {
        path: path.display().to_string(),
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        // Some file systems make them as they are needed, and say 0 of 0.
        free_inodes: if stat.f_files == 0 { u64::MAX } else { stat.f_favail },
        read_only: has(StatVfsMountFlags::RDONLY),
        nosuid: has(StatVfsMountFlags::NOSUID),
        nodev: has(StatVfsMountFlags::NODEV),
        noexec: has(StatVfsMountFlags::NOEXEC),
        file_system: file_system(path, &read("/proc/self/mountinfo")),
    })
}

/// The type of the file system that holds a path: proc_pid_mountinfo(5).
fn file_system(path: &Path, mounts: &str) -> String {
    let kind = |line: &str| {
        let (mount, rest) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?.to_owned();
        path.starts_with(&point).then(|| (point.len(), rest.split(' ').next().unwrap_or_default().to_owned()))
    };
    mounts.lines().filter_map(kind).max_by_key(|(length, _)| *length).map(|(_, kind)| kind).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_kernel_are_read() {
        assert_eq!((version("6.1.0-57-cloud-amd64"), version("5.15.0"), version("x")), ((6, 1), (5, 15), (0, 0)));
        let text = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t1\t1\t1\nmemory\t0\t1\t0\n";
        assert_eq!(version_1(text), BTreeSet::from(["cpuset".to_owned()]));
        let mounts = "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 8:2 / /var rw - xfs /dev/sdb rw\n";
        assert_eq!(file_system(Path::new("/var/lib/x"), mounts), "xfs");
        assert_eq!(file_system(Path::new("/srv"), mounts), "ext4");
    }

    #[test]
    fn this_host_is_looked_at_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("not/there");
        let facts = gather(&root.display().to_string());
        assert!(facts.kernel.0 > 3 && facts.has_overlay && !facts.controllers.is_empty());
        assert_eq!(facts.data.unwrap().path, folder.path().display().to_string());
        assert!(!root.exists());
    }
}
