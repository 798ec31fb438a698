//! One comparison of one argument, brought into the form in which it is compiled.

use oci::runtime::SyscallArg;

use crate::error::CompileError;

/// System calls have six arguments.
const ARGUMENTS: u32 = 6;

/// The comparison behind a condition; the other operators are these reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    /// Argument & mask = value.
    Equal,
    /// Argument > value.
    Greater,
    /// Argument ≥ value.
    GreaterOrEqual,
}

/// One comparison of one argument.
///
/// Two conditions that decide alike are equal, so that their code can be shared: values have no bits outside the mask, and
/// `wide` is set only where the upper half matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Condition {
    /// Which argument, 0–5.
    pub(crate) argument: u8,
    /// What is compared.
    pub(crate) test: Test,
    /// Whether the condition holds when the test does not.
    pub(crate) negated: bool,
    /// Whether the upper half of the argument is looked at.
    pub(crate) wide: bool,
    /// Compared with.
    pub(crate) value: u64,
    /// The bits that [`Test::Equal`] looks at.
    pub(crate) mask: u64,
}

impl Condition {
    /// A condition that the first argument has a value, as of a call that carries others.
    pub(crate) const fn selector(value: u32) -> Self {
        let (value, mask) = (value as u64, u32::MAX as u64);
        Self { argument: 0, test: Test::Equal, negated: false, wide: false, value, mask }
    }

    /// Reads a condition for an ABI whose arguments have 64 bits or 32; nothing where it always holds.
    ///
    /// `name` is the rule's call, for the message.
    pub(crate) fn parse(arg: &SyscallArg, is_64_bit: bool, name: &str) -> Result<Option<Self>, CompileError> {
        let (test, negated) = operator(&arg.op, name)?;
        if arg.index >= ARGUMENTS {
            return Err(CompileError::Argument { index: arg.index, name: name.to_owned() });
        }
        let width = if is_64_bit { u64::MAX } else { u64::from(u32::MAX) };
        let (value, mask) = if arg.op == MASKED_EQ { (arg.value_two, arg.value & width) } else { (arg.value, width) };
        let wide = mask >> 32 != 0;
        let condition = Self { argument: arg.index as u8, test, negated, wide, value: value & mask, mask };
        Ok((mask != 0).then_some(condition))
    }
}

const MASKED_EQ: &str = "SCMP_CMP_MASKED_EQ";

fn operator(op: &str, name: &str) -> Result<(Test, bool), CompileError> {
    Ok(match op {
        "SCMP_CMP_EQ" | MASKED_EQ => (Test::Equal, false),
        "SCMP_CMP_NE" => (Test::Equal, true),
        "SCMP_CMP_GT" => (Test::Greater, false),
        "SCMP_CMP_LE" => (Test::Greater, true),
        "SCMP_CMP_GE" => (Test::GreaterOrEqual, false),
        "SCMP_CMP_LT" => (Test::GreaterOrEqual, true),
        _ => return Err(CompileError::Comparison { op: op.to_owned(), name: name.to_owned() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(index: u32, op: &str, value: u64, value_two: u64, is_64_bit: bool) -> Option<Condition> {
        let arg = SyscallArg { index, value, value_two, op: op.to_owned() };
        Condition::parse(&arg, is_64_bit, "call").unwrap()
    }

    #[test]
    fn conditions_that_decide_alike_are_equal() {
        let narrow = parse(0, MASKED_EQ, 0xff, 0x1ff, false);
        assert_eq!(narrow, parse(0, MASKED_EQ, 0xff, 0xff, true));
        assert_eq!(narrow.unwrap().value, 0xff);
        assert_eq!(parse(0, "SCMP_CMP_EQ", 1 << 32, 0, false), parse(0, "SCMP_CMP_EQ", 0, 0, false));
        assert_ne!(parse(0, "SCMP_CMP_EQ", 1, 0, false), parse(0, "SCMP_CMP_EQ", 1, 0, true));
    }

    #[test]
    fn a_mask_without_bits_always_holds() {
        assert_eq!(parse(0, MASKED_EQ, 0, 7, true), None);
        assert_eq!(parse(0, MASKED_EQ, 1 << 40, 0, false), None);
    }

    #[test]
    fn nonsense_is_refused() {
        let arg = |index, op: &str| SyscallArg { index, op: op.to_owned(), ..SyscallArg::default() };
        let index = Condition::parse(&arg(6, "SCMP_CMP_EQ"), true, "call").unwrap_err();
        assert_eq!(index.to_string(), "seccomp argument 6 of system call \"call\" is out of range: at most 5");
        assert!(matches!(Condition::parse(&arg(0, "=="), true, "call"), Err(CompileError::Comparison { .. })));
    }
}
