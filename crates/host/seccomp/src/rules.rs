//! What a profile says about each system call number of one ABI.

use oci::runtime::{Seccomp, Syscall, SyscallArg};

use crate::abi::{Abi, X32_BIT};
use crate::action::Action;
use crate::condition::Condition;
use crate::error::CompileError;
use crate::program::MAX_INSTRUCTIONS;
use crate::table::{Call, Entry};

/// More calls than any ABI has.
const CALLS: usize = 600;

/// One rule: the action is taken when all conditions hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rule {
    /// At least one.
    pub(crate) conditions: Vec<Condition>,
    /// What is then done.
    pub(crate) action: Action,
}

/// What a profile says about one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing: the default action is taken.
    #[default]
    Nothing,
    /// Always the same.
    Always(Action),
    /// One of these, or the default action.
    When(Vec<Rule>),
}

/// What a profile says about one ABI.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// By number, without x32's bit; calls behind the end are not spoken of.
    pub(crate) by_number: Vec<Said>,
    /// The greatest number that the profile names at all, with x32's bit: later calls are unknown to it.
    pub(crate) last: Option<u32>,
}

impl Rules {
    /// Collects what the profile says about an ABI.
    ///
    /// Calls whose names are unknown are left out, as are rules that only repeat the default action: runc never passes
    /// these to libseccomp, so they must not take precedence over others.
    pub(crate) fn collect(profile: &Seccomp, default: Action, abi: Abi) -> Result<Self, CompileError> {
        let mut rules = Self { by_number: Vec::with_capacity(CALLS), last: None };
        for rule in &profile.syscalls {
            let action = Action::parse(&rule.action, rule.errno_ret)?;
            let alternatives = alternatives(rule, abi)?;
            for name in &rule.names {
                check_name(name, action)?;
                let Some(call) = Call::find(name) else { continue };
                rules.last = rules.last.max(call.entries(abi).map(|entry| entry.number).max());
                if action != default {
                    call.entries(abi).try_for_each(|entry| rules.add(entry, &alternatives, action))?;
                }
            }
        }
        Ok(rules)
    }

    fn add(&mut self, entry: Entry, alternatives: &[Vec<Condition>], action: Action) -> Result<(), CompileError> {
        let place = (entry.number & !X32_BIT) as usize;
        if self.by_number.len() <= place {
            self.by_number.resize(place + 1, Said::Nothing);
        }
        let said = &mut self.by_number[place];
        for conditions in alternatives {
            said.add(select(conditions, entry.selector), action);
        }
        // Each takes more than one instruction; stopping here bounds the work on absurd profiles.
        match said {
            Said::When(rules) if rules.len() > MAX_INSTRUCTIONS => Err(CompileError::TooLong { length: rules.len() }),
            _ => Ok(()),
        }
    }
}

