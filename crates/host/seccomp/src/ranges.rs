//! The whole space of system call numbers as ranges that are decided alike.

use crate::abi::X32_BIT;
use crate::action::Action;
use crate::rules::{Rule, Rules, Said};

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

/// The space of 32-bit numbers in ranges, in order: each begins at its number and ends before the next one's, which is
/// decided otherwise.
#[derive(Debug, Default)]
pub(crate) struct Ranges(Vec<(u32, Verdict)>);

impl Ranges {
    /// The numbers of i386.
    pub(crate) fn single(rules: Rules, fallback: Fallback) -> Vec<(u32, Verdict)> {
        let mut ranges = Self::default();
        ranges.paint(rules, 0, fallback);
        ranges.0
    }

    /// The numbers of x86-64 and x32, which share one architecture and differ by a bit. Without rules for x32, its
    /// numbers are a bad architecture, except for -1: a tracer uses that to skip a call.
    pub(crate) fn long_mode(native: Rules, x32: Option<Rules>, fallback: Fallback) -> Vec<(u32, Verdict)> {
        let mut ranges = Self::default();
        let native_rest = ranges.paint(native, 0, fallback);
        match x32 {
            Some(x32) => {
                let x32_rest = ranges.paint(x32, X32_BIT, fallback);
                ranges.begin(NEGATIVE, Verdict::Always(native_rest));
                ranges.begin(NEGATIVE | X32_BIT, Verdict::Always(x32_rest));
            }
            None => {
                let strange = if native_rest == ENOSYS { ENOSYS } else { BAD_ARCHITECTURE };
                ranges.begin(X32_BIT, Verdict::Always(BAD_ARCHITECTURE));
                ranges.begin(NEGATIVE, Verdict::Always(strange));
                ranges.begin(NEGATIVE | X32_BIT, Verdict::Always(BAD_ARCHITECTURE));
                ranges.begin(u32::MAX, Verdict::Always(fallback.default));
            }
        }
        ranges.0
    }

    /// Lays an ABI's numbers down from its first one on; returns what is done with numbers above.
    fn paint(&mut self, rules: Rules, first: u32, fallback: Fallback) -> Action {
        self.begin(first, Verdict::Always(fallback.default));
        let spoken = rules.by_number.len() as u32;
        for (number, said) in (first..).zip(rules.by_number) {
            self.begin(number, Verdict::of(said, fallback.default));
        }
        self.begin(first + spoken, Verdict::Always(fallback.default));
        match rules.last {
            Some(last) if fallback.newer_is_enosys => {
                self.begin(last + 1, Verdict::Always(ENOSYS));
                ENOSYS
            }
            _ => fallback.default,
        }
    }

    /// From here on, behind all before, this is decided.
    fn begin(&mut self, number: u32, verdict: Verdict) {
        match self.0.last_mut() {
            Some((_, last)) if *last == verdict => {}
            // The one before has no number of its own.
            Some((begun, _)) if *begun == number => {
                self.0.pop();
                self.begin(number, verdict);
            }
            _ => self.0.push((number, verdict)),
        }
    }
}

impl Verdict {
    fn of(said: Said, default: Action) -> Self {
        match said {
            Said::Nothing => Self::Always(default),
            Said::Always(action) => Self::Always(action),
            Said::When(mut rules) => {
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
        let spoken = numbers.iter().map(|number| number & !X32_BIT).max().map_or(0, |greatest| greatest + 1);
        let said = |number| if numbers.iter().any(|n| n & !X32_BIT == number) { allowed() } else { Said::Nothing };
        Rules { by_number: (0..spoken).map(said).collect(), last: Some(last) }
    }

    fn allowed() -> Said {
        Said::Always(Action::Allow)
    }

    fn actions(ranges: Vec<(u32, Verdict)>) -> Vec<(u32, Action)> {
        let action = |verdict| match verdict {
            Verdict::Always(action) => action,
            Verdict::ByArguments(rules) => panic!("{rules:?}"),
        };
        ranges.into_iter().map(|(number, verdict)| (number, action(verdict))).collect()
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
