//! The start of a small program: `main` without what Rust's own start adds.
//!
//! Rust's start reads `/proc/self/maps` for the guard page of the stack and makes a second stack for telling of an overflow:
//! some twenty system calls, of which a program that lives for milliseconds has nothing. An overflow still ends it.

use std::ffi::{c_char, c_int};
use std::io::Write as _;

/// Makes `$main`, a `fn() -> u8`, the program. For a crate with `#![no_main]`.
#[macro_export]
macro_rules! program {
    ($main:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn main(_: $crate::program::Count, _: $crate::program::Arguments) -> $crate::program::Count {
            $crate::program::start($main)
        }
    };
}

/// C's `argc`, and a program's result.
pub type Count = c_int;
/// C's `argv`; `std::env::args_os` has them too.
pub type Arguments = *const *const c_char;

/// Runs `main` with what it may rely on: three standard streams, and an error instead of a signal from a broken pipe.
pub fn start(main: fn() -> u8) -> Count {
    for stream in 0..3 {
        // SAFETY: F_GETFD takes no pointer; the string ends with NUL. A stream that is closed becomes the null device, since
        // the next file that is opened would take its number.
        unsafe {
            if libc::fcntl(stream, libc::F_GETFD) == -1 && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) != stream {
                libc::abort();
            }
        }
    }
    // SAFETY: to ignore a signal installs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let code = main();
    // Rust's own end would do it; a stream that cannot be written has nobody who could be told.
    let _ = std::io::stdout().flush();
    code.into()
}
