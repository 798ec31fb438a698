//! Asks libseccomp for programs, through a small C program that is compiled when the tests run.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use oci::runtime::{Seccomp, Syscall};

use crate::abi::Abi;
use crate::action::Action;
use crate::instruction::Instruction;
use crate::table::Call;

static ORACLE: LazyLock<PathBuf> = LazyLock::new(build);

/// The program that libseccomp makes of a profile, with runc's treatment of rules that repeat the default action.
pub(super) fn program(profile: &Seccomp) -> Vec<Instruction> {
    let default = Action::parse(&profile.default_action, profile.default_errno_ret).unwrap();
    let mut input = format!("default {:x}\n", default.code());
    for arch in &profile.architectures {
        let name = arch.strip_prefix("SCMP_ARCH_").unwrap().to_lowercase();
        writeln!(input, "arch {name}").unwrap();
    }
    for rule in &profile.syscalls {
        let action = Action::parse(&rule.action, rule.errno_ret).unwrap();
        if action != default {
            rule.names.iter().for_each(|name| write_rule(&mut input, action, name, rule));
        }
    }
    let output = ask(&[], &input);
    let (words, rest) = output.as_chunks();
    assert!(rest.is_empty());
    words.iter().map(|word| Instruction::decode(*word)).collect()
}

/// Those names for which the installed libseccomp has the same numbers as we: an older one lacks newer calls, on all
/// architectures or on some.
pub(super) fn shared<'a>(names: impl Iterator<Item = &'a str>) -> HashSet<String> {
    let input: String = names.map(|name| format!("{name}\n")).collect();
    let output = String::from_utf8(ask(&["numbers"], &input)).unwrap();
    let lines = output.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(|words| agrees(words[0], &words[1..])).map(|words| words[0].to_owned()).collect()
}

fn agrees(name: &str, numbers: &[&str]) -> bool {
    let Some(call) = Call::find(name) else { return false };
    let numbers: Vec<i32> = numbers.iter().map(|number| number.parse().unwrap()).collect();
    let same = |abi, number: i32| call.number(abi) == u32::try_from(number).ok();
    // On i386, libseccomp gives calls within socketcall and ipc negative numbers, even where they have real ones.
    let carried = (-299..=-100).contains(&numbers[2]);
    same(Abi::X86_64, numbers[0]) && same(Abi::X32, numbers[1]) && (carried || same(Abi::X86, numbers[2]))
}

fn write_rule(input: &mut String, action: Action, name: &str, rule: &Syscall) {
    write!(input, "rule {:x} {name} {}", action.code(), rule.args.len()).unwrap();
    for arg in &rule.args {
        let operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
        let op = 1 + operators.iter().position(|op| arg.op.strip_prefix("SCMP_CMP_") == Some(op)).unwrap();
        write!(input, " {} {op} {:x} {:x}", arg.index, arg.value, arg.value_two).unwrap();
    }
    input.push('\n');
}

fn ask(args: &[&str], input: &str) -> Vec<u8> {
    let mut command = Command::new(&*ORACLE);
    let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the libseccomp oracle failed: {}", output.status);
    output.stdout
}

/// Compiles the oracle beside the test's own binary. Several tests may do so at once: each builds its own file, and
/// renames it.
fn build() -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/oracle/oracle.c");
    let tests = std::env::current_exe().unwrap();
    let (binary, draft) = ("seccomp-oracle", format!("seccomp-oracle.{}", std::process::id()));
    let (binary, draft) = (tests.with_file_name(binary), tests.with_file_name(draft));
    let output = Command::new("cc").args(["-O1", "-o"]).arg(&draft).args([source, "-lseccomp"]).output();
    let output =
        output.unwrap_or_else(|e| panic!("cc: {e}; this test needs a C compiler and the package libseccomp-dev"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "this test needs the package libseccomp-dev (`cargo xtask test` installs it): {errors}"
    );
    std::fs::rename(draft, &binary).unwrap();
    binary
}
