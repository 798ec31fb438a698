//! Docker's default profile.
//!
//! Facts of Docker 29 (`seccomp/default_linux.go` of the repository moby/profiles, June 2026), written down as data: what is
//! not listed fails with EPERM. Two rules differ in form from Docker's:
//!
//! - **socket(2).** Docker allows the families below 38, 39, and above 40, to leave out `AF_ALG` (38, CVE-2026-31431) and
//!   `AF_VSOCK` (40). A filter compares all 64 bits of a register, but the kernel reads an `int`: family `1 << 32 | 38` is
//!   above 40 for the filter, and `AF_ALG` for the kernel. Our rules look at the lower 32 bits only, so they close this
//!   way round; every family that Docker allows is allowed.
//! - **socketcall(2)**, the way in which most 32-bit x86 programs open sockets, takes its arguments in memory, where no
//!   filter can look. Docker allows it (having denied it for a week in May 2026, which broke 32-bit TCP), and so do we:
//!   only a security module can refuse `AF_ALG` there, by its hook on the creation of sockets.

use oci::runtime::{Seccomp, Syscall, SyscallArg};

use crate::KernelVersion;

/// EPERM.
const DENIED: u32 = 1;
/// ENOSYS: makes libc fall back from clone3, whose flags lie in memory, to clone, whose flags a filter can see.
const NO_SUCH_CALL: u32 = 38;

/// Flags of clone(2) that make namespaces: mount, cgroup, UTS, IPC, user, pid, network.
const NEW_NAMESPACES: u64 = 0x7e02_0000;

/// Values of personality(2) that are harmless: Linux, Linux 32-bit machine, both with `UNAME26`, and the question.
const PERSONALITIES: [u64; 5] = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Address families 0–63 without `AF_ALG` and `AF_VSOCK`, as blocks: first and size, a power of two.
const FAMILIES: [(u64, u64); 8] = [(0, 32), (32, 4), (36, 2), (39, 1), (41, 1), (42, 2), (44, 4), (48, 16)];

/// From this kernel on, seccomp is asked again after a tracer has changed a call, so that tracing opens no hole.
const SAFE_PTRACE: KernelVersion = KernelVersion { major: 4, minor: 8 };
const PTRACE: &str = "process_vm_readv process_vm_writev ptrace";

