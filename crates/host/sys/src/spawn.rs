//! Starts a program from a descriptor, with an exact list of descriptors and nothing else of the parent's.
//!
//! ```text
//! parent (any number of threads)                    child (own table of descriptors and signals, the parent's memory)
//!   │ all signals blocked                             │
//!   │ clone(CLONE_VM|CLONE_VFORK|CLONE_PIDFD) ───────►│ default signal actions, setsid
//!   ┆ this thread sleeps                              │ everything close-on-exec, then dup2 of the listed ones
//!   ┆                                                 │ nothing blocked
//!   │ ◄───────────────────────────────────────────────│ execveat(fd, "", …)   or the errno in shared memory, _exit
//! ```
//!
//! As posix_spawn(3) does it; that function itself can neither execute a descriptor nor give a pidfd nor mark the
//! unlisted descriptors in the glibc versions we build on.

use std::cell::Cell;
use std::ffi::{CString, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// A process just started.
#[derive(Debug)]
pub struct Child {
    /// Its id.
    pub pid: i32,
    /// Refers to it and to no later process of the same id. Readable when it has ended.
    pub pidfd: OwnedFd,
}

/// The child's stack in bytes: a handful of frames that call the kernel.
const STACK: usize = 64 << 10;

/// Executes the program in `exe` with `args` (the first one is its name) in a new session, with an empty environment.
///
/// `fds` says which descriptors it gets under which numbers; every other one is closed, 0–2 too. All signals have their
/// default action and none is blocked. Returns when the program is being executed, or cannot be: the error then is
/// that of the failing step.
pub fn spawn(exe: BorrowedFd<'_>, args: &[CString], fds: &[(BorrowedFd<'_>, i32)]) -> io::Result<Child> {
    let plan = Plan::new(exe, args, fds)?;
    let mut stack = vec![MaybeUninit::<u128>::uninit(); STACK / 16];
    let (pid, pidfd) = blocking_signals(|| {
        let mut pidfd: c_int = -1;
        // SAFETY: the child runs `run_child` on `stack`, whose end is 16-byte aligned and which outlives the child's
        // use of it, since CLONE_VFORK lets us sleep until the child has left our memory. Signals are blocked, so no
        // handler runs on shared memory. CLONE_PIDFD stores the new descriptor through the parent_tid argument.
        let pid = unsafe {
            libc::clone(
                run_child,
                stack.as_mut_ptr_range().end.cast(),
                libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD,
                ptr::from_ref(&plan).cast_mut().cast(),
                ptr::from_mut(&mut pidfd),
            )
        };
        if pid < 0 { Err(io::Error::last_os_error()) } else { Ok((pid, pidfd)) }
    })?;
    // SAFETY: clone succeeded and has given us this descriptor.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    match plan.errno.get() {
        0 => Ok(Child { pid, pidfd }),
        errno => {
            reap(pid);
            Err(io::Error::from_raw_os_error(errno))
        }
    }
}

/// All that the child needs, made before it exists: it must not allocate.
struct Plan {
    exe: RawFd,
    argv: Vec<*const libc::c_char>,
    envp: [*const libc::c_char; 1],
    /// Where each descriptor comes from (rewritten by the child to a copy out of the way), and its number.
    moves: Vec<(Cell<RawFd>, RawFd)>,
    /// The first number above all wanted ones.
    above: RawFd,
    /// What stopped the child, 0 for nothing.
    errno: Cell<c_int>,
}

