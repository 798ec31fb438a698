//! From a profile to a program.

use oci::runtime::Seccomp;

use crate::abi::{self, AUDIT_I386, AUDIT_X86_64, Abi};
use crate::action::Action;
use crate::assembler::{Assembler, Label};
use crate::error::CompileError;
use crate::flags;
use crate::program::{MAX_INSTRUCTIONS, Program};
use crate::ranges::{BAD_ARCHITECTURE, Fallback, Ranges, Verdict};
use crate::rules::Rules;

/// Offset of the system call number in `struct seccomp_data`.
const NUMBER: u32 = 0;
/// Offset of the architecture in `struct seccomp_data`.
const ARCHITECTURE: u32 = 4;

/// Whether calls that are newer than the profile get ENOSYS in place of the default action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newer {
    /// As runc.
    Enosys,
    /// As libseccomp alone; what the tests compare with.
    #[cfg(test)]
    Default,
}

/// Compiles a profile for this machine.
///
/// The program decides as one that runc makes with libseccomp:
/// - Conditions of one rule must all hold (unless they name an argument twice: then one must); of several rules for a call
///   one must match. Names that no table has are skipped. A rule without conditions outdoes those with conditions, and the
///   first such rule outdoes later ones.
/// - On i386, a rule for a socket or IPC call also stands for its place in socketcall(2) or ipc(2). Arguments of a call
///   made in this way lie in memory, where a filter cannot look, so conditions on the first one are lost.
/// - Calls with numbers above all that the profile names get ENOSYS, not the default errno, so that programs fall back
///   from calls which are newer than the profile (glibc takes EPERM from clone3 for an answer and gives up). This does not
///   apply where the default action lets calls through.
/// - Calls of an architecture that the profile does not name kill the thread.
///
/// In one point it is stricter: where conditional rules with different actions match the same call, the strictest action
/// is taken; libseccomp's choice hangs on the order in which its tree was built.
///
/// # Errors
/// When the profile uses words that libseccomp does not know, when the program is longer than the kernel takes, and on
/// machines other than x86-64.
pub fn compile(profile: &Seccomp) -> Result<Program, CompileError> {
    match std::env::consts::ARCH {
        "x86_64" => compile_x86(profile, Newer::Enosys),
        machine => Err(CompileError::Machine { machine }),
    }
}

pub(crate) fn compile_x86(profile: &Seccomp, newer: Newer) -> Result<Program, CompileError> {
    let default = Action::parse(&profile.default_action, profile.default_errno_ret)?;
    if default == Action::Notify {
        return Err(CompileError::Notify { what: "default action" });
    }
    let flags = flags::parse(&profile.flags)? | listener(profile);
    let abis = abi::parse(&profile.architectures)?;
    let fallback = Fallback { default, newer_is_enosys: newer == Newer::Enosys && !default.is_permissive() };
    let rules = |abi: Abi| abis.contains(&abi).then(|| Rules::collect(profile, default, abi)).transpose();
    let native = Rules::collect(profile, default, Abi::X86_64)?;
    let long_mode = Ranges::long_mode(native, rules(Abi::X32)?, fallback);
    let i386 = rules(Abi::X86)?.map(|rules| Ranges::single(rules, fallback));
    let instructions = assemble(default, &long_mode, i386.as_deref());
    if instructions.len() > MAX_INSTRUCTIONS {
        return Err(CompileError::TooLong { length: instructions.len() });
    }
    Ok(Program::new(&instructions, flags))
}

fn listener(profile: &Seccomp) -> u32 {
    let notifies = profile.syscalls.iter().any(|rule| rule.action == "SCMP_ACT_NOTIFY");
    if notifies { flags::NEW_LISTENER } else { 0 }
}

/// Writes the program from its end: code for arguments, i386, long mode, and at last the choice between the two.
fn assemble(
    default: Action,
    long_mode: &[(u32, Verdict)],
    i386: Option<&[(u32, Verdict)]>,
) -> Vec<crate::instruction::Instruction> {
    let mut assembler = Assembler::new(default);
    for (_, verdict) in long_mode.iter().chain(i386.unwrap_or_default()) {
        if let Verdict::ByArguments(rules) = verdict {
            assembler.chain(rules);
        }
    }
    let i386 = i386.map(|ranges| decide(&mut assembler, ranges));
    let long_mode = decide(&mut assembler, long_mode);
    let mut other = assembler.ret(BAD_ARCHITECTURE);
    if let Some(i386) = i386 {
        other = assembler.if_equal(AUDIT_I386, i386, other);
    }
    let choice = assembler.if_equal(AUDIT_X86_64, long_mode, other);
    assembler.load(ARCHITECTURE, choice);
    assembler.finish()
}

fn decide(assembler: &mut Assembler, ranges: &[(u32, Verdict)]) -> Label {
    let decision = assembler.search(ranges);
    if ranges.len() == 1 { decision } else { assembler.load(NUMBER, decision) }
}

