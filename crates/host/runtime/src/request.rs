//! What the caller asks for.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use cgroup::Site;
use oci::runtime::Spec;

use crate::gate::Gate;

/// One container to make.
#[derive(Debug)]
pub struct Create<'a> {
    /// Names the container; also its session keyring.
    pub id: &'a str,
    /// The specification. Its root path is overruled by `rootfs`.
    pub spec: &'a Spec,
    /// The bundle directory: relative paths of the specification start here.
    pub bundle: &'a Path,
    /// Where the root file system comes from.
    pub rootfs: RootFs,
    /// Standard streams.
    pub io: Io,
    /// The network namespace to join; overrules a path in the specification.
    pub netns: Option<OwnedFd>,
    /// The specification's system call filter as [`seccomp::Program::to_bytes`] gives it. Without it, and where it is no
    /// program of this version, the filter is compiled.
    pub filter: Option<&'a [u8]>,
    /// What most callers do without.
    pub extras: Extras,
}

/// What most callers do without.
#[derive(Debug, Default)]
pub struct Extras {
    /// Where the container waits for its start, for callers that end before.
    pub gate: Option<Gate>,
    /// How many descriptors of the caller's, from 3 on, the program gets besides the standard streams.
    pub preserve: u32,
    /// Whether the root is changed by moving a mount and chroot(2), where pivot_root(2) cannot be (an initramfs).
    pub no_pivot: bool,
    /// Whether the caller's session keyring is kept.
    pub no_keyring: bool,
    /// Where the control groups go, for callers who have found that out already; else by the specification.
    pub site: Option<Site>,
}

/// Where a root file system comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootFs {
    /// A directory that is the root as it stands.
    Directory {
        /// Its path on the host.
        path: PathBuf,
    },
    /// Layers under a writable directory, mounted in the container's mount namespace alone.
    Overlay {
        /// Read-only layers, the topmost first; at least one.
        lower: Vec<PathBuf>,
        /// The writable layer.
        upper: PathBuf,
        /// The kernel's scratch directory, empty, on the same file system as `upper`.
        work: PathBuf,
        /// Whether nothing is synced, not even at the end; the layer cannot be mounted again then.
        volatile: bool,
    },
}

/// Standard streams of a process.
#[derive(Debug)]
pub enum Io {
    /// A terminal of the container; its other end is handed back.
    Terminal,
    /// The caller's own streams.
    Inherit,
    /// The process's own ends of three streams.
    Pipes {
        /// Descriptor 0.
        stdin: OwnedFd,
        /// Descriptor 1.
        stdout: OwnedFd,
        /// Descriptor 2.
        stderr: OwnedFd,
    },
}
