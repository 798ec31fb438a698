//! What a profile means, read straight from it for one call: slow and plain.

use oci::runtime::{Seccomp, Syscall, SyscallArg};

use super::interpreter::Call;
use crate::abi::{AUDIT_I386, X32_BIT};
use crate::action::Action;

/// What the whole program should answer to a call of one of the architectures that the profile names.
pub(super) fn decide(profile: &Seccomp, call: &Call) -> Action {
    let default = Action::parse(&profile.default_action, profile.default_errno_ret).unwrap();
    let wide = call.arch != AUDIT_I386 && call.number & X32_BIT == 0;
    let rules = profile.syscalls.iter().flat_map(|rule| places(rule, call).map(move |selector| (rule, selector)));
    let rules: Vec<_> = rules.collect();
    let conditions = |rule: &Syscall, selector: Option<u32>| {
        let mut args = rule.args.iter().filter(|arg| selector.is_none() || arg.index != 0);
        let chosen = selector.is_none_or(|selector| call.args[0] as u32 == selector);
        let sure = selector.is_none() && rule.args.iter().all(|arg| is_void(arg, wide));
        (sure, chosen && args.all(|arg| holds(arg, call, wide)))
    };
    let action = |rule: &Syscall| Action::parse(&rule.action, rule.errno_ret).unwrap();
    if let Some((rule, _)) = rules.iter().find(|(rule, selector)| conditions(rule, *selector).0) {
        return action(rule);
    }
    let matching = rules.iter().filter(|(rule, selector)| conditions(rule, *selector).1);
    let newer = last(profile, call).is_some_and(|last| call.number > last);
    matching.map(|(rule, _)| action(rule)).min().unwrap_or(if newer { Action::Errno(38) } else { default })
}

/// The ways in which a rule can be about this call: by its number, or by a selector within another call.
fn places(rule: &Syscall, call: &Call) -> impl Iterator<Item = Option<u32>> {
    let name = rule.names[0].as_str();
    let direct = (number(name, call) == Some(call.number)).then_some(None);
    let carried = match (name, call.arch, call.number) {
        ("socket", AUDIT_I386, 102) => Some(Some(1)),
        ("accept", AUDIT_I386, 102) => Some(Some(5)),
        ("semop", AUDIT_I386, 117) => Some(Some(1)),
        _ => None,
    };
    direct.into_iter().chain(carried)
}

/// Numbers of the calls used in the test, on x86-64, x32, i386.
fn number(name: &str, call: &Call) -> Option<u32> {
    let [x86_64, x32, i386] = match name {
        "socket" => [Some(41), Some(41), Some(359)],
        "accept" => [Some(43), Some(43), None],
        "semop" => [Some(65), Some(65), None],
        "read" => [Some(0), Some(0), Some(3)],
        "ioctl" => [Some(16), Some(514), Some(54)],
        "clone" => [Some(56), Some(56), Some(120)],
        "personality" => [Some(135), Some(135), Some(136)],
        "rt_sigaction" => [Some(13), Some(512), Some(174)],
        _ => panic!("{name} is not in the model"),
    };
    match (call.arch == AUDIT_I386, call.number & X32_BIT != 0) {
        (true, _) => i386,
        (false, true) => x32.map(|number| number | X32_BIT),
        (false, false) => x86_64,
    }
}

fn last(profile: &Seccomp, call: &Call) -> Option<u32> {
    let carrying = |name: &str| match (call.arch, name) {
        (AUDIT_I386, "accept") => Some(102),
        (AUDIT_I386, "semop") => Some(117),
        _ => None,
    };
    profile.syscalls.iter().filter_map(|rule| number(&rule.names[0], call).or(carrying(&rule.names[0]))).max()
}

/// Whether a condition looks at no bit.
fn is_void(arg: &SyscallArg, wide: bool) -> bool {
    arg.op == "SCMP_CMP_MASKED_EQ" && if wide { arg.value == 0 } else { arg.value as u32 == 0 }
}

fn holds(arg: &SyscallArg, call: &Call, wide: bool) -> bool {
    let cut = |value: u64| if wide { value } else { value & 0xffff_ffff };
    let (actual, value) = (cut(call.args[arg.index as usize]), cut(arg.value));
    match arg.op.as_str() {
        "SCMP_CMP_NE" => actual != value,
        "SCMP_CMP_LT" => actual < value,
        "SCMP_CMP_LE" => actual <= value,
        "SCMP_CMP_EQ" => actual == value,
        "SCMP_CMP_GE" => actual >= value,
        "SCMP_CMP_GT" => actual > value,
        "SCMP_CMP_MASKED_EQ" => actual & value == cut(arg.value_two) & value,
        op => panic!("{op} is not in the model"),
    }
}
