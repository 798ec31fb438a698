//! What the kernel does with a system call: seccomp(2), "SECCOMP_RET_…".

use crate::error::CompileError;

/// EPERM: what runc returns where a profile names no errno.
const DEFAULT_ERRNO: u16 = 1;

/// The largest errno that the kernel passes on (`MAX_ERRNO`); it silently lowers greater ones.
const MAX_ERRNO: u32 = 4095;

/// One action, from the strictest to the mildest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The whole process dies of SIGSYS.
    KillProcess,
    /// The calling thread dies of SIGSYS.
    KillThread,
    /// The thread gets SIGSYS and may handle it.
    Trap,
    /// The call fails with this errno.
    Errno(u16),
    /// The holder of the notify descriptor decides.
    Notify,
    /// The tracer decides; it gets this number.
    Trace(u16),
    /// The call is done, and logged.
    Log,
    /// The call is done.
    Allow,
}

impl Action {
    /// Reads an action of a profile, as `SCMP_ACT_ERRNO`, and its errno or trace number.
    pub(crate) fn parse(name: &str, number: Option<u32>) -> Result<Self, CompileError> {
        Ok(match name {
            "SCMP_ACT_KILL_PROCESS" => Self::KillProcess,
            "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Self::KillThread,
            "SCMP_ACT_TRAP" => Self::Trap,
            "SCMP_ACT_ERRNO" => Self::Errno(errno(number)?),
            "SCMP_ACT_NOTIFY" => Self::Notify,
            "SCMP_ACT_TRACE" => Self::Trace(trace_number(number)?),
            "SCMP_ACT_LOG" => Self::Log,
            "SCMP_ACT_ALLOW" => Self::Allow,
            _ => return Err(CompileError::Action { name: name.to_owned() }),
        })
    }

    /// The value which a filter returns for it: `linux/seccomp.h`.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::KillProcess => 0x8000_0000,
            Self::KillThread => 0x0000_0000,
            Self::Trap => 0x0003_0000,
            Self::Errno(errno) => 0x0005_0000 | errno as u32,
            Self::Notify => 0x7fc0_0000,
            Self::Trace(number) => 0x7ff0_0000 | number as u32,
            Self::Log => 0x7ffc_0000,
            Self::Allow => 0x7fff_0000,
        }
    }

    /// Whether a call that nobody has heard of gets through, or to someone who can answer it.
    pub(crate) const fn is_permissive(self) -> bool {
        matches!(self, Self::Allow | Self::Log | Self::Trace(_))
    }
}

fn errno(number: Option<u32>) -> Result<u16, CompileError> {
    match number {
        None => Ok(DEFAULT_ERRNO),
        Some(errno @ 0..=MAX_ERRNO) => Ok(errno as u16),
        Some(errno) => Err(CompileError::Errno { errno }),
    }
}

fn trace_number(number: Option<u32>) -> Result<u16, CompileError> {
    let number = number.unwrap_or(u32::from(DEFAULT_ERRNO));
    u16::try_from(number).map_err(|_| CompileError::TraceNumber { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_become_the_kernel_s_values() {
        let code = |name, number| Action::parse(name, number).unwrap().code();
        assert_eq!(code("SCMP_ACT_KILL", None), 0);
        assert_eq!(code("SCMP_ACT_KILL_PROCESS", None), 0x8000_0000);
        assert_eq!(code("SCMP_ACT_TRAP", None), 0x0003_0000);
        assert_eq!(code("SCMP_ACT_ERRNO", None), 0x0005_0001);
        assert_eq!(code("SCMP_ACT_ERRNO", Some(38)), 0x0005_0026);
        assert_eq!(code("SCMP_ACT_NOTIFY", None), 0x7fc0_0000);
        assert_eq!(code("SCMP_ACT_TRACE", Some(7)), 0x7ff0_0007);
        assert_eq!(code("SCMP_ACT_LOG", None), 0x7ffc_0000);
        assert_eq!(code("SCMP_ACT_ALLOW", None), 0x7fff_0000);
    }

    #[test]
    fn strictness_follows_the_kernel_s_order_of_precedence() {
        // The kernel compares the values as signed numbers and takes the least (seccomp_run_filters).
        let mut actions = [Action::Allow, Action::Log, Action::Trace(1), Action::Notify, Action::Errno(1)].to_vec();
        actions.extend([Action::Trap, Action::KillThread, Action::KillProcess]);
        actions.sort();
        assert!(actions.is_sorted_by_key(|action| action.code() as i32));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(matches!(Action::parse("SCMP_ACT_ERRNO", Some(4096)), Err(CompileError::Errno { errno: 4096 })));
        assert!(matches!(Action::parse("SCMP_ACT_TRACE", Some(65536)), Err(CompileError::TraceNumber { .. })));
        assert!(matches!(Action::parse("ALLOW", None), Err(CompileError::Action { .. })));
    }
}
