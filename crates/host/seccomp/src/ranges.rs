//! The whole space of system call numbers as ranges that are decided alike.

use std::collections::BTreeMap;

use crate::abi::X32_BIT;
use crate::action::Action;
use crate::rules::{Rule, Rules};

/// ENOSYS: what a kernel answers that does not know the call.
const ENOSYS: Action = Action::Errno(38);

/// What libseccomp does with a call of an architecture that the profile does not name.
pub(crate) const BAD_ARCHITECTURE: Action = Action::KillThread;

/// The highest bit: numbers from here on are negative.
const NEGATIVE: u32 = 0x8000_0000;

/// What is decided for a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    /// Always the same.
    Always(Action),
    /// The first rule whose conditions hold, else the default action.
    ByArguments(Vec<Rule>),
}

/// What is done with numbers that the profile says nothing about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fallback {
    /// The profile's default action.
    pub(crate) default: Action,
    /// Whether calls newer than all that the profile names get ENOSYS instead.
    pub(crate) newer_is_enosys: bool,
}

/// The space of 32-bit numbers in ranges: each begins at its number and ends before the next one's.
#[derive(Debug)]
pub(crate) struct Ranges(BTreeMap<u32, Verdict>);

impl Ranges {
    /// The numbers of i386.
    pub(crate) fn single(rules: Rules, fallback: Fallback) -> Self {
        let mut ranges = Self(BTreeMap::new());
        ranges.paint(rules, 0, fallback);
        ranges
    }

    /// The numbers of x86-64 and x32, which share one architecture and differ by a bit. Without rules for x32, its
    /// numbers are a bad architecture, except for -1: a tracer uses that to skip a call.
    pub(crate) fn long_mode(native: Rules, x32: Option<Rules>, fallback: Fallback) -> Self {
        let mut ranges = Self(BTreeMap::new());
        let native_rest = ranges.paint(native, 0, fallback);
        match x32 {
            Some(x32) => {
                let x32_rest = ranges.paint(x32, X32_BIT, fallback);
                ranges.set(NEGATIVE, native_rest);
                ranges.set(NEGATIVE | X32_BIT, x32_rest);
            }
            None => {
                let strange = if native_rest == ENOSYS { ENOSYS } else { BAD_ARCHITECTURE };
                ranges.set(X32_BIT, BAD_ARCHITECTURE);
                ranges.set(NEGATIVE, strange);
                ranges.set(NEGATIVE | X32_BIT, BAD_ARCHITECTURE);
                ranges.set(u32::MAX, fallback.default);
            }
        }
        ranges
    }

    /// The ranges in order, neighbours that are decided alike made one.
    pub(crate) fn merged(self) -> Vec<(u32, Verdict)> {
        let mut ranges: Vec<(u32, Verdict)> = self.0.into_iter().collect();
        ranges.dedup_by(|next, first| next.1 == first.1);
        ranges
    }

    /// Lays an ABI's numbers down from its first one on; returns what is done with numbers above.
    fn paint(&mut self, rules: Rules, first: u32, fallback: Fallback) -> Action {
        self.set(first, fallback.default);
        let rest = match rules.last {
            Some(last) if fallback.newer_is_enosys => {
                self.set(last + 1, ENOSYS);
                ENOSYS
            }
            _ => fallback.default,
        };
        for (number, rules) in rules.by_number {
            self.0.entry(number + 1).or_insert(Verdict::Always(fallback.default));
            self.0.insert(number, Verdict::of(rules));
        }
        rest
    }

    fn set(&mut self, number: u32, action: Action) {
        self.0.insert(number, Verdict::Always(action));
    }
}

impl Verdict {
    fn of(mut rules: Vec<Rule>) -> Self {
        match rules.as_slice() {
            [rule] if rule.conditions.is_empty() => Self::Always(rule.action),
            _ => {
                rules.sort_by_key(|rule| rule.action);
                Self::ByArguments(rules)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FALLBACK: Fallback = Fallback { default: Action::Errno(1), newer_is_enosys: true };

    fn allow(numbers: &[u32], last: u32) -> Rules {
        let rule = vec![Rule { conditions: vec![], action: Action::Allow }];
        Rules { by_number: numbers.iter().map(|&number| (number, rule.clone())).collect(), last: Some(last) }
    }

    fn actions(ranges: Ranges) -> Vec<(u32, Action)> {
        let action = |verdict| match verdict {
            Verdict::Always(action) => action,
            Verdict::ByArguments(rules) => panic!("{rules:?}"),
        };
        ranges.merged().into_iter().map(|(number, verdict)| (number, action(verdict))).collect()
    }

    #[test]
    fn neighbours_are_one_range_and_what_is_newer_is_unknown() {
        let expected = [(0, Action::Errno(1)), (3, Action::Allow), (6, Action::Errno(1)), (10, ENOSYS)];
        assert_eq!(actions(Ranges::single(allow(&[3, 4, 5], 9), FALLBACK)), expected);
    }

    #[test]
    fn x32_is_killed_unless_named() {
        let ranges = actions(Ranges::long_mode(allow(&[0], 0), None, FALLBACK));
        let killed = BAD_ARCHITECTURE;
        let upper = [(X32_BIT, killed), (NEGATIVE, ENOSYS), (0xc000_0000, killed), (u32::MAX, Action::Errno(1))];
        assert_eq!(ranges[2..], upper);
        let named = actions(Ranges::long_mode(allow(&[0], 0), Some(allow(&[X32_BIT], X32_BIT)), FALLBACK));
        assert_eq!(named, [(0, Action::Allow), (1, ENOSYS), (X32_BIT, Action::Allow), (X32_BIT + 1, ENOSYS)]);
    }
}
