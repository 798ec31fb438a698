//! One instruction of classic BPF, as far as seccomp filters use it.

/// `BPF_LD | BPF_W | BPF_ABS`: A = the word at offset `k` of `struct seccomp_data`.
pub(crate) const LOAD: u16 = 0x20;
/// `BPF_ALU | BPF_AND | BPF_K`: A = A & k.
pub(crate) const AND: u16 = 0x54;
/// `BPF_JMP | BPF_JA | BPF_K`: skips `k` instructions.
pub(crate) const JUMP: u16 = 0x05;
/// `BPF_JMP | BPF_JEQ | BPF_K`: skips `jt` instructions where A = k, else `jf`.
pub(crate) const IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JGT | BPF_K`: likewise, A > k, unsigned.
pub(crate) const IF_GREATER: u16 = 0x25;
/// `BPF_JMP | BPF_JGE | BPF_K`: likewise, A ≥ k, unsigned.
pub(crate) const IF_GREATER_OR_EQUAL: u16 = 0x35;
/// `BPF_JMP | BPF_JSET | BPF_K`: likewise, A & k ≠ 0.
pub(crate) const IF_ANY_BIT: u16 = 0x45;
/// `BPF_RET | BPF_K`: ends the filter with `k`.
pub(crate) const RETURN: u16 = 0x06;

/// Size of an encoded instruction in bytes.
pub(crate) const SIZE: usize = 8;

/// `struct sock_filter` of `linux/filter.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The operation.
    pub code: u16,
    /// Instructions to skip when the comparison holds.
    pub jt: u8,
    /// Instructions to skip when it does not.
    pub jf: u8,
    /// The operand.
    pub k: u32,
}

impl Instruction {
    /// An instruction that is no conditional jump.
    pub(crate) const fn plain(code: u16, k: u32) -> Self {
        Self { code, jt: 0, jf: 0, k }
    }

    /// As the kernel of this machine reads it.
    pub(crate) fn encode(self) -> [u8; SIZE] {
        let [c0, c1] = self.code.to_ne_bytes();
        let [k0, k1, k2, k3] = self.k.to_ne_bytes();
        [c0, c1, self.jt, self.jf, k0, k1, k2, k3]
    }

    /// The reverse of [`Self::encode`].
    pub(crate) fn decode(bytes: [u8; SIZE]) -> Self {
        let [c0, c1, jt, jf, k0, k1, k2, k3] = bytes;
        Self { code: u16::from_ne_bytes([c0, c1]), jt, jf, k: u32::from_ne_bytes([k0, k1, k2, k3]) }
    }

    /// Whether it is a jump that depends on a comparison.
    pub(crate) const fn is_conditional(self) -> bool {
        matches!(self.code, IF_EQUAL | IF_GREATER | IF_GREATER_OR_EQUAL | IF_ANY_BIT)
    }
}
