//! What a program does before its C library starts: becoming one that no container can write.
//!
//! What enters a container must not run from a file that somebody in there could write through `/proc/self/exe`
//! (CVE-2019-5736), so a runtime starts a second time, from its own file behind a read-only mount that is attached
//! nowhere. The first start has nothing else to do, and the C library's part of it would be the larger one by far: glibc
//! asks the processor some sixty questions, each of which leaves a virtual machine. So this comes before: the linker makes
//! one of the two symbols below the program's entry, and whatever goes wrong here is done again, and told, by ordinary
//! code after `_start`.
//!
//! * `gantry_entry_sealed`: where the name is a runtime's and the command enters a container, run from the own file behind
//!   a read-only mount.
//! * `gantry_entry_carried`: where the name is a runtime's, run the program that this one carries, from the file that
//!   [`carried`] names, if it is there.
//!
//! The code that runs before `_start` uses no function of the C library, no thread-local and no table of addresses: none
//! of them works yet. Calls to other crates go by such a table unless they are inlined, so this crate is optimised in
//! every profile (the workspace's `Cargo.toml`).

use std::ffi::CStr;
use std::fs::Metadata;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::mount::attr;

/// The folder of carried programs; only root can have made it.
pub const CARRIED: &str = "/run/gantry-runtime";

/// Where the program lies that the program with this file carries: the name says which file that is, and which version of
/// it, since nobody sets the time of a file's last change back.
pub fn carried(own: &Metadata) -> PathBuf {
    let parts = [own.dev(), own.ino(), own.ctime().cast_unsigned(), own.ctime_nsec().cast_unsigned()];
    Path::new(CARRIED).join(parts.map(|part| format!("{part:016x}")).join("-"))
}

/// Of statfs(2), `f_flags`: the mount is read-only.
const RDONLY: u64 = 1;

/// `/run/gantry-runtime/` and four numbers of 16 digits, with what is between them, and NUL.
const LENGTH: usize = CARRIED.len() + 4 * 17 + 1;

/// `struct mount_attr` of mount_setattr(2). Folders like `/run` are often mounted noexec, which is not said of this file.
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    userns: u64,
}

static SEALED: Attributes = Attributes { set: attr::RDONLY, clear: attr::NOEXEC, propagation: 0, userns: 0 };

#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".globl gantry_entry_sealed",
    "gantry_entry_sealed:",
    "xor esi, esi",
    "jmp 1f",
    ".globl gantry_entry_carried",
    "gantry_entry_carried:",
    "mov esi, 1",
    "1:",
    // The kernel hands over the arguments on the stack, and in rdx what _start is to register; the stack is aligned to 16.
    "mov rdi, rsp",
    "push rdx",
    "sub rsp, 8",
    "call {enter}",
    "add rsp, 8",
    "pop rdx",
    "jmp _start",
    enter = sym enter,
);

/// Becomes the other program, or returns.
///
/// # Safety
/// `stack` is the stack as the kernel leaves it at a program's entry: the number of arguments, the arguments, null, the
/// environment, null.
#[cfg(target_arch = "x86_64")]
unsafe extern "C" fn enter(stack: *const usize, is_carried: u32) {
    // SAFETY: by the contract all pointers up to the second null are there, and each leads to a string with a NUL.
    unsafe {
        let (count, args) = (*stack, stack.add(1).cast::<*const u8>());
        if count == 0 || !is_runtime(file_name(*args)) {
            return;
        }
        let flags = (libc::O_PATH | libc::O_CLOEXEC) as usize;
        let own = call(libc::SYS_open, c"/proc/self/exe".as_ptr() as usize, flags, 0, 0, 0);
        let program = if is_carried == 1 { open_carried(own) } else { open_sealed(own, count, args) };
        if program >= 0 {
            behind_read_only(program, args, args.add(count + 1));
            close(program);
        }
        if own >= 0 {
            close(own);
        }
    }
}