/// Calls that a capability opens.
const BY_CAPABILITY: [(&str, &str); 14] = [
    ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    (
        "CAP_SYS_ADMIN",
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr \
         lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl \
         quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare",
    ),
    ("CAP_SYS_BOOT", "reboot"),
    ("CAP_SYS_CHROOT", "chroot"),
    ("CAP_SYS_MODULE", "delete_module init_module finit_module"),
    ("CAP_SYS_PACCT", "acct"),
    ("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
    ("CAP_SYS_RAWIO", "iopl ioperm"),
    ("CAP_SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
    ("CAP_SYS_TTY_CONFIG", "vhangup"),
    ("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    ("CAP_SYSLOG", "syslog"),
    ("CAP_BPF", "bpf"),
    ("CAP_PERFMON", "perf_event_open"),
];

/// Architectures of a machine, and the calls that only it has.
const MACHINES: [(&str, &[&str], &str); 3] = [
    ("x86_64", &["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "arch_prctl modify_ldt"),
    (
        "aarch64",
        &["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
    ),
    ("riscv64", &["SCMP_ARCH_RISCV64"], "riscv_flush_icache"),
];

/// Calls that are always allowed.
const ALWAYS: &str = "_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown \
    chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 \
    clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 \
    epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old \
    eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate \
    fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr \
    flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate \
    ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat get_robust_list \
    get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 \
    getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid \
    getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday \
    getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel \
    io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set \
    ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link \
    linkat listen listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise \
    map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 \
    mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 \
    mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall \
    munmap name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe \
    pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 \
    process_mrelease pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv \
    recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat \
    renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo \
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max \
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler \
    sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam \
    sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile \
    sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 \
    setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 \
    setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 \
    setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn \
    socketcall socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync \
    sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime \
    timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 \
    timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat \
    uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev";

/// Docker's default profile for a container with these capabilities in its bounding set, on this kernel.
#[must_use]
pub fn default_profile(capabilities: &[String], kernel: KernelVersion) -> Seccomp {
    let has = |name: &str| capabilities.iter().any(|capability| capability == name);
    let mut syscalls = vec![allow(ALWAYS)];
    if kernel >= SAFE_PTRACE {
        syscalls.push(allow(PTRACE));
    }
    syscalls.extend(sockets());
    syscalls.extend(PERSONALITIES.map(|value| allow_if("personality", "SCMP_CMP_EQ", value, 0)));
    syscalls.extend(BY_CAPABILITY.iter().filter(|(name, _)| has(name)).map(|(_, calls)| allow(calls)));
    if !has("CAP_SYS_ADMIN") {
        syscalls.push(allow_if("clone", "SCMP_CMP_MASKED_EQ", NEW_NAMESPACES, 0));
        syscalls.push(rule("clone3", "SCMP_ACT_ERRNO", Some(NO_SUCH_CALL)));
    }
    let machine = MACHINES.iter().find(|(name, ..)| *name == std::env::consts::ARCH);
    syscalls.extend(machine.map(|(.., calls)| allow(calls)));
    Seccomp {
        default_action: "SCMP_ACT_ERRNO".into(),
        default_errno_ret: Some(DENIED),
        architectures: machine.map(|(_, names, _)| strings(names.iter())).unwrap_or_default(),
        syscalls,
        ..Seccomp::default()
    }
}

/// Allows every address family but two; see the module's head.
fn sockets() -> impl Iterator<Item = Syscall> {
    let blocks = FAMILIES.iter().map(|&(first, size)| (u64::from(u32::MAX) & !(size - 1), first));
    // What has a bit above the blocks is no family at all; the kernel says so better than we do.
    let beyond = (6..32).map(|bit| (1 << bit, 1 << bit));
    blocks.chain(beyond).map(|(mask, value)| allow_if("socket", "SCMP_CMP_MASKED_EQ", mask, value))
}

fn allow(names: &str) -> Syscall {
    rule(names, "SCMP_ACT_ALLOW", None)
}

fn allow_if(name: &str, op: &str, value: u64, value_two: u64) -> Syscall {
    Syscall { args: vec![SyscallArg { index: 0, value, value_two, op: op.into() }], ..allow(name) }
}

fn rule(names: &str, action: &str, errno_ret: Option<u32>) -> Syscall {
    Syscall { names: strings(names.split_whitespace()), action: action.into(), errno_ret, args: Vec::new() }
}

fn strings(names: impl Iterator<Item = impl ToString>) -> Vec<String> {
    names.map(|name| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{AUDIT_I386, AUDIT_X86_64, X32_BIT};
    use crate::compile;
    use crate::oracle::interpreter::{Call, run};

    const KERNEL: KernelVersion = KernelVersion { major: 6, minor: 18 };
    const ALLOW: u32 = 0x7fff_0000;
    const EPERM: u32 = 0x0005_0001;
    const ENOSYS: u32 = 0x0005_0026;

    /// Decisions for a call with these first arguments.
    fn decide(capabilities: &[&str], kernel: KernelVersion, arch: u32, number: u32, first: u64) -> u32 {
        let profile = default_profile(&strings(capabilities.iter()), kernel);
        let args = [first, 0, 0, 0, 0, 0];
        run(&compile(&profile).unwrap(), &Call { number, arch, args })
    }

    fn socket(family: u64) -> [u32; 3] {
        let ways = [(AUDIT_X86_64, 41), (AUDIT_X86_64, 41 | X32_BIT), (AUDIT_I386, 359)];
        ways.map(|(arch, number)| decide(&[], KERNEL, arch, number, family))
    }

    #[test]
    fn two_address_families_are_denied_however_the_register_is_filled() {
        for family in [38, 40, 1 << 32 | 38, 1 << 63 | 40, 0xffff_ffff_0000_0026] {
            assert_eq!(socket(family), [EPERM; 3], "{family:#x}");
        }
        for family in (0..64).filter(|family| ![38, 40].contains(family)) {
            assert_eq!(socket(family), [ALLOW; 3], "{family}");
        }
        for family in [64, 102, 0x8000_0000, 0xffff_ffff, u64::MAX, 1 << 32 | 2] {
            assert_eq!(socket(family), [ALLOW; 3], "{family:#x}");
        }
    }

    #[test]
    fn socketcall_is_allowed_as_docker_does() {
        assert_eq!(decide(&[], KERNEL, AUDIT_I386, 102, 1), ALLOW);
    }

    #[test]
    fn clone_may_not_make_namespaces_without_the_capability() {
        let clone = |capabilities, flags| decide(capabilities, KERNEL, AUDIT_X86_64, 56, flags);
        assert_eq!(clone(&[], 0x11), ALLOW);
        assert_eq!(clone(&[], 0x1000_0011), EPERM);
        assert_eq!(clone(&["CAP_SYS_ADMIN"], 0x1000_0011), ALLOW);
        assert_eq!(decide(&[], KERNEL, AUDIT_X86_64, 435, 0), ENOSYS);
        assert_eq!(decide(&["CAP_SYS_ADMIN"], KERNEL, AUDIT_X86_64, 435, 0), ALLOW);
    }

    #[test]
    fn capabilities_open_their_calls_only() {
        let mount = |capabilities| decide(capabilities, KERNEL, AUDIT_X86_64, 165, 0);
        assert_eq!([mount(&[]), mount(&["CAP_SYS_CHROOT"]), mount(&["CAP_SYS_ADMIN"])], [EPERM, EPERM, ALLOW]);
        assert_eq!(decide(&["CAP_SYS_CHROOT"], KERNEL, AUDIT_X86_64, 161, 0), ALLOW);
    }

    #[test]
    fn tracing_needs_a_kernel_that_asks_again() {
        let ptrace = |minor| decide(&[], KernelVersion { major: 4, minor }, AUDIT_X86_64, 101, 0);
        assert_eq!([ptrace(7), ptrace(8)], [EPERM, ALLOW]);
    }

    #[test]
    fn bad_personalities_are_denied() {
        let personality = |value| decide(&[], KERNEL, AUDIT_X86_64, 135, value);
        assert_eq!([0, 8, 0x2_0008, 0xffff_ffff].map(personality), [ALLOW; 4]);
        assert_eq!([1, 0x4_0000, 0x1_0000_0000].map(personality), [EPERM; 3]);
    }

    #[test]
    fn the_program_is_short() {
        // Kernel memory for each container; libseccomp makes 1328 instructions of it.
        let program = compile(&default_profile(&[], KERNEL)).unwrap();
        assert!(program.len() < 500, "{} instructions", program.len());
    }
}
