//! A compiled filter, in memory and in a file.

use thiserror::Error;

use crate::flags;
use crate::instruction::{AND, Instruction, JUMP, LOAD, RETURN, SIZE};

/// The kernel's limit (`BPF_MAXINSNS`).
pub(crate) const MAX_INSTRUCTIONS: usize = 4096;

/// Size of `struct seccomp_data`: what a program may load from.
const DATA_SIZE: u32 = 64;

/// The file begins with this.
const MAGIC: [u8; 4] = *b"gsec";

/// Raised when programs of older files must not be used any more, because the compiler decides differently.
const VERSION: u16 = 1;

/// Magic, version, size of an instruction, flags, number of instructions, checksum of the instructions.
const HEADER: usize = 24;

/// A compiled filter and the flags that it is to be loaded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    bytes: Vec<u8>,
    flags: u32,
}

/// Why bytes are not a program.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BytesError {
    /// Another kind of file, or of another version: compile again.
    #[error("compiled seccomp filter is of another kind or version")]
    Version,
    /// Cut off, grown, or changed.
    #[error("compiled seccomp filter is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
}

impl Program {
    pub(crate) fn new(instructions: &[Instruction], flags: u32) -> Self {
        Self { bytes: instructions.iter().flat_map(|instruction| instruction.encode()).collect(), flags }
    }

    /// The program as an array of `struct sock_filter`, which seccomp(2) takes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The `SECCOMP_FILTER_FLAG_…` bits to load it with; bit 3 makes the load return a notify descriptor.
    #[must_use]
    pub const fn flags(&self) -> u32 {
        self.flags
    }

    /// Number of instructions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() / SIZE
    }

    /// Whether there is no instruction; [`compile`](crate::compile()) makes no such program.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The instructions in order.
    pub fn instructions(&self) -> impl ExactSizeIterator<Item = Instruction> + '_ {
        let (words, _) = self.bytes.as_chunks();
        words.iter().map(|word| Instruction::decode(*word))
    }

    /// The program for a file or a pipe, to be read by [`Program::from_bytes`] on the same machine.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(HEADER + self.bytes.len());
        file.extend(MAGIC);
        file.extend(VERSION.to_ne_bytes());
        file.extend((SIZE as u16).to_ne_bytes());
        file.extend(self.flags.to_ne_bytes());
        file.extend((self.len() as u32).to_ne_bytes());
        file.extend(checksum(&self.bytes).to_ne_bytes());
        file.extend(&self.bytes);
        file
    }

    /// Reads what [`Program::to_bytes`] wrote.
    ///
    /// # Errors
    /// When it is not that, or not whole, or holds a program that the kernel would refuse. A caller who still has the
    /// profile compiles it again.
    pub fn from_bytes(file: &[u8]) -> Result<Self, BytesError> {
        let (header, bytes) = file.split_at_checked(HEADER).ok_or(BytesError::Version)?;
        let field =
            |from: usize| u32::from_ne_bytes([header[from], header[from + 1], header[from + 2], header[from + 3]]);
        let expected = [VERSION.to_ne_bytes(), (SIZE as u16).to_ne_bytes()].concat();
        if header[..4] != MAGIC || header[4..8] != expected[..] {
            return Err(BytesError::Version);
        }
        let (flags, count) = (field(8), field(12) as usize);
        if count.checked_mul(SIZE) != Some(bytes.len()) {
            return Err(BytesError::Damaged { what: "its length is not the one it names" });
        }
        if header[16..] != checksum(bytes).to_ne_bytes() {
            return Err(BytesError::Damaged { what: "its checksum differs" });
        }
        let program = Self { bytes: bytes.to_vec(), flags };
        program.check().map_err(|what| BytesError::Damaged { what })?;
        Ok(program)
    }

    /// Checks what the kernel checks too (`bpf_check_classic`, `seccomp_check_filter`), for the instructions used here.
    fn check(&self) -> Result<(), &'static str> {
        if !(1..=MAX_INSTRUCTIONS).contains(&self.len()) {
            return Err("its length is out of range");
        }
        if self.flags & !flags::ALL != 0 {
            return Err("it has unknown flags");
        }
        let last = self.len() - 1;
        let mut at = 0..;
        if !self.instructions().all(|instruction| is_sound(instruction, last - at.next().unwrap_or(last))) {
            return Err("an instruction is unknown or leads out of the program");
        }
        match self.instructions().last() {
            Some(Instruction { code: RETURN, .. }) => Ok(()),
            _ => Err("it does not end in a return"),
        }
    }
}

/// Whether an instruction with so many others after it is one that a filter may have.
fn is_sound(instruction: Instruction, after: usize) -> bool {
    match instruction.code {
        LOAD => instruction.k < DATA_SIZE && instruction.k.is_multiple_of(4),
        AND | RETURN => true,
        JUMP => (instruction.k as usize) < after,
        _ => instruction.is_conditional() && usize::from(instruction.jt.max(instruction.jf)) < after,
    }
}

/// FNV-1a: finds torn and rotten files; it is no protection against those who may write them.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Program {
        let profile = crate::default_profile(&[], crate::KernelVersion { major: 6, minor: 1 });
        crate::compile(&profile).unwrap()
    }

    fn damage(change: impl FnOnce(&mut Vec<u8>)) -> BytesError {
        let mut file = sample().to_bytes();
        change(&mut file);
        Program::from_bytes(&file).unwrap_err()
    }

    /// A file that is whole, with a program of other instructions.
    fn with(instructions: &[Instruction]) -> Result<Program, BytesError> {
        Program::from_bytes(&Program::new(instructions, 0).to_bytes())
    }

    #[test]
    fn what_is_written_is_read() {
        let program = sample();
        assert_eq!(Program::from_bytes(&program.to_bytes()), Ok(program));
    }

    #[test]
    fn damage_is_found() {
        assert_eq!(damage(|file| file.truncate(10)), BytesError::Version);
        assert_eq!(damage(|file| file[4] ^= 1), BytesError::Version);
        let what = |error| match error {
            BytesError::Damaged { what } => what,
            BytesError::Version => panic!("version"),
        };
        assert_eq!(what(damage(|file| file.truncate(HEADER))), "its length is not the one it names");
        assert_eq!(what(damage(|file| file.push(0))), "its length is not the one it names");
        assert_eq!(what(damage(|file| file[HEADER + 100] ^= 1)), "its checksum differs");
        assert_eq!(what(damage(|file| file[11] = 1)), "it has unknown flags");
    }

    #[test]
    fn programs_that_lead_astray_are_refused() {
        let ret = Instruction::plain(RETURN, 0);
        assert!(with(&[ret]).is_ok());
        assert!(with(&[]).is_err());
        assert!(with(&[ret, Instruction::plain(LOAD, 0)]).is_err());
        assert!(with(&[Instruction::plain(LOAD, 64), ret]).is_err());
        assert!(with(&[Instruction::plain(LOAD, 2), ret]).is_err());
        assert!(with(&[Instruction::plain(JUMP, 0), ret]).is_ok());
        assert!(with(&[Instruction::plain(JUMP, 1), ret]).is_err());
        assert!(with(&[Instruction { code: 0x15, jt: 0, jf: 1, k: 0 }, ret]).is_err());
        assert!(with(&[Instruction::plain(0x16, 0), ret]).is_err());
    }
}
