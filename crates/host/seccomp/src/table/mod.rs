//! System call numbers by name.

mod x86;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::abi::{Abi, X32_BIT};

/// i386: the call through which programs make socket calls, and its number.
const SOCKETCALL: u32 = 102;
/// i386: the call through which programs make System V IPC calls, and its number.
const IPC: u32 = 117;

/// Calls that socketcall(2) carries, in the order of their numbers from 1 (`linux/net.h`).
const SOCKET_CALLS: &str = "socket bind connect listen accept getsockname getpeername socketpair send recv sendto \
    recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg";

/// Calls that ipc(2) carries, as runs of numbers (`linux/ipc.h`).
const IPC_CALLS: &[(u32, &str)] =
    &[(1, "semop semget semctl semtimedop"), (11, "msgsnd msgrcv msgget msgctl"), (21, "shmat shmdt shmget shmctl")];

/// One place where a call of some name arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number.
    pub(crate) number: u32,
    /// For a call that carries others: the value of the first argument that means this one.
    pub(crate) selector: Option<u32>,
}

#[derive(Clone, Copy, Default)]
struct Numbers {
    x86_64: Option<u32>,
    x32: Option<u32>,
    x86: Option<u32>,
    x86_carried: Option<(u32, u32)>,
}

static TABLE: LazyLock<HashMap<&'static str, Numbers>> = LazyLock::new(build);

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

fn build() -> HashMap<&'static str, Numbers> {
    let mut table: HashMap<&'static str, Numbers> = HashMap::with_capacity(600);
    for (name, number) in numbered(x86::X86_64) {
        let entry = table.entry(name).or_default();
        entry.x86_64 = Some(number);
        entry.x32 = Some(number | X32_BIT);
    }
    for name in x86::NOT_X32.split_whitespace() {
        table.entry(name).or_default().x32 = None;
    }
    for (name, number) in numbered(x86::X32_ONLY) {
        table.entry(name).or_default().x32 = Some(number | X32_BIT);
    }
    for (name, number) in numbered(x86::X86) {
        table.entry(name).or_default().x86 = Some(number);
    }
    for (name, selector) in numbered(&[(1, SOCKET_CALLS)]) {
        table.entry(name).or_default().x86_carried = Some((SOCKETCALL, selector));
    }
    for (name, selector) in numbered(IPC_CALLS) {
        table.entry(name).or_default().x86_carried = Some((IPC, selector));
    }
    table
}

fn numbered(runs: &[(u32, &'static str)]) -> impl Iterator<Item = (&'static str, u32)> {
    runs.iter().flat_map(|&(first, names)| names.split_whitespace().zip(first..))
}

#[cfg(test)]
mod tests {
    use super::*;

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