impl Said {
    /// Adds a rule as libseccomp does: the first rule without conditions replaces all others and stays.
    fn add(&mut self, conditions: Vec<Condition>, action: Action) {
        match self {
            Self::Always(_) => {}
            _ if conditions.is_empty() => *self = Self::Always(action),
            Self::Nothing => *self = Self::When(vec![Rule { conditions, action }]),
            Self::When(rules) => {
                let rule = Rule { conditions, action };
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
    }
}

/// The conditions on a call that arrives inside another one: its number is the other's first argument, and its own
/// arguments lie behind a pointer. libseccomp replaces the condition on the first argument and keeps the others.
fn select(conditions: &[Condition], selector: Option<u32>) -> Vec<Condition> {
    match selector {
        None => conditions.to_vec(),
        Some(value) => {
            let others = conditions.iter().copied().filter(|condition| condition.argument != 0);
            std::iter::once(Condition::selector(value)).chain(others).collect()
        }
    }
}

/// The lists of conditions of which one must hold.
///
/// That is one list, unless an argument is named twice: then each condition counts alone (runc, for the sake of profiles
/// from before several conditions meant "and").
fn alternatives(rule: &Syscall, abi: Abi) -> Result<Vec<Vec<Condition>>, CompileError> {
    let name = rule.names.first().map_or("", String::as_str);
    let parse = |arg: &SyscallArg| Condition::parse(arg, abi.is_64_bit(), name);
    let conditions: Vec<Option<Condition>> = rule.args.iter().map(parse).collect::<Result<_, _>>()?;
    let twice = rule.args.iter().enumerate().any(|(i, arg)| rule.args[..i].iter().any(|a| a.index == arg.index));
    Ok(if twice {
        conditions.into_iter().map(|condition| condition.into_iter().collect()).collect()
    } else {
        vec![conditions.into_iter().flatten().collect()]
    })
}

fn check_name(name: &str, action: Action) -> Result<(), CompileError> {
    match (name, action) {
        ("", _) => Err(CompileError::EmptyName),
        // The notify descriptor is handed over by a write.
        ("write", Action::Notify) => Err(CompileError::Notify { what: "write system call" }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, action: &str, args: &[(u32, &str, u64)]) -> Syscall {
        let args = args.iter().map(|&(index, op, value)| SyscallArg { index, value, value_two: 0, op: op.into() });
        Syscall { names: vec![name.into()], action: action.into(), args: args.collect(), ..Syscall::default() }
    }

    fn collect(syscalls: &[Syscall], abi: Abi) -> Rules {
        let profile = Seccomp { syscalls: syscalls.to_vec(), ..Seccomp::default() };
        Rules::collect(&profile, Action::Errno(1), abi).unwrap()
    }

    #[test]
    fn the_first_rule_without_conditions_stays_alone() {
        let conditional = rule("socket", "SCMP_ACT_ALLOW", &[(0, "SCMP_CMP_EQ", 2)]);
        let (kill, allow) = (rule("socket", "SCMP_ACT_KILL", &[]), rule("socket", "SCMP_ACT_ALLOW", &[]));
        let rules = collect(&[conditional.clone(), kill, allow, conditional], Abi::X86_64);
        assert_eq!(rules.by_number[41], Said::Always(Action::KillThread));
    }

    #[test]
    fn an_argument_named_twice_makes_alternatives() {
        let range = rule("socket", "SCMP_ACT_ALLOW", &[(0, "SCMP_CMP_GT", 2), (0, "SCMP_CMP_LT", 5)]);
        let both = rule("bind", "SCMP_ACT_ALLOW", &[(0, "SCMP_CMP_GT", 2), (1, "SCMP_CMP_LT", 5)]);
        let rules = collect(&[range, both], Abi::X86_64);
        let conditions = |number: usize| match &rules.by_number[number] {
            Said::When(rules) => rules.iter().map(|rule| rule.conditions.len()).collect::<Vec<_>>(),
            said => panic!("{said:?}"),
        };
        assert_eq!((conditions(41), conditions(49)), (vec![1, 1], vec![2]));
    }

    #[test]
    fn what_repeats_the_default_is_left_out_but_known() {
        let rules =
            collect(&[rule("statx", "SCMP_ACT_ERRNO", &[]), rule("nothing_such", "SCMP_ACT_ALLOW", &[])], Abi::X86_64);
        assert!(rules.by_number.is_empty());
        assert_eq!(rules.last, Some(332));
    }

    #[test]
    fn a_carried_call_is_told_by_its_first_argument_alone() {
        let socket = rule("socket", "SCMP_ACT_ALLOW", &[(0, "SCMP_CMP_LT", 38)]);
        let rules = collect(&[socket], Abi::X86);
        let selected = Rule { conditions: vec![Condition::selector(1)], action: Action::Allow };
        assert_eq!(rules.by_number[102], Said::When(vec![selected]));
        assert!(matches!(&rules.by_number[359], Said::When(rules) if rules[0].conditions.len() == 1));
    }

    #[test]
    fn notify_is_refused_for_write() {
        let profile = Seccomp { syscalls: vec![rule("write", "SCMP_ACT_NOTIFY", &[])], ..Seccomp::default() };
        let error = Rules::collect(&profile, Action::Errno(1), Abi::X86_64).unwrap_err();
        assert_eq!(error, CompileError::Notify { what: "write system call" });
    }
}
