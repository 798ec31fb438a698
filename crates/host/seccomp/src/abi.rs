//! The ways into the kernel: which architectures a profile names, and which of them this machine has.

use crate::error::CompileError;

/// `AUDIT_ARCH_X86_64` of `linux/audit.h`; x32 calls carry it too.
pub(crate) const AUDIT_X86_64: u32 = 0xc000_003e;

/// `AUDIT_ARCH_I386` of `linux/audit.h`.
pub(crate) const AUDIT_I386: u32 = 0x4000_0003;

/// Set in the number of a call made by an x32 program (`__X32_SYSCALL_BIT`).
pub(crate) const X32_BIT: u32 = 0x4000_0000;

/// One way into the kernel of an x86-64 machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Abi {
    /// The machine's own.
    X86_64,
    /// Long mode with 32-bit pointers.
    X32,
    /// i386, by `int 0x80` or `sysenter`, also from 64-bit programs.
    X86,
}

impl Abi {
    /// Whether arguments are compared as 64-bit numbers.
    ///
    /// x32 compares the lower halves only, since libseccomp treats it as a 32-bit machine.
    pub(crate) const fn is_64_bit(self) -> bool {
        matches!(self, Self::X86_64)
    }
}

/// Names of libseccomp's other architectures. They are valid and mean nothing here: this machine's kernel never reports
/// them, and a call of a strange architecture is killed anyway.
const ELSEWHERE: [&str; 15] = [
    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",
];

/// Reads a profile's architectures; the machine's own is always among them, as libseccomp has it.
pub(crate) fn parse(names: &[String]) -> Result<Vec<Abi>, CompileError> {
    let mut abis = vec![Abi::X86_64];
    for name in names {
        match name.as_str() {
            "SCMP_ARCH_X86_64" => {}
            "SCMP_ARCH_X32" => abis.push(Abi::X32),
            "SCMP_ARCH_X86" => abis.push(Abi::X86),
            known if ELSEWHERE.contains(&known) => {}
            _ => return Err(CompileError::Architecture { name: name.clone() }),
        }
    }
    abis.sort();
    abis.dedup();
    Ok(abis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_own_is_always_there_and_strangers_do_no_harm() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(parse(&[]), Ok(vec![Abi::X86_64]));
        assert_eq!(
            parse(&names(&["SCMP_ARCH_X86", "SCMP_ARCH_X86", "SCMP_ARCH_S390X"])),
            Ok(vec![Abi::X86_64, Abi::X86])
        );
        assert_eq!(parse(&names(&["amd64"])), Err(CompileError::Architecture { name: "amd64".into() }));
    }
}
