//! The terminal of the user.

use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

/// Whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    isatty(rustix::stdio::stdin())
}

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    isatty(rustix::stdio::stdout())
}

/// Rows and columns of standard output's terminal; `None` where it is none or has no size.
pub fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(rustix::stdio::stdout()).ok()?;
    (size.ws_row != 0 || size.ws_col != 0).then_some((size.ws_row, size.ws_col))
}

/// Standard input's terminal in raw mode. It is restored when this is dropped, which every way out of a command does:
/// return, error, panic and caught signals.
pub struct Raw {
    before: Termios,
}

impl Raw {
    /// Switches to raw mode; `None` where standard input is no terminal, or `NORAW` is set.
    pub fn enter() -> Option<Raw> {
        if !stdin_is_terminal() || std::env::var_os("NORAW").is_some_and(|value| !value.is_empty()) {
            return None;
        }
        let before = tcgetattr(rustix::stdio::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Raw { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
    }
}
