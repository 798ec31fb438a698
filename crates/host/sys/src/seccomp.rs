//! Loads system call filters: seccomp(2).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// One BPF instruction, `struct sock_filter` of linux/filter.h, is 8 bytes.
const INSTRUCTION: usize = 8;

/// `SECCOMP_FILTER_FLAG_NEW_LISTENER` of linux/seccomp.h.
const NEW_LISTENER: u64 = 1 << 3;

/// Loads a filter for this thread. `program` is a sequence of native-endian `struct sock_filter`, `flags` are
/// `SECCOMP_FILTER_FLAG_*`. Gives the descriptor by which calls are decided, where the flags ask for one. Needs `no_new_privs`, or CAP_SYS_ADMIN in the thread's user namespace.
///
/// # Errors
/// `EINVAL` where `program` is no whole number of instructions, has none or more than 65,535, or the kernel's verifier
/// refuses it.
pub fn load(program: &[u8], flags: u64) -> io::Result<Option<OwnedFd>> {
    let count = u16::try_from(program.len() / INSTRUCTION).ok().filter(|&count| count > 0);
    let count = count.filter(|_| program.len().is_multiple_of(INSTRUCTION));
    let count = count.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    let filter = libc::sock_fprog { len: count, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: `filter` names `count` instructions that lie within `program`; the kernel copies them by
    // copy_from_user, which asks for no alignment, and does not write to them.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
    let result = super::check(result)?;
    // SAFETY: with this flag a result that is no error is a new descriptor, which nobody else knows.
    Ok((flags & NEW_LISTENER != 0).then(|| unsafe { OwnedFd::from_raw_fd(result as RawFd) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_is_refused_before_the_kernel_sees_it() {
        for bad in [&[][..], &[0; 7], &[0; 9]] {
            assert_eq!(load(bad, 0).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        }
        assert!(load(&vec![0; 8 * 65_536], 0).is_err());
    }
}
