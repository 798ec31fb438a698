//! Device rules as a program of the kernel's machine, which version 2 asks about every opening and making of a node.
//!
//! ```text
//!   load type, access, major, minor
//!   rule n:  unless all fields match, go to rule n-1;   return allow or deny
//!   …
//!   return the default
//! ```
//!
//! The last matching rule wins, so it is asked first. linux/bpf.h, `struct bpf_cgroup_dev_ctx`;
//! Documentation/bpf/standardization/instruction-set.rst.

use crate::devices::Rule;

/// Types and accesses of linux/bpf.h: `BPF_DEVCG_*`.
const BLOCK: i32 = 1;
const CHARACTER: i32 = 2;
const ACCESSES: [(char, i32); 3] = [('m', 1), ('r', 2), ('w', 4)];
const ALL: i32 = 7;

/// Operation codes: class, operation and source in one byte.
mod code {
    pub const LOAD_WORD: u8 = 0x61;
    pub const MOVE: u8 = 0xbc;
    pub const AND: u8 = 0x54;
    pub const SHIFT_RIGHT: u8 = 0x74;
    pub const JUMP_UNLESS_EQUAL: u8 = 0x56;
    pub const JUMP_UNLESS_EQUAL_REGISTER: u8 = 0x5e;
    pub const JUMP_IF_EQUAL: u8 = 0x16;
    pub const SET: u8 = 0xb7;
    pub const EXIT: u8 = 0x95;
}

/// Registers: the result, the context (and scratch once it is read), and the fields.
const RESULT: u8 = 0;
const CONTEXT: u8 = 1;
const KIND: u8 = 2;
const ACCESS: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;

/// One instruction before its jump is known.
#[derive(Clone, Copy)]
struct Step {
    code: u8,
    to: u8,
    from: u8,
    offset: i16,
    value: i32,
    /// Whether it jumps over the rest of its rule.
    skips: bool,
}

fn step(code: u8, to: u8, from: u8, offset: i16, value: i32) -> Step {
    Step { code, to, from, offset, value, skips: false }
}

fn skip(code: u8, to: u8, from: u8, value: i32) -> Step {
    Step { code, to, from, offset: 0, value, skips: true }
}

/// The program for `rules`, as bytes of native-endian `struct bpf_insn`. What no rule is about is allowed.
pub(crate) fn compile(rules: &[Rule]) -> Vec<u8> {
    let mut steps = vec![
        step(code::LOAD_WORD, KIND, CONTEXT, 0, 0),
        step(code::MOVE, ACCESS, KIND, 0, 0),
        step(code::AND, KIND, 0, 0, 0xffff),
        step(code::SHIFT_RIGHT, ACCESS, 0, 0, 16),
        step(code::LOAD_WORD, MAJOR, CONTEXT, 4, 0),
        step(code::LOAD_WORD, MINOR, CONTEXT, 8, 0),
    ];
    for rule in rules.iter().rev() {
        steps.extend(link(rule_steps(rule)));
    }
    // After a rule without conditions nothing is reached, and the verifier wants no such code.
    if rules.first().is_none_or(|rule| !rule.is_everything()) {
        steps.extend(verdict(true));
    }
    steps.iter().flat_map(encode).collect()
}

fn verdict(allow: bool) -> [Step; 2] {
    [step(code::SET, RESULT, 0, 0, allow.into()), step(code::EXIT, 0, 0, 0, 0)]
}

fn rule_steps(rule: &Rule) -> Vec<Step> {
    let mut steps = Vec::new();
    match rule.kind {
        'b' => steps.push(skip(code::JUMP_UNLESS_EQUAL, KIND, 0, BLOCK)),
        'c' => steps.push(skip(code::JUMP_UNLESS_EQUAL, KIND, 0, CHARACTER)),
        _ => {}
    }
    let access = ACCESSES.iter().filter(|(letter, _)| rule.access.contains(*letter)).fold(0, |all, (_, bit)| all | bit);
    if access != ALL {
        steps.push(step(code::MOVE, CONTEXT, ACCESS, 0, 0));
        steps.push(step(code::AND, CONTEXT, 0, 0, access));
        // Allowed must be all that is asked for; denied is what asks for any of it.
        steps.push(match rule.allow {
            true => skip(code::JUMP_UNLESS_EQUAL_REGISTER, CONTEXT, ACCESS, 0),
            false => skip(code::JUMP_IF_EQUAL, CONTEXT, 0, 0),
        });
    }
    for (register, number) in [(MAJOR, rule.major), (MINOR, rule.minor)] {
        if let Some(number) = number {
            steps.push(skip(code::JUMP_UNLESS_EQUAL, register, 0, number as i32));
        }
    }
    steps.extend(verdict(rule.allow));
    steps
}