/// The own file, where it can be written and the command enters a container.
#[cfg(target_arch = "x86_64")]
unsafe fn open_sealed(own: isize, count: usize, args: *const *const u8) -> isize {
    let mut at = 1;
    // SAFETY: as for the caller.
    unsafe {
        while at < count {
            if enters(*args.add(at)) {
                return if is_read_only(own) { -1 } else { call(libc::SYS_dup, own as usize, 0, 0, 0, 0) };
            }
            at += 1;
        }
    }
    -1
}

/// The carried program, where it is there and root's alone.
#[cfg(target_arch = "x86_64")]
unsafe fn open_carried(own: isize) -> isize {
    let (mut found, mut path) = (MaybeUninit::<libc::stat>::uninit(), MaybeUninit::<[u8; LENGTH]>::uninit());
    let path = path.as_mut_ptr().cast::<u8>();
    let flags = (libc::O_PATH | libc::O_CLOEXEC | libc::O_NOFOLLOW) as usize;
    // SAFETY: the kernel fills the structure before it is read, and `write_path` fills all of the path.
    unsafe {
        if !look(own, &mut found) {
            return -1;
        }
        write_path(path, found.assume_init_ref());
        let program = call(libc::SYS_open, path as usize, flags, 0, 0, 0);
        if !look(program, &mut found) {
            return program;
        }
        let found = found.assume_init_ref();
        if found.st_uid == 0 && found.st_mode & 0o022 == 0 && found.st_mode & libc::S_IFMT == libc::S_IFREG {
            return program;
        }
        close(program);
    }
    -1
}

#[cfg(target_arch = "x86_64")]
unsafe fn look(file: isize, found: &mut MaybeUninit<libc::stat>) -> bool {
    let (empty, found, only) = (c"".as_ptr() as usize, found.as_mut_ptr() as usize, libc::AT_EMPTY_PATH as usize);
    // SAFETY: the structure is of the size that the kernel fills.
    unsafe { call(libc::SYS_newfstatat, file as usize, empty, found, only, 0) == 0 }
}

