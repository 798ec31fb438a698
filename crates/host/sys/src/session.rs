//! Programs that must not share our session.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes the program a session's leader when it starts: Ctrl-C at our terminal is not for it, nor is the terminal.
pub fn of_its_own(command: &mut Command) {
    // SAFETY: the closure runs between fork and exec. It calls setsid(2) alone, which is async-signal-safe
    // (signal-safety(7)), takes no lock and allocates nothing; its error is a number.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(drop).map_err(Into::into));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_leads_a_session() {
        let mut command = Command::new("sh");
        command.args(["-c", "test $(cut -d' ' -f6 /proc/$$/stat) = $$"]);
        assert!(!command.status().unwrap().success());
        of_its_own(&mut command);
        assert!(command.status().unwrap().success());
    }
}
