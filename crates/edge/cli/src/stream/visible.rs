//! Control characters made visible.
//!
//! Names, labels and messages come from images and other users. On a terminal their control characters could move the
//! cursor, recolour or type answers, so they are shown as escapes there; in pipes nothing is changed.

use rustix::fd::BorrowedFd;
use std::borrow::Cow;

pub use human::visible;

/// The same where `fd` is a terminal; elsewhere the text as it is.
pub fn on_terminal<'a>(text: &'a str, fd: BorrowedFd) -> Cow<'a, str> {
    if rustix::termios::isatty(fd) { visible(text) } else { text.into() }
}