impl Plan {
    fn new(exe: BorrowedFd<'_>, args: &[CString], fds: &[(BorrowedFd<'_>, i32)]) -> io::Result<Self> {
        let moves: Vec<_> = fds.iter().map(|&(fd, number)| (Cell::new(fd.as_raw_fd()), number)).collect();
        if args.is_empty() || moves.iter().any(|&(_, number)| number < 0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Self {
            exe: exe.as_raw_fd(),
            argv: args.iter().map(|arg| arg.as_ptr()).chain([ptr::null()]).collect(),
            envp: [ptr::null()],
            above: moves.iter().map(|&(_, number)| number + 1).max().unwrap_or(0),
            moves,
            errno: Cell::new(0),
        })
    }

    /// The child's way. Comes back only with the errno of the step that failed.
    ///
    /// # Safety
    /// Only in a child made by [`spawn`]: it changes signals, session and descriptors of the calling process, and
    /// executes. It calls nothing that allocates, locks or panics.
    unsafe fn execute(&self) -> c_int {
        // SAFETY: the callers' condition; all pointers lead into `self`, which outlives the call, and into strings
        // that `spawn`'s caller keeps alive meanwhile.
        unsafe {
            default_signals();
            libc::setsid();
            let exe = libc::fcntl(self.exe, libc::F_DUPFD_CLOEXEC, self.above);
            if exe < 0 || !self.place_descriptors() {
                return *libc::__errno_location();
            }
            unblock_signals();
            let flags = libc::AT_EMPTY_PATH;
            libc::syscall(libc::SYS_execveat, exe, c"".as_ptr(), self.argv.as_ptr(), self.envp.as_ptr(), flags);
            *libc::__errno_location()
        }
    }

    /// Moves the wanted descriptors out of the way of one another, marks everything close-on-exec, and puts the wanted
    /// ones in place.
    ///
    /// # Safety
    /// As [`Plan::execute`].
    unsafe fn place_descriptors(&self) -> bool {
        for (from, _) in &self.moves {
            // SAFETY: works on numbers alone, in the child's own table.
            let copy = unsafe { libc::fcntl(from.get(), libc::F_DUPFD_CLOEXEC, self.above) };
            if copy < 0 {
                return false;
            }
            from.set(copy);
        }
        // SAFETY: as above. Kernels before 5.11 refuse it; there the descriptors' own flags must do, and every one
        // of ours is made close-on-exec.
        unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        // SAFETY: as above.
        self.moves.iter().all(|(from, number)| unsafe { libc::dup2(from.get(), *number) } >= 0)
    }
}

extern "C" fn run_child(plan: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes its plan, which lives while its thread sleeps in clone.
    let plan = unsafe { &*plan.cast_const().cast::<Plan>() };
    // SAFETY: we are the child.
    plan.errno.set(unsafe { plan.execute() });
    // SAFETY: leaves without running anything of the parent's.
    unsafe { libc::_exit(127) }
}

/// Gives every signal its default action: execve(2) resets handlers but keeps ignored signals ignored. Asks the kernel
/// itself, since libc refuses to touch the two real-time signals that it uses, which our parent may have left ignored.
///
/// # Safety
/// Where no handler is needed any more; not in a process that shares its table of signal actions.
unsafe fn default_signals() {
    const MASK_BYTES: usize = 8;
    // struct sigaction of the kernel: all zeros are SIG_DFL, no flags, no restorer and an empty mask.
    let default = [0u64; 4];
    for signal in 1..=64 {
        let none = ptr::null_mut::<c_void>();
        // SAFETY: SIG_DFL runs no code of ours; KILL and STOP are refused, which is right.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), none, MASK_BYTES) };
    }
}

/// # Safety
/// In a child whose handlers are gone.
unsafe fn unblock_signals() {
    let mut none = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises what sigprocmask reads.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
    }
}

/// Runs `action` with all signals blocked for this thread.
fn blocking_signals<T>(action: impl FnOnce() -> T) -> T {
    let (mut all, mut old) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset initialises what pthread_sigmask reads; it stores the old mask, or fails leaving it unused.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr());
    }
    let result = action();
    // SAFETY: pthread_sigmask cannot fail with SIG_SETMASK and valid pointers, so `old` is initialised.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, old.as_ptr(), ptr::null_mut()) };
    result
}

/// Which of the two processes the caller is after [`fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The old one; the child has this id.
    Parent(i32),
    /// The new one.
    Child,
}

/// Forks with fork(2), which unlike clone3(2) is never refused inside a container.
///
/// # Errors
/// `EINVAL` where this process has more than one thread: the child could inherit a lock that nobody will ever release.
pub fn fork() -> io::Result<Fork> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: with one thread (just counted, and nobody else is there to make another) no lock is held by anybody else,
    // so that the child is a whole copy which may do whatever the parent may.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// Gives every signal its default action, the two that libc keeps for itself included, and blocks none.
