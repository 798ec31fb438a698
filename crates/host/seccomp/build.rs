//! Makes the table of system calls by name from `src/table/x86.rs`, for looking up without building it first.

#[path = "src/table/x86.rs"]
mod x86;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

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

/// The bit that marks a number as x32's: `asm/unistd.h`.
const X32_BIT: u32 = 0x4000_0000;

#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    x86_64: Option<u32>,
    x32: Option<u32>,
    x86: Option<u32>,
    x86_carried: Option<(u32, u32)>,
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/table/x86.rs");
    let table = table();
    let mut map = phf_codegen::Map::new();
    for (name, numbers) in &table {
        map.entry(*name, format!("{numbers:?}"));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("table.rs");
    let text = format!("static TABLE: phf::Map<&'static str, Numbers> = {};\n", map.build());
    fs::write(&out, text).unwrap_or_else(|error| panic!("write {}: {error}", out.display()));
}

fn table() -> BTreeMap<&'static str, Numbers> {
    let mut table: BTreeMap<&'static str, Numbers> = BTreeMap::new();
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
