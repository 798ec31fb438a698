//! System call numbers by name: a table that `build.rs` makes of the facts in `x86.rs`, so that a program which compiles
//! one profile in its life does not first build a table.

use crate::abi::Abi;

/// One place where a call of some name arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number.
    pub(crate) number: u32,
    /// For a call that carries others: the value of the first argument that means this one.
    pub(crate) selector: Option<u32>,
}

#[derive(Clone, Copy)]
struct Numbers {
    x86_64: Option<u32>,
    x32: Option<u32>,
    x86: Option<u32>,
    x86_carried: Option<(u32, u32)>,
}

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// A call by its name; nothing where no ABI of this machine has it.
#[derive(Clone, Copy)]
pub(crate) struct Call(Numbers);

impl Call {
    /// Looks a name up.
    pub(crate) fn find(name: &str) -> Option<Self> {
        TABLE.get(name).copied().map(Self)
    }

    /// Its own number in an ABI.
    pub(crate) fn number(self, abi: Abi) -> Option<u32> {
        match abi {
            Abi::X86_64 => self.0.x86_64,
            Abi::X32 => self.0.x32,
            Abi::X86 => self.0.x86,
        }
    }

    /// All places where it arrives in an ABI: on i386, many calls have both a number and a place in a carrying call.
    pub(crate) fn entries(self, abi: Abi) -> impl Iterator<Item = Entry> {
        let own = self.number(abi).map(|number| Entry { number, selector: None });
        let carried = self.0.x86_carried.filter(|_| abi == Abi::X86);
        carried.map(|(number, selector)| Entry { number, selector: Some(selector) }).into_iter().chain(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::X32_BIT;

    /// Reads `#define __NR_name number` lines; x32's numbers are written as `(__X32_SYSCALL_BIT + number)`.
    fn header(file: &str) -> Vec<(String, u32)> {
        let path = format!("/usr/include/x86_64-linux-gnu/asm/{file}");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}; install linux-libc-dev"));
        let lines = text.lines().filter_map(|line| line.strip_prefix("#define __NR_")?.split_once(' '));
        lines
            .map(|(name, value)| {
                let digits: String =
                    value.chars().rev().skip_while(|c| *c == ')').take_while(char::is_ascii_digit).collect();
                let number: u32 = digits.chars().rev().collect::<String>().parse().unwrap();
                (name.to_owned(), if value.contains("X32") { number | X32_BIT } else { number })
            })
            .collect()
    }

    fn agrees(file: &str, abi: Abi) {
        let calls = header(file);
        assert!(calls.len() > 300, "{file} has only {} calls", calls.len());
        for (name, number) in calls {
            // Newer headers may know calls that came after the table.
            if let Some(call) = Call::find(&name) {
                assert_eq!(call.number(abi), Some(number), "{name} in {file}");
            } else {
                assert!(number & !X32_BIT > 471, "{name} of {file} is missing");
            }
        }
    }

    #[test]
    fn numbers_agree_with_the_kernel_s_headers() {
        agrees("unistd_64.h", Abi::X86_64);
        agrees("unistd_x32.h", Abi::X32);
        agrees("unistd_32.h", Abi::X86);
    }

    #[test]
    fn no_number_is_used_twice() {
        for abi in [Abi::X86_64, Abi::X32, Abi::X86] {
            let mut numbers: Vec<u32> = TABLE.values().filter_map(|&numbers| Call(numbers).number(abi)).collect();
            let before = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), before, "{abi:?}");
        }
    }

    #[test]
    fn i386_has_carried_calls_beside_direct_ones() {
        let entries = |name: &str, abi| {
            Call::find(name).unwrap().entries(abi).map(|e| (e.number, e.selector)).collect::<Vec<_>>()
        };
        assert_eq!(entries("socket", Abi::X86), [(102, Some(1)), (359, None)]);
        assert_eq!(entries("send", Abi::X86), [(102, Some(9))]);
        assert_eq!(entries("shmctl", Abi::X86), [(117, Some(24)), (396, None)]);
        assert_eq!(entries("socket", Abi::X86_64), [(41, None)]);
        assert_eq!(entries("socketcall", Abi::X86), [(102, None)]);
        assert_eq!(entries("ioctl", Abi::X32), [(514 | X32_BIT, None)]);
        assert_eq!(entries("uselib", Abi::X32), []);
    }
}