pub fn reset_signals() {
    // SAFETY: no signal is handled by code that must not be lost: default actions run none, and the mask is a value.
    unsafe {
        default_signals();
        unblock_signals();
    }
}

fn reap(pid: i32) {
    // SAFETY: a null status is allowed; the child is ours and has called _exit.
    while unsafe { libc::waitpid(pid, ptr::null_mut(), 0) } < 0
        && io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
    {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::AsFd;

    /// Runs a shell script that way; returns its output and its exit code.
    fn shell(script: &str, more: &[(BorrowedFd<'_>, i32)]) -> (String, i32) {
        let shell = File::open("/bin/sh").unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        let null = File::open("/dev/null").unwrap();
        let mut fds = vec![(null.as_fd(), 0), (writer.as_fd(), 1), (writer.as_fd(), 2)];
        fds.extend_from_slice(more);
        let args = ["sh", "-c", script].map(|arg| CString::new(arg).unwrap());
        let child = spawn(shell.as_fd(), &args, &fds).unwrap();
        drop(writer);
        let mut output = String::new();
        reader.read_to_string(&mut output).unwrap();
        let mut status = 0;
        // SAFETY: `status` is ours.
        assert_eq!(unsafe { libc::waitpid(child.pid, &mut status, 0) }, child.pid);
        (output, libc::WEXITSTATUS(status))
    }

    #[test]
    fn the_child_gets_the_listed_descriptors_and_no_others() {
        let (a, b) = (File::open("/proc/version").unwrap(), File::open("/proc/loadavg").unwrap());
        // SAFETY: a copy without close-on-exec, as careless libraries make them; closed at the end of the test.
        let careless = unsafe { OwnedFd::from_raw_fd(libc::dup(a.as_raw_fd())) };
        // The wanted numbers are crossed: each one's number is the other one's source.
        let crossed = [(a.as_fd(), b.as_raw_fd()), (b.as_fd(), a.as_raw_fd())];
        let script = format!(
            "readlink /proc/self/fd/{} /proc/self/fd/{}; cd /proc/$$/fd; for f in *; do readlink $f >/dev/null && echo $f; done; true",
            b.as_raw_fd(),
            a.as_raw_fd()
        );
        let (output, code) = shell(&script, &crossed);
        let mut numbers = [0, 1, 2, a.as_raw_fd(), b.as_raw_fd()].map(|n| n.to_string());
        // The directory that the shell lists is gone when readlink looks.
        numbers.sort();
        assert_eq!((output, code), (format!("/proc/version\n/proc/loadavg\n{}\n", numbers.join("\n")), 0));
        drop(careless);
    }

    #[test]
    fn session_signals_and_environment_are_new() {
        let script = r#"
            set -- $(cat /proc/$$/stat); [ "$6" = "$$" ] || echo no session
            # By itself: a shell blocks signals while it starts a program.
            while IFS= read -r line; do case $line in Sig[BI]*) echo "$line";; esac; done </proc/$$/status
            tr '\0' '\n' </proc/$$/environ
            exit 7"#;
        let zeros = "0".repeat(16);
        assert_eq!(shell(script, &[]), (format!("SigBlk:\t{zeros}\nSigIgn:\t{zeros}\n"), 7));
    }

    #[test]
    fn what_cannot_be_executed_is_an_error_and_leaves_no_child() {
        let text = crate::memfd::sealed(b"not a program", c"text").unwrap();
        let error = spawn(text.as_fd(), &[CString::from(c"text")], &[]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOEXEC));
        assert!(spawn(text.as_fd(), &[], &[]).is_err());
        assert!(spawn(text.as_fd(), &[CString::from(c"text")], &[(text.as_fd(), -1)]).is_err());
    }

    #[test]
    fn a_threaded_process_does_not_fork() {
        assert_eq!(fork().unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn a_sealed_program_runs_and_the_pidfd_tells_its_end() {
        let program = crate::memfd::sealed(&std::fs::read("/bin/true").unwrap(), c"true").unwrap();
        let child = spawn(program.as_fd(), &[CString::from(c"true")], &[]).unwrap();
        let mut poll = [rustix::event::PollFd::new(&child.pidfd, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut poll, None).unwrap();
        reap(child.pid);
    }
}