#[cfg(test)]
mod tests {
    use oci::runtime::{Syscall, SyscallArg};

    use super::*;
    use crate::oracle::interpreter::{Call, run};

    fn profile(default: &str, syscalls: Vec<Syscall>) -> Seccomp {
        Seccomp { default_action: default.into(), syscalls, ..Seccomp::default() }
    }

    fn rule(name: &str, action: &str, args: Vec<SyscallArg>) -> Syscall {
        Syscall { names: vec![name.into()], action: action.into(), args, ..Syscall::default() }
    }

    fn equals(index: u32, value: u64) -> SyscallArg {
        SyscallArg { index, value, value_two: 0, op: "SCMP_CMP_EQ".into() }
    }

    fn decide(program: &Program, number: u32, first: u64) -> u32 {
        run(program, &Call { number, arch: AUDIT_X86_64, args: [first, 0, 0, 0, 0, 0] })
    }

    #[test]
    fn an_empty_profile_still_tells_architectures_apart() {
        let program = compile_x86(&profile("SCMP_ACT_ALLOW", vec![]), Newer::Enosys).unwrap();
        assert_eq!(decide(&program, 0, 0), Action::Allow.code());
        assert_eq!(run(&program, &Call { number: 0, arch: 0xc000_00b7, args: [0; 6] }), Action::KillThread.code());
    }

    #[test]
    fn the_strictest_of_overlapping_rules_wins() {
        let rules = vec![
            rule("dup", "SCMP_ACT_ALLOW", vec![equals(0, 1)]),
            rule("dup", "SCMP_ACT_KILL_PROCESS", vec![equals(1, 0)]),
            rule("dup", "SCMP_ACT_LOG", vec![equals(0, 1)]),
        ];
        let program = compile_x86(&profile("SCMP_ACT_ERRNO", rules), Newer::Enosys).unwrap();
        assert_eq!(decide(&program, 32, 1), Action::KillProcess.code());
    }

    #[test]
    fn newer_calls_are_unknown_unless_the_default_lets_them_through() {
        let rules = || vec![rule("statx", "SCMP_ACT_ALLOW", vec![])];
        let strict = compile_x86(&profile("SCMP_ACT_ERRNO", rules()), Newer::Enosys).unwrap();
        assert_eq!([331, 332, 333].map(|number| decide(&strict, number, 0)), [0x50001, 0x7fff_0000, 0x50026]);
        let permissive = compile_x86(&profile("SCMP_ACT_LOG", rules()), Newer::Enosys).unwrap();
        assert_eq!(decide(&permissive, 333, 0), Action::Log.code());
    }

    #[test]
    fn long_chains_are_reached_by_longer_jumps() {
        let values = |from: u64| (from..from + 400).map(|value| rule("dup", "SCMP_ACT_ALLOW", vec![equals(0, value)]));
        let others = (0..400).map(|value| rule("close", "SCMP_ACT_LOG", vec![equals(0, value)]));
        let program =
            compile_x86(&profile("SCMP_ACT_ERRNO", values(7).chain(others).collect()), Newer::Enosys).unwrap();
        assert!(program.len() > 3000);
        for (number, first, action) in
            [(32, 7, 0x7fff_0000), (32, 406, 0x7fff_0000), (32, 6, 0x50001), (3, 399, 0x7ffc_0000), (3, 400, 0x50001)]
        {
            assert_eq!(decide(&program, number, first), action, "call {number} with {first}");
        }
    }

    #[test]
    fn what_the_kernel_would_refuse_is_refused_here() {
        let rules = (0..1100).map(|value| rule("dup", "SCMP_ACT_ALLOW", vec![equals(0, value)])).collect();
        let error = compile_x86(&profile("SCMP_ACT_ERRNO", rules), Newer::Enosys).unwrap_err();
        assert!(matches!(error, CompileError::TooLong { length } if length > 4096), "{error}");
        let rules = (0..100_000).map(|value| rule("dup", "SCMP_ACT_ALLOW", vec![equals(0, value)])).collect();
        let error = compile_x86(&profile("SCMP_ACT_ERRNO", rules), Newer::Enosys).unwrap_err();
        assert_eq!(error, CompileError::TooLong { length: 4097 });
        let notify = compile_x86(&profile("SCMP_ACT_NOTIFY", vec![]), Newer::Enosys).unwrap_err();
        assert_eq!(notify, CompileError::Notify { what: "default action" });
    }

    #[test]
    fn notify_asks_for_a_listener() {
        let program =
            compile_x86(&profile("SCMP_ACT_ALLOW", vec![rule("mount", "SCMP_ACT_NOTIFY", vec![])]), Newer::Enosys);
        assert_eq!(program.unwrap().flags(), 8);
    }
}
