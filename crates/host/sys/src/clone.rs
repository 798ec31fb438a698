//! Forks the calling process with clone3(2): new namespaces, a pidfd and a control group in one call.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// `CLONE_*` bits that [`fork`] takes: clone(2), "The flags mask".
pub mod flag {
    /// A new mount namespace.
    pub const NEWNS: u64 = libc::CLONE_NEWNS as u64;
    /// A new cgroup namespace.
    pub const NEWCGROUP: u64 = libc::CLONE_NEWCGROUP as u64;
    /// A new UTS namespace.
    pub const NEWUTS: u64 = libc::CLONE_NEWUTS as u64;
    /// A new IPC namespace.
    pub const NEWIPC: u64 = libc::CLONE_NEWIPC as u64;
    /// A new user namespace.
    pub const NEWUSER: u64 = libc::CLONE_NEWUSER as u64;
    /// A new PID namespace.
    pub const NEWPID: u64 = libc::CLONE_NEWPID as u64;
    /// A new network namespace.
    pub const NEWNET: u64 = libc::CLONE_NEWNET as u64;
    /// A new time namespace, for [`super::unshare`] alone: the program that is executed next is in it.
    pub const NEWTIME: u64 = 0x80;
    /// The child becomes a sibling: its parent is the caller's parent.
    pub const PARENT: u64 = libc::CLONE_PARENT as u64;
    /// All of the above: what does not share memory, descriptors or signal handlers with the child.
    pub(super) const ALLOWED: u64 = NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | PARENT;
}

/// `CLONE_CLEAR_SIGHAND` and `CLONE_INTO_CGROUP` of linux/sched.h: they do not fit the type that libc gives them.
const CLEAR_SIGHAND: u64 = 1 << 32;
const INTO_CGROUP: u64 = 1 << 33;

/// `struct clone_args` of clone3(2), as of Linux 5.7.
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Which of the two processes the caller is after [`fork`].
#[derive(Debug)]
pub enum Fork {
    /// The old one.
    Parent {
        /// The child's id in the caller's PID namespace.
        pid: i32,
        /// Refers to the child and to no later process with its id.
        pidfd: OwnedFd,
    },
    /// The new one.
    Child(Child),
}

/// Proof of being the new process: a copy of the parent's memory and of its descriptor table.
///
/// Its holder must end by execve(2) or [`Child::exit`] and never return into the parent's frames.
#[derive(Debug)]
pub struct Child(());

impl Child {
    /// Closes all descriptors from 3 on but those in `keep`. Owners of the closed ones must not be used or dropped
    /// after this, which holds when the child never returns.
    pub fn close_all_but(&self, keep: &mut [RawFd]) -> io::Result<()> {
        keep.sort_unstable();
        let mut first = 3;
        for &fd in keep.iter().filter(|&&fd| fd >= 3) {
            if fd > first {
                close_range(first, fd - 1)?;
            }
            first = fd + 1;
        }
        close_range(first, RawFd::MAX)
    }

    /// Ends the process at once: no destructors, no buffers flushed twice.
    pub fn exit(self, code: i32) -> ! {
        // SAFETY: _exit(2) takes any status, touches no memory and does not return.
        unsafe { libc::_exit(code) }
    }
}

fn close_range(first: RawFd, last: RawFd) -> io::Result<()> {
    // SAFETY: close_range(2) takes three integers. Only a `Child` gets here: its table is a private copy, and the
    // frames of the parent that own these descriptors are never entered again in this process.
    super::check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop)
}

/// Forks. The child runs on a copy of the caller's memory, with default dispositions for handled signals; `cgroup` is
/// the directory of a version 2 control group in which it starts.
///
/// The caller must have one thread, as else the child could inherit a lock that nobody will ever release: the kernel is
/// asked, and `EINVAL` is the answer to a threaded caller. Flags which share memory or descriptors are `EINVAL` as well.
pub fn fork(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Fork> {
    if flags & !flag::ALLOWED != 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    assert_single_threaded()?;
    let mut pidfd: RawFd = -1;
    let mut args = CloneArgs {
        flags: flags | libc::CLONE_PIDFD as u64 | CLEAR_SIGHAND,
        pidfd: &raw mut pidfd as u64,
        // A sibling takes over the exit signal of its maker: kernel/fork.c refuses a second one.
        exit_signal: if flags & flag::PARENT == 0 { libc::SIGCHLD as u64 } else { 0 },
        ..CloneArgs::default()
    };
    if let Some(cgroup) = cgroup {
        args.flags |= INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `args` is a valid clone_args of the given size and `pidfd` outlives the call. Without CLONE_VM and with a
    // null stack this is fork(2): the child has its own copy of memory and the same stack pointer. The process has one
    // thread (checked above), so that no lock of libc or of the allocator is held by a thread that the child lacks.
    let pid = super::check(unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<CloneArgs>()) })?;
    if pid == 0 {
        return Ok(Fork::Child(Child(())));
    }
    // SAFETY: the kernel has stored a new descriptor here that nobody else owns; CLONE_PIDFD sets close-on-exec.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Fork::Parent { pid: pid as i32, pidfd })
}

/// Asks the kernel whether this process has one thread: unshare(2) with `CLONE_THREAD` does nothing then, and is
/// `EINVAL` otherwise.
pub fn assert_single_threaded() -> io::Result<()> {
    // SAFETY: with CLONE_THREAD alone unshare(2) changes nothing; it only reports.
    super::check(unsafe { libc::unshare(libc::CLONE_THREAD) }.into()).map(drop)
}

/// Moves this process into new namespaces: [`flag::NEWNS`], [`flag::NEWCGROUP`], [`flag::NEWUTS`], [`flag::NEWIPC`],
/// [`flag::NEWNET`], [`flag::NEWTIME`]. A cgroup namespace is rooted at the control groups in which the process is at this moment.
///
/// # Errors
/// `EINVAL` for other flags, and for a caller with more than one thread.
pub fn unshare(flags: u64) -> io::Result<()> {
    let allowed = flag::NEWNS | flag::NEWCGROUP | flag::NEWUTS | flag::NEWIPC | flag::NEWNET | flag::NEWTIME;
    if flags & !allowed != 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    assert_single_threaded()?;
    // SAFETY: none of these flags touches user memory or the descriptor table, which CLONE_FILES would split, and there
    // is no other thread that could go on with another root or working directory.
    super::check(unsafe { libc::unshare(flags as libc::c_int) }.into()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threaded_caller_and_sharing_flags_are_refused() {
        // The test harness has at least two threads.
        assert_eq!(fork(0, None).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(fork(libc::CLONE_VM as u64, None).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }
}
