//! Decisions of our programs beside those of libseccomp's.

use std::collections::BTreeSet;

use oci::runtime::{Seccomp, Syscall, SyscallArg};

use super::interpreter::{Call, decide};
use super::{libseccomp, model};
use crate::abi::{AUDIT_I386, AUDIT_X86_64, X32_BIT};
use crate::compile::{Newer, compile_x86};
use crate::instruction::Instruction;
use crate::{KernelVersion, default_profile};

const NEW: KernelVersion = KernelVersion { major: 6, minor: 18 };

/// Numbers, arguments, everything else from one seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Leaves only names that mean the same to the installed libseccomp.
fn common(mut profile: Seccomp) -> Seccomp {
    let shared = libseccomp::shared(profile.syscalls.iter().flat_map(|rule| &rule.names).map(String::as_str));
    profile.syscalls.iter_mut().for_each(|rule| rule.names.retain(|name| shared.contains(name)));
    profile
}

fn numbers() -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..600).chain(X32_BIT..X32_BIT + 600).collect();
    numbers.extend([600, 4095, 0x3fff_ffff, 0x7fff_ffff, 0x8000_0000, 0xbfff_ffff, 0xc000_0000, 0xffff_fffe, u32::MAX]);
    numbers
}

/// Values at, beside and beyond those that the profile compares with.
fn interesting(profile: &Seccomp) -> Vec<u64> {
    let mut values = BTreeSet::from([0, 1, 2, 17, 0xffff_ffff, 1 << 32, u64::MAX]);
    for arg in profile.syscalls.iter().flat_map(|rule| &rule.args) {
        for value in [arg.value, arg.value_two] {
            values.extend([value, value.wrapping_add(1), value.wrapping_sub(1), !value]);
            values.extend([value | 1 << 32, value & 0xffff_ffff, value | 0xffff_ffff_0000_0000]);
        }
    }
    values.into_iter().collect()
}

/// Argument lists: each value everywhere, then mixtures.
fn arguments(values: &[u64], random: &mut Random) -> Vec<[u64; 6]> {
    let mut lists: Vec<[u64; 6]> = values.iter().map(|&value| [value; 6]).collect();
    lists.extend((0..values.len() * 2).map(|_| std::array::from_fn(|_| random.pick(values))));
    lists
}

fn compare(profile: &Seccomp, random: &mut Random) {
    let ours: Vec<Instruction> = compile_x86(profile, Newer::Default).unwrap().instructions().collect();
    let theirs = libseccomp::program(profile);
    let lists = arguments(&interesting(profile), random);
    for arch in [AUDIT_X86_64, AUDIT_I386, 0xc000_00b7, 0] {
        for number in numbers() {
            for args in &lists {
                let call = Call { number, arch, args: *args };
                let (our, their) = (decide(&ours, &call), decide(&theirs, &call));
                let (our_action, their_action) = (our.action, their.action);
                assert_eq!(
                    our_action, their_action,
                    "{call:x?}: ours {our_action:#x}, libseccomp's {their_action:#x} for {:x?}",
                    profile.syscalls
                );
                if !our.looked_at_arguments && !their.looked_at_arguments {
                    break;
                }
            }
        }
    }
}

#[test]
fn docker_s_default_profile_decides_as_with_libseccomp() {
    let all = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_TIME", "CAP_BPF", "CAP_SYSLOG"].map(String::from);
    for capabilities in [&[][..], &all[..]] {
        compare(&common(default_profile(capabilities, NEW)), &mut Random(1));
    }
}

#[test]
fn fewer_architectures_decide_as_with_libseccomp() {
    for architectures in [&[][..], &["SCMP_ARCH_X32"], &["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], &["SCMP_ARCH_ARM"]] {
        let mut profile = common(default_profile(&[], NEW));
        profile.architectures = architectures.iter().map(ToString::to_string).collect();
        compare(&profile, &mut Random(2));
    }
}

const NAMES: [&str; 8] = ["socket", "accept", "semop", "read", "ioctl", "clone", "personality", "rt_sigaction"];
const ACTIONS: [&str; 5] = ["ALLOW", "LOG", "TRAP", "KILL_PROCESS", "TRACE"];
const OPERATORS: [&str; 7] = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];

fn random_arg(random: &mut Random, index: u32) -> SyscallArg {
    let values = [0, 1, 2, 38, 0x8000_0000, 0xffff_ffff, 1 << 32, 0x1_0000_0026, 0xff00_0000_0000_00ff, u64::MAX];
    let op = format!("SCMP_CMP_{}", random.pick(&OPERATORS));
    SyscallArg { index, value: random.pick(&values), value_two: random.pick(&values), op }
}

/// Up to `limit` conditions on different arguments.
fn random_args(random: &mut Random, limit: u64) -> Vec<SyscallArg> {
    let mut indexes: Vec<u32> = (0..6).collect();
    let count = random.below(limit + 1);
    let mut index = |random: &mut Random| indexes.swap_remove(random.below(indexes.len() as u64) as usize);
    (0..count).map(|_| index(random)).collect::<Vec<_>>().into_iter().map(|index| random_arg(random, index)).collect()
}

fn with_rules(syscalls: Vec<Syscall>) -> Seccomp {
    let architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"].map(String::from).to_vec();
    Seccomp { default_action: "SCMP_ACT_ERRNO".into(), architectures, syscalls, ..Seccomp::default() }
}

fn random_rule(random: &mut Random, name: &str, args: Vec<SyscallArg>) -> Syscall {
    let action = format!("SCMP_ACT_{}", random.pick(&ACTIONS));
    Syscall { names: vec![name.into()], action, errno_ret: None, args }
}

/// One rule for each call: libseccomp's tree of several rules with several arguments forgets some of them, since it does
/// not come back from a branch that it has entered. Our own model checks those.
#[test]
fn random_rules_decide_as_with_libseccomp() {
    let mut random = Random(20);
    for _ in 0..100 {
        // accept shares socketcall with socket.
        let names = NAMES.iter().filter(|name| **name != "accept");
        let rules = names.map(|name| {
            let args = random_args(&mut random, 3);
            random_rule(&mut random, name, args)
        });
        let profile = with_rules(rules.collect());
        compare(&profile, &mut random);
    }
}

#[test]
fn random_rules_decide_as_the_model_says() {
    let mut random = Random(21);
    for _ in 0..100 {
        let rules = (0..random.below(20)).map(|_| {
            let (name, args) = (random.pick(&NAMES), random_args(&mut random, 3));
            random_rule(&mut random, name, args)
        });
        let profile = with_rules(rules.collect());
        let program: Vec<Instruction> = compile_x86(&profile, Newer::Enosys).unwrap().instructions().collect();
        let lists = arguments(&interesting(&profile), &mut random);
        for (arch, number) in
            [AUDIT_X86_64, AUDIT_I386].into_iter().flat_map(|arch| numbers().into_iter().map(move |n| (arch, n)))
        {
            for args in &lists {
                let call = Call { number, arch, args: *args };
                let (ours, expected) = (decide(&program, &call), model::decide(&profile, &call));
                assert_eq!(ours.action, expected.code(), "{call:x?} for {:x?}", profile.syscalls);
                if !ours.looked_at_arguments && number % 16 != 0 {
                    break;
                }
            }
        }
    }
}
