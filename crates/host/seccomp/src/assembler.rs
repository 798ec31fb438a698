//! Puts instructions together from the last one to the first.
//!
//! Jumps of BPF go forward only, so when a program is written backwards every target is already there, and each jump knows
//! its distance when it is made. A conditional jump reaches 255 instructions: where that is not enough, the builder lays an
//! unconditional jump, or a copy of the return, before the target and uses that.
//!
//! Every block ends in a jump or a return, so nothing falls from one block into the next by accident; the one instruction
//! that does fall through is a load, which is always laid right before the comparison that uses it.

use std::collections::HashMap;

use crate::action::Action;
use crate::condition::{Condition, Test};
use crate::instruction::{AND, IF_ANY_BIT, IF_EQUAL, IF_GREATER, IF_GREATER_OR_EQUAL, Instruction, JUMP, LOAD, RETURN};
use crate::ranges::Verdict;
use crate::rules::Rule;

/// How far a conditional jump reaches.
const REACH: usize = 255;

/// Offset of the arguments in `struct seccomp_data`; each has 8 bytes.
const ARGUMENTS: u32 = 16;

/// Offsets of the halves of an argument on a little-endian machine.
const LOWER: u32 = 0;
const UPPER: u32 = 4;

/// A place in the program, counted from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(usize);

/// A program being written from its end.
#[derive(Debug)]
pub(crate) struct Assembler {
    backwards: Vec<Instruction>,
    default: Action,
    returns: HashMap<Action, Label>,
    chains: HashMap<Vec<Rule>, Label>,
}

impl Assembler {
    /// An empty program; `default` is done where no rule holds.
    pub(crate) fn new(default: Action) -> Self {
        Self { backwards: Vec::new(), default, returns: HashMap::new(), chains: HashMap::new() }
    }

    /// The program in its order.
    pub(crate) fn finish(mut self) -> Vec<Instruction> {
        self.backwards.reverse();
        self.backwards
    }

    /// Loads the word at an offset of `struct seccomp_data` before going on at the label, which must be the last one made.
    pub(crate) fn load(&mut self, offset: u32, next: Label) -> Label {
        debug_assert_eq!(next.0 + 1, self.backwards.len(), "a load falls through to the instruction after it");
        self.push(Instruction::plain(LOAD, offset))
    }

    /// Goes to `yes` where the loaded word equals `value`, else to `no`.
    pub(crate) fn if_equal(&mut self, value: u32, yes: Label, no: Label) -> Label {
        self.branch(IF_EQUAL, value, yes, no)
    }

    /// Ends the filter; near returns of the same action are shared.
    pub(crate) fn ret(&mut self, action: Action) -> Label {
        match self.returns.get(&action) {
            Some(&label) if self.distance(label) < REACH => label,
            _ => {
                let label = self.push(Instruction::plain(RETURN, action.code()));
                self.returns.insert(action, label);
                label
            }
        }
    }

    /// Finds the range of the loaded number by halving; the first range begins at 0.
    pub(crate) fn search(&mut self, ranges: &[(u32, Verdict)]) -> Label {
        match ranges {
            [(_, verdict)] => self.verdict(verdict),
            _ => {
                let (low, high) = ranges.split_at(ranges.len() / 2);
                let above = self.search(high);
                let below = self.search(low);
                self.branch(IF_GREATER_OR_EQUAL, high[0].0, above, below)
            }
        }
    }

    /// Writes the code of a verdict that depends on arguments, if it is not there yet.
    ///
    /// It must not end up between the branches of a search: call it before.
    pub(crate) fn chain(&mut self, rules: &[Rule]) -> Label {
        if let Some(&label) = self.chains.get(rules) {
            return label;
        }
        let mut next = self.ret(self.default);
        for rule in rules.iter().rev() {
            let done = self.ret(rule.action);
            let conditions = rule.conditions.iter().rev();
            next = conditions.fold(done, |holds, condition| self.condition(condition, holds, next));
        }
        self.chains.insert(rules.to_vec(), next);
        next
    }

    fn verdict(&mut self, verdict: &Verdict) -> Label {
        match verdict {
            Verdict::Always(action) => self.ret(*action),
            Verdict::ByArguments(rules) => self.chain(rules),
        }
    }

    fn condition(&mut self, condition: &Condition, yes: Label, no: Label) -> Label {
        let (yes, no) = if condition.negated { (no, yes) } else { (yes, no) };
        match condition.test {
            Test::Equal => self.equal(condition, yes, no),
            Test::Greater => self.ordered(IF_GREATER, condition, yes, no),
            Test::GreaterOrEqual => self.ordered(IF_GREATER_OR_EQUAL, condition, yes, no),
        }
    }

    fn equal(&mut self, condition: &Condition, yes: Label, no: Label) -> Label {
        let (value, mask) = (condition.value, condition.mask);
        let lower = match mask as u32 {
            0 => yes,
            mask => self.masked(argument(condition, LOWER), value as u32, mask, yes, no),
        };
        if !condition.wide {
            return lower;
        }
        self.masked(argument(condition, UPPER), (value >> 32) as u32, (mask >> 32) as u32, lower, no)
    }

    /// Compares those bits of a word that are in a mask.
    fn masked(&mut self, offset: u32, value: u32, mask: u32, yes: Label, no: Label) -> Label {
        let compared = if mask == u32::MAX {
            self.branch(IF_EQUAL, value, yes, no)
        } else if value == 0 {
            self.branch(IF_ANY_BIT, mask, no, yes)
        } else if value == mask && mask.is_power_of_two() {
            self.branch(IF_ANY_BIT, mask, yes, no)
        } else {
            self.branch(IF_EQUAL, value, yes, no);
            self.push(Instruction::plain(AND, mask))
        };
        self.load(offset, compared)
    }

    /// Compares by size: the upper half decides, and the lower one where the upper ones are equal.
    fn ordered(&mut self, code: u16, condition: &Condition, yes: Label, no: Label) -> Label {
        let compared = self.branch(code, condition.value as u32, yes, no);
        let lower = self.load(argument(condition, LOWER), compared);
        if !condition.wide {
            return lower;
        }
        let upper = (condition.value >> 32) as u32;
        let equal = self.branch(IF_EQUAL, upper, lower, no);
        let greater = self.branch(IF_GREATER, upper, yes, equal);
        self.load(argument(condition, UPPER), greater)
    }

    fn branch(&mut self, code: u16, k: u32, yes: Label, no: Label) -> Label {
        // Bringing one target near may move the other one instruction further off.
        let no = self.near(no, 1);
        let yes = self.near(yes, 0);
        let (jt, jf) = (self.distance(yes) as u8, self.distance(no) as u8);
        self.push(Instruction { code, jt, jf, k })
    }

    /// A label within reach that leads to the given one.
    fn near(&mut self, label: Label, slack: usize) -> Label {
        if self.distance(label) + slack <= REACH {
            return label;
        }
        let target = self.backwards[label.0];
        let hop = if target.code == RETURN { target } else { Instruction::plain(JUMP, self.distance(label) as u32) };
        self.push(hop)
    }

    /// Instructions that the next one to be laid would have to skip.
    fn distance(&self, label: Label) -> usize {
        self.backwards.len() - label.0 - 1
    }

    fn push(&mut self, instruction: Instruction) -> Label {
        self.backwards.push(instruction);
        Label(self.backwards.len() - 1)
    }
}

fn argument(condition: &Condition, half: u32) -> u32 {
    ARGUMENTS + 8 * u32::from(condition.argument) + half
}
