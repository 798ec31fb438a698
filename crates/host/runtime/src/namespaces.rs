//! Which namespaces are made, joined and shared with the host.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use oci::runtime::Spec;
use rustix::fs::{self, Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, ThreadNameSpaceType};
use sys::clone::flag;

use crate::Error;
use crate::error::Step;

/// Names of the specification, their clone flags and their types for setns(2).
const KINDS: [(&str, u64, LinkNameSpaceType); 8] = [
    ("user", flag::NEWUSER, LinkNameSpaceType::User),
    ("pid", flag::NEWPID, LinkNameSpaceType::ProcessID),
    ("network", flag::NEWNET, LinkNameSpaceType::Network),
    ("ipc", flag::NEWIPC, LinkNameSpaceType::InterProcessCommunication),
    ("uts", flag::NEWUTS, LinkNameSpaceType::HostNameAndNISDomainName),
    ("cgroup", flag::NEWCGROUP, LinkNameSpaceType::ControlGroup),
    ("mount", flag::NEWNS, LinkNameSpaceType::Mount),
    ("time", flag::NEWTIME, LinkNameSpaceType::Time),
];

/// Which namespaces are made and joined; the others are the host's.
#[derive(Debug)]
pub(crate) struct Namespaces {
    /// Flags of those to make.
    new: u64,
    /// Those to join by a path of the specification.
    join: Vec<Join>,
    /// Whether the network namespace comes by descriptor.
    network_given: bool,
}

/// A namespace to join.
#[derive(Debug)]
struct Join {
    path: PathBuf,
    fd: OwnedFd,
    flag: u64,
    kind: LinkNameSpaceType,
}

impl Namespaces {
    /// Reads the specification and opens what is to be joined. `network_given` where the caller brings the network.
    pub fn read(spec: &Spec, network_given: bool) -> Result<Self, Error> {
        let mut this = Self { new: 0, join: Vec::new(), network_given };
        for namespace in spec.linux.iter().flat_map(|linux| &linux.namespaces) {
            let known = KINDS.iter().find(|(name, ..)| *name == namespace.kind);
            let &(name, flag, kind) =
                known.ok_or_else(|| Error::invalid(format!("namespace `{}` is not supported", namespace.kind)))?;
            if this.has(flag) && !(flag == flag::NEWNET && network_given) {
                return Err(Error::invalid(format!("namespace `{name}` is given twice")));
            }
            match &namespace.path {
                _ if flag == flag::NEWNET && network_given => {}
                None => this.new |= flag,
                Some(path) => this.join.push(Join { path: path.clone(), fd: open(path)?, flag, kind }),
            }
        }
        if this.new & flag::NEWNS == 0 {
            return Err(Error::invalid("a container needs a mount namespace of its own"));
        }
        Ok(this)
    }

    /// Whether the container's namespace of this kind is another than the host's.
    pub fn has(&self, flag: u64) -> bool {
        self.new & flag != 0
            || self.join.iter().any(|join| join.flag == flag)
            || (flag == flag::NEWNET && self.network_given)
    }

    /// Whether a namespace of this kind is made.
    pub fn makes(&self, flag: u64) -> bool {
        self.new & flag != 0
    }

    /// Flags for the clone that makes PID 1. The cgroup namespace is made later, from inside its control groups, and
    /// the time namespace, whose offsets are set before anybody is in it.
    pub fn clone_flags(&self) -> u64 {
        self.new & !(flag::NEWCGROUP | flag::NEWTIME)
    }

    /// Whether a process between the caller and PID 1 must join first: a PID namespace takes in children only, and from
    /// within a new user namespace the host's other namespaces can no longer be joined. A time namespace is made by it for
    /// its child.
    pub fn needs_stage(&self) -> bool {
        let joins_children = self.join.iter().any(|join| join.flag & (flag::NEWPID | flag::NEWUSER) != 0);
        let joins = !self.join.is_empty() || self.network_given;
        joins_children || self.makes(flag::NEWTIME) || (self.makes(flag::NEWUSER) && joins)
    }

