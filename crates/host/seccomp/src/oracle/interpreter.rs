//! Runs a filter as the kernel does, for tests.

use crate::instruction::{AND, IF_ANY_BIT, IF_EQUAL, IF_GREATER, IF_GREATER_OR_EQUAL, Instruction, JUMP, LOAD, RETURN};
use crate::program::Program;

/// `struct seccomp_data` without the instruction pointer.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) number: u32,
    pub(crate) arch: u32,
    pub(crate) args: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.arch,
            16..64 if offset.is_multiple_of(4) => {
                let arg = self.args[(offset as usize - 16) / 8];
                (if offset.is_multiple_of(8) { arg } else { arg >> 32 }) as u32
            }
            _ => panic!("load from {offset}"),
        }
    }
}

/// What a filter returned, and on which grounds.
pub(crate) struct Decision {
    pub(crate) action: u32,
    /// If not, it returns the same for all arguments.
    pub(crate) looked_at_arguments: bool,
}

/// What a filter returns for a call.
pub(crate) fn run(program: &Program, call: &Call) -> u32 {
    decide(&program.instructions().collect::<Vec<_>>(), call).action
}

/// Runs a filter on a call.
pub(crate) fn decide(program: &[Instruction], call: &Call) -> Decision {
    let (mut a, mut at, mut looked_at_arguments) = (0_u32, 0, false);
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let mut skip = |holds: bool| at += usize::from(if holds { jt } else { jf });
        match code {
            LOAD => {
                a = call.word(k);
                looked_at_arguments |= k >= 16;
            }
            AND => a &= k,
            JUMP => at += k as usize,
            IF_EQUAL => skip(a == k),
            IF_GREATER => skip(a > k),
            IF_GREATER_OR_EQUAL => skip(a >= k),
            IF_ANY_BIT => skip(a & k != 0),
            RETURN => return Decision { action: k, looked_at_arguments },
            _ => panic!("instruction {code:#x} at {}", at - 1),
        }
    }
}
