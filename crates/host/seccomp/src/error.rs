//! Why a profile cannot be compiled.

use thiserror::Error;

/// Why [`compile`](crate::compile()) refuses a profile.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CompileError {
    /// The action is not one of libseccomp's.
    #[error("seccomp action {name:?} is unknown")]
    Action {
        /// As given.
        name: String,
    },
    /// The kernel knows no such errno.
    #[error("seccomp errno {errno} is out of range: at most 4095")]
    Errno {
        /// As given.
        errno: u32,
    },
    /// A tracer gets 16 bits.
    #[error("seccomp trace number {number} is out of range: at most 65535")]
    TraceNumber {
        /// As given.
        number: u32,
    },
    /// The comparison is not one of libseccomp's.
    #[error("seccomp comparison {op:?} of system call {name:?} is unknown")]
    Comparison {
        /// As given.
        op: String,
        /// The rule's first call.
        name: String,
    },
    /// System calls have six arguments.
    #[error("seccomp argument {index} of system call {name:?} is out of range: at most 5")]
    Argument {
        /// As given.
        index: u32,
        /// The rule's first call.
        name: String,
    },
    /// The architecture is not one of libseccomp's.
    #[error("seccomp architecture {name:?} is unknown")]
    Architecture {
        /// As given.
        name: String,
    },
    /// The flag is not one of the kernel's.
    #[error("seccomp flag {name:?} is unknown")]
    Flag {
        /// As given.
        name: String,
    },
    /// A rule has a name that is empty.
    #[error("seccomp rule has an empty system call name")]
    EmptyName,
    /// The process could never hand over the descriptor by which it would be answered.
    #[error("SCMP_ACT_NOTIFY cannot be used for the {what}")]
    Notify {
        /// `write system call` or `default action`.
        what: &'static str,
    },
    /// The kernel takes 4096 instructions.
    #[error("seccomp profile compiles to {length} instructions or more: the kernel takes at most 4096")]
    TooLong {
        /// Instructions.
        length: usize,
    },
    /// No table of system call numbers for this machine.
    #[error("seccomp profiles cannot be compiled on {machine}: its system call numbers are not in this program")]
    Machine {
        /// As `aarch64`.
        machine: &'static str,
    },
}
