//! Which hierarchies are mounted, and where.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs;

use crate::Error;

/// Where distributions mount control groups: systemd's file-hierarchy(7).
const MOUNT_POINT: &str = "/sys/fs/cgroup";

/// Bytes of an ordinary mountinfo file.
const MOUNTINFO: usize = 16 << 10;

/// `CGROUP2_SUPER_MAGIC` of linux/magic.h.
const CGROUP2_MAGIC: u64 = 0x6367_7270;

/// Version of a hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// One hierarchy for each set of controllers.
    V1,
    /// The unified one.
    V2,
}

/// One mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Which version.
    pub version: Version,
    /// Version 1: its controllers, and `name=…` for a named hierarchy. Version 2: empty, they are in a file.
    pub controllers: Vec<String>,
}

impl Hierarchy {
    /// Whether it is version 1's for this controller.
    pub fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|name| name == controller)
    }
}

/// All mounted hierarchies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Each once, in mount order.
    pub hierarchies: Vec<Hierarchy>,
}

impl Layout {
    /// Finds what is mounted in this mount namespace.
    ///
    /// # Errors
    /// [`Error::NotMounted`], or an unreadable `/proc/self/mountinfo`.
    pub fn read() -> Result<Self, Error> {
        if fs::statfs(MOUNT_POINT).is_ok_and(|stat| stat.f_type as u64 == CGROUP2_MAGIC) {
            return Ok(Self::unified());
        }
        let path = Path::new("/proc/self/mountinfo");
        // With room at once: the file has no size, and reading it piece by piece asks the kernel many times.
        let mut text = Vec::with_capacity(MOUNTINFO);
        std::fs::File::open(path)
            .and_then(|mut file| file.read_to_end(&mut text))
            .map_err(|error| Error::io("read", path, error))?;
        let layout = Self::parse(&String::from_utf8_lossy(&text));
        if layout.hierarchies.is_empty() { Err(Error::NotMounted) } else { Ok(layout) }
    }

    /// A host with version 2 alone.
    fn unified() -> Self {
        let hierarchy = Hierarchy { mount: MOUNT_POINT.into(), version: Version::V2, controllers: Vec::new() };
        Self { hierarchies: vec![hierarchy] }
    }

    /// Reads the text of a mountinfo file: proc_pid_mountinfo(5). A hierarchy mounted twice counts once.
    fn parse(text: &str) -> Self {
        let mut hierarchies = Vec::<Hierarchy>::new();
        for hierarchy in text.lines().filter_map(parse_line) {
            let twice =
                |known: &Hierarchy| known.version == hierarchy.version && known.controllers == hierarchy.controllers;
            if !hierarchies.iter().any(twice) {
                hierarchies.push(hierarchy);
            }
        }
        Self { hierarchies }
    }

    /// Whether there is version 2 and nothing else.
    pub fn is_unified(&self) -> bool {
        self.hierarchies.iter().all(|hierarchy| hierarchy.version == Version::V2)
    }
}

fn parse_line(line: &str) -> Option<Hierarchy> {
    let (mount, rest) = line.split_once(" - ")?;
    let mut rest = rest.split(' ');
    let version = match rest.next()? {
        "cgroup" => Version::V1,
        "cgroup2" => Version::V2,
        _ => return None,
    };
    let mut fields = mount.split(' ').skip(3);
    // A part of a hierarchy, bound somewhere, is not where groups are made.
    if fields.next()? != "/" {
        return None;
    }
    let mount = unescape(fields.next()?).into();
    let options = rest.nth(1)?;
    let controllers = match version {
        Version::V1 => options.split(',').filter(|option| is_controller(option)).map(str::to_owned).collect(),
        Version::V2 => Vec::new(),
    };
    Some(Hierarchy { mount, version, controllers })
}

/// Super block options of a version 1 hierarchy that are no controllers: kernel/cgroup/cgroup-v1.c.
fn is_controller(option: &str) -> bool {
    let others = ["rw", "ro", "noprefix", "clone_children", "xattr", "cpuset_v2_mode", "favordynmods", "all", "none"];
    !others.contains(&option) && !option.starts_with("release_agent=")
}

/// Undoes the octal escapes of space, tab, newline and backslash.
fn unescape(field: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(field.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hybrid_hosts_give_each_hierarchy_once() {
        let text = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
42 31 0:29 / /elsewhere rw - cgroup cgroup rw,cpu,cpuacct
43 31 0:29 /part /bound rw - cgroup cgroup rw,memory
";
        let layout = Layout::parse(text);
        let seen: Vec<_> = layout
            .hierarchies
            .iter()
            .map(|found| (found.mount.to_str().unwrap(), found.version, found.controllers.join(" ")))
            .collect();
        assert_eq!(
            seen,
            [
                ("/sys/fs/cgroup/cpu,cpuacct", Version::V1, "cpu cpuacct".to_owned()),
                ("/sys/fs/cgroup/systemd", Version::V1, "name=systemd".to_owned()),
                ("/sys/fs/cgroup/unified", Version::V2, String::new()),
            ]
        );
        assert!(!layout.is_unified());
    }
}