/// What [`carried`] gives, NUL at its end.
#[cfg(target_arch = "x86_64")]
unsafe fn write_path(path: *mut u8, own: &libc::stat) {
    let mut at = 0;
    // SAFETY: `path` has room for LENGTH bytes: the folder, four times a separator and 16 digits, and the NUL.
    unsafe {
        while at < CARRIED.len() {
            *path.add(at) = *CARRIED.as_ptr().add(at);
            at += 1;
        }
        at = write_number(path, at, b'/', own.st_dev);
        at = write_number(path, at, b'-', own.st_ino);
        at = write_number(path, at, b'-', own.st_ctime as u64);
        at = write_number(path, at, b'-', own.st_ctime_nsec as u64);
        *path.add(at) = 0;
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn write_number(path: *mut u8, at: usize, separator: u8, number: u64) -> usize {
    let mut digit = 0;
    // SAFETY: the caller has room for a separator and 16 digits.
    unsafe {
        *path.add(at) = separator;
        while digit < 16 {
            let value = (number >> (60 - 4 * digit)) as u8 & 15;
            *path.add(at + 1 + digit) = if value < 10 { b'0' + value } else { b'a' + value - 10 };
            digit += 1;
        }
    }
    at + 17
}

/// Becomes `program` behind a read-only mount, or returns. That the mount is read-only is seen before: so the second start
/// sees it too, and there is no third.
#[cfg(target_arch = "x86_64")]
unsafe fn behind_read_only(program: isize, args: *const *const u8, env: *const *const u8) {
    let clone = libc::OPEN_TREE_CLONE as usize | libc::OPEN_TREE_CLOEXEC as usize;
    let (empty, only) = (c"".as_ptr() as usize, libc::AT_EMPTY_PATH as usize);
    let attributes = &raw const SEALED as usize;
    // SAFETY: the strings end with NUL, the structure has the size that is given, and both lists end with null.
    unsafe {
        let tree = call(libc::SYS_open_tree, program as usize, empty, clone | only, 0, 0);
        if tree < 0 {
            return;
        }
        let is_set = call(libc::SYS_mount_setattr, tree as usize, empty, only, attributes, size_of::<Attributes>());
        if is_set == 0 && is_read_only(tree) {
            call(libc::SYS_execveat, tree as usize, empty, args as usize, env as usize, only);
        }
        close(tree);
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn is_read_only(file: isize) -> bool {
    let mut found = MaybeUninit::<libc::statfs64>::uninit();
    // SAFETY: the structure is of the size that the kernel fills, which it has done where it gives 0.
    unsafe {
        call(libc::SYS_fstatfs, file as usize, found.as_mut_ptr() as usize, 0, 0, 0) == 0
            && found.assume_init_ref().f_flags as u64 & RDONLY != 0
    }
}

/// What is behind the last slash.
#[cfg(target_arch = "x86_64")]
unsafe fn file_name(path: *const u8) -> *const u8 {
    let (mut name, mut at) = (path, path);
    // SAFETY: the string ends with NUL.
    unsafe {
        while *at != 0 {
            at = at.add(1);
            if *at.sub(1) == b'/' {
                name = at;
            }
        }
    }
    name
}

/// Whether this is the name of a runtime. The names are no table: a table of addresses is not yet where it points.
#[cfg(target_arch = "x86_64")]
unsafe fn is_runtime(name: *const u8) -> bool {
    // SAFETY: all strings end with NUL.
    unsafe { is(name, c"gantry-runc") || is(name, c"runc") }
}

/// Whether this is a command from which a process enters a container.
#[cfg(target_arch = "x86_64")]
unsafe fn enters(command: *const u8) -> bool {
    // SAFETY: all strings end with NUL.
    unsafe { is(command, c"run") || is(command, c"create") || is(command, c"exec") || is(command, c"restore") }
}

#[cfg(target_arch = "x86_64")]
unsafe fn is(mut text: *const u8, name: &CStr) -> bool {
    let mut name = name.as_ptr().cast::<u8>();
    // SAFETY: both strings end with NUL, behind which nothing is read.
    unsafe {
        while *text == *name && *text != 0 {
            (text, name) = (text.add(1), name.add(1));
        }
        *text == *name
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn close(file: isize) {
    // SAFETY: the caller's own descriptor.
    unsafe { call(libc::SYS_close, file as usize, 0, 0, 0, 0) };
}

/// A system call, whose result is negative where it fails.
///
/// # Safety
/// As for the call.
#[cfg(target_arch = "x86_64")]
unsafe fn call(number: libc::c_long, a: usize, b: usize, c: usize, d: usize, e: usize) -> isize {
    let result;
    // SAFETY: the caller's; the kernel clobbers rcx and r11 alone.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e,
            lateout("rcx") _, lateout("r11") _, options(nostack),
        );
    }
    result
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_to_their_end() {
        let runtime = |path: &CStr| {
            let path = path.as_ptr().cast();
            // SAFETY: it ends with NUL.
            unsafe { is_runtime(file_name(path)) }
        };
        for path in [c"runc", c"/usr/bin/runc", c"./gantry-runc", c"//gantry-runc"] {
            assert!(runtime(path), "{path:?}");
        }
        for path in [c"", c"/", c"runc/", c"gantry", c"gantry-runc2", c"gantry-run", c"run"] {
            assert!(!runtime(path), "{path:?}");
        }
        // SAFETY: they end with NUL.
        unsafe {
            assert!(enters(c"exec".as_ptr().cast()));
            assert!(!enters(c"executable".as_ptr().cast()));
        }
    }

    #[test]
    fn both_ways_name_the_same_file() {
        let own = std::fs::metadata("/proc/self/exe").unwrap();
        let (mut found, mut path) = (MaybeUninit::uninit(), [1; LENGTH]);
        let file = rustix::fs::open("/proc/self/exe", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
        // SAFETY: the file is open; `look` fills the structure, and the path has the room it takes.
        unsafe {
            assert!(look(std::os::fd::AsRawFd::as_raw_fd(&file) as isize, &mut found));
            write_path(path.as_mut_ptr(), found.assume_init_ref());
        }
        let path = CStr::from_bytes_with_nul(&path).unwrap();
        assert_eq!(Path::new(path.to_str().unwrap()), carried(&own));
    }
}