/// Lets each skipping step jump behind the last of its rule.
fn link(mut steps: Vec<Step>) -> Vec<Step> {
    let count = steps.len();
    for (position, step) in steps.iter_mut().enumerate().filter(|(_, step)| step.skips) {
        // Jumps count from the next instruction; a rule has about ten.
        step.offset = (count - position - 1) as i16;
    }
    steps
}

fn encode(step: &Step) -> [u8; 8] {
    let mut bytes = [step.code, step.to | step.from << 4, 0, 0, 0, 0, 0, 0];
    bytes[2..4].copy_from_slice(&step.offset.to_ne_bytes());
    bytes[4..].copy_from_slice(&step.value.to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program as the kernel would, for the few operations there are.
    fn run(program: &[u8], kind: i32, access: i32, major: u32, minor: u32) -> bool {
        let context = [(kind | access << 16) as u32, major, minor];
        let mut registers = [0u32; 6];
        let mut at = 0usize;
        loop {
            let word: [u8; 8] = program[at * 8..at * 8 + 8].try_into().unwrap();
            let (to, from) = ((word[1] & 15) as usize, (word[1] >> 4) as usize);
            let offset = i16::from_ne_bytes([word[2], word[3]]) as usize;
            let value = i32::from_ne_bytes([word[4], word[5], word[6], word[7]]) as u32;
            let mut jump = false;
            match word[0] {
                code::LOAD_WORD => registers[to] = context[offset / 4],
                code::MOVE => registers[to] = registers[from],
                code::AND => registers[to] &= value,
                code::SHIFT_RIGHT => registers[to] >>= value,
                code::SET => registers[to] = value,
                code::JUMP_UNLESS_EQUAL => jump = registers[to] != value,
                code::JUMP_UNLESS_EQUAL_REGISTER => jump = registers[to] != registers[from],
                code::JUMP_IF_EQUAL => jump = registers[to] == value,
                code::EXIT => return registers[0] == 1,
                other => panic!("operation {other:#x}"),
            }
            at += 1 + if jump { offset } else { 0 };
        }
    }

    fn rule(allow: bool, kind: char, major: Option<u32>, minor: Option<u32>, access: &str) -> Rule {
        Rule { allow, kind, major, minor, access: access.to_owned() }
    }

    #[test]
    fn the_last_matching_rule_wins() {
        let program = compile(&[
            rule(false, 'a', None, None, "rwm"),
            rule(true, 'c', None, None, "m"),
            rule(true, 'c', Some(1), Some(3), "rwm"),
            rule(true, 'b', Some(u32::MAX), None, "r"),
            rule(false, 'c', Some(1), Some(4), "w"),
        ]);
        let asked = |kind, access, major, minor| run(&program, kind, access, major, minor);
        assert!(asked(CHARACTER, 1, 9, 9) && asked(CHARACTER, 6, 1, 3) && asked(BLOCK, 2, u32::MAX, 7));
        assert!(!asked(CHARACTER, 2, 9, 9) && !asked(BLOCK, 1, 9, 9) && !asked(BLOCK, 6, 1, 3));
        // Making and writing at once is more than making; denying the writing denies both.
        assert!(!asked(CHARACTER, 5, 9, 9) && !asked(CHARACTER, 5, 1, 4) && asked(CHARACTER, 1, 1, 4));
    }

    #[test]
    fn without_a_rule_for_everything_the_rest_is_allowed() {
        assert!(run(&compile(&[rule(false, 'c', Some(1), None, "rwm")]), BLOCK, 7, 1, 1));
        assert!(run(&compile(&[]), CHARACTER, 7, 1, 1));
    }

    #[test]
    fn the_kernel_takes_the_program() {
        let rules = crate::devices::rules(&oci::runtime::Resources {
            devices: vec![oci::runtime::DeviceRule::default()],
            ..oci::runtime::Resources::default()
        });
        for rules in [rules.unwrap(), vec![], vec![rule(true, 'b', Some(7), Some(0), "r")]] {
            sys::bpf::load_device_program(&compile(&rules)).unwrap();
        }
    }
}