    /// Joins what has a path, the user namespace first as it gives the rights for the others that it owns.
    pub fn join_paths(&self) -> Result<(), Error> {
        let rank = |join: &&Join| join.flag != flag::NEWUSER;
        let mut joins: Vec<_> = self.join.iter().collect();
        joins.sort_by_key(rank);
        for join in joins {
            use std::os::fd::AsFd;
            rustix::thread::move_into_link_name_space(join.fd.as_fd(), Some(join.kind))
                .step(format_args!("join namespace `{}`", join.path.display()))?;
        }
        Ok(())
    }

    /// Descriptors that must stay open until they are joined.
    pub fn descriptors(&self) -> impl Iterator<Item = &OwnedFd> {
        self.join.iter().map(|join| &join.fd)
    }

    /// The same from a specification of a container that is there already.
    pub fn to_enter_by(spec: &Spec) -> ThreadNameSpaceType {
        let named = spec.linux.iter().flat_map(|linux| &linux.namespaces);
        let flags = named.filter_map(|namespace| KINDS.iter().find(|(name, ..)| *name == namespace.kind));
        ThreadNameSpaceType::from_bits_retain(flags.fold(0, |all, (_, flag, _)| all | *flag) as u32)
    }

    /// What a process that enters the running container joins by its pidfd.
    pub fn to_enter(&self) -> ThreadNameSpaceType {
        let flags = KINDS.iter().filter(|(_, flag, _)| self.has(*flag)).fold(0, |all, (_, flag, _)| all | flag);
        ThreadNameSpaceType::from_bits_retain(flags as u32)
    }
}

/// All kinds, in order.
pub(crate) fn kinds() -> Vec<&'static str> {
    let mut all: Vec<_> = KINDS.iter().map(|(name, ..)| *name).collect();
    all.sort_unstable();
    all
}

/// Joins the network namespace that the caller brought.
pub(crate) fn join_network(netns: BorrowedFd<'_>) -> Result<(), Error> {
    rustix::thread::move_into_link_name_space(netns, Some(LinkNameSpaceType::Network)).step("join network namespace")
}

fn open(path: &Path) -> Result<OwnedFd, Error> {
    let fd = fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    fd.map_err(|error| Error::invalid(format!("open namespace `{}`: {}", path.display(), crate::error::cause(error))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci::runtime::{Linux, Namespace};

    fn read(list: &[(&str, Option<&str>)], given: bool) -> Result<Namespaces, Error> {
        let namespace =
            |&(kind, path): &(&str, Option<&str>)| Namespace { kind: kind.to_owned(), path: path.map(PathBuf::from) };
        let linux = Linux { namespaces: list.iter().map(namespace).collect(), ..Linux::default() };
        Namespaces::read(&Spec { linux: Some(linux), ..Spec::default() }, given)
    }

    #[test]
    fn new_joined_given_and_shared() {
        let all = read(&[("mount", None), ("pid", None), ("network", None), ("ipc", Some("/proc/self/ns/ipc"))], true);
        let all = all.unwrap();
        assert_eq!(all.clone_flags(), flag::NEWNS | flag::NEWPID);
        assert!(all.has(flag::NEWNET) && all.has(flag::NEWIPC) && !all.has(flag::NEWUTS));
        assert!(!all.needs_stage());
        assert!(read(&[("mount", None), ("pid", Some("/proc/self/ns/pid"))], false).unwrap().needs_stage());
        assert!(read(&[("mount", None), ("user", None)], true).unwrap().needs_stage());
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [&[("pid", None)][..], &[("mount", None), ("x", None)], &[("mount", None), ("mount", None)]] {
            assert!(read(bad, false).is_err());
        }
        assert!(read(&[("mount", None), ("ipc", Some("/no/such"))], false).is_err());
    }
}
