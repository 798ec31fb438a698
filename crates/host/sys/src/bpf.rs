//! Programs of the extended BPF that decide about a control group's devices: bpf(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Commands, types and flags of linux/bpf.h.
const PROG_LOAD: libc::c_int = 5;
const PROG_ATTACH: libc::c_int = 8;
const PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const CGROUP_DEVICE: u32 = 6;
const ALLOW_MULTI: u32 = 1 << 1;

/// One instruction, `struct bpf_insn`, is 8 bytes.
const INSTRUCTION: usize = 8;

/// The part of `union bpf_attr` that loading a program needs; the kernel takes what it is shorter than its own as zero.
#[repr(C)]
#[derive(Default)]
struct Load {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; 16],
}

/// The part of `union bpf_attr` that attaching a program needs.
#[repr(C)]
#[derive(Default)]
struct Attach {
    target_fd: u32,
    attach_bpf_fd: u32,
    attach_type: u32,
    attach_flags: u32,
}

/// Loads a device program, a sequence of native-endian `struct bpf_insn`.
///
/// # Errors
/// `EINVAL` or `EACCES` where the kernel's verifier refuses it, `EPERM` without CAP_BPF and CAP_NET_ADMIN.
pub fn load_device_program(program: &[u8]) -> io::Result<OwnedFd> {
    let count = program.len() / INSTRUCTION;
    if count == 0 || !program.len().is_multiple_of(INSTRUCTION) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let attributes = Load {
        prog_type: PROG_TYPE_CGROUP_DEVICE,
        insn_cnt: u32::try_from(count).map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?,
        insns: program.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        ..Load::default()
    };
    // SAFETY: the attributes have the given size and are only read; they name `insn_cnt` instructions within `program`,
    // which are copied by copy_from_user without asking for alignment, and a NUL-terminated string.
    let fd =
        super::check(unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, &raw const attributes, size_of::<Load>()) })?;
    // SAFETY: the kernel has just made this descriptor, close-on-exec, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Attaches a device program to a version 2 control group, beside those of its parents, all of which must allow.
/// It stays as long as the group does.
pub fn attach_device_program(cgroup: BorrowedFd<'_>, program: BorrowedFd<'_>) -> io::Result<()> {
    let attributes = Attach {
        target_fd: cgroup.as_raw_fd() as u32,
        attach_bpf_fd: program.as_raw_fd() as u32,
        attach_type: CGROUP_DEVICE,
        attach_flags: ALLOW_MULTI,
    };
    // SAFETY: the attributes have the given size and are only read; both descriptors are open.
    super::check(unsafe { libc::syscall(libc::SYS_bpf, PROG_ATTACH, &raw const attributes, size_of::<Attach>()) })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_is_refused() {
        for bad in [&[][..], &[0; 7], &[0; 8]] {
            assert!(load_device_program(bad).is_err());
        }
    }
}
