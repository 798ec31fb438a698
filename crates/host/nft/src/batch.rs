//! Transactions.

use netlink::wire::{self, Writer};

use crate::chain::Chain;
use crate::map::{Element, Map};
use crate::protocol::{self, element, table as table_attribute};
use crate::rule::Rule;

/// How long a message with elements may become, in bytes: the list is one attribute, whose length has 16 bits.
const ELEMENTS_LIMIT: usize = 48 << 10;

/// Changes to one `inet` table that happen all at once or not at all.
///
/// "Add" of a table, chain or map that exists as it is to be is no change.
#[derive(Debug)]
pub struct Batch<'t> {
    table: &'t str,
    writer: Writer,
    steps: Vec<String>,
    generation: Option<u32>,
}

impl<'t> Batch<'t> {
    /// An empty transaction on a table.
    pub fn new(table: &'t str) -> Self {
        Self { table, writer: Writer::new(), steps: Vec::new(), generation: None }
    }

    /// Makes the whole transaction fail with `ERESTART` if the rules of the network namespace have changed since
    /// [`crate::Nft::generation`] gave this number.
    #[must_use]
    pub fn at_generation(mut self, generation: u32) -> Self {
        self.generation = Some(generation);
        self
    }

    /// Makes the table.
    pub fn add_table(&mut self) {
        self.step(format!("add table `{}`", self.table), protocol::NEW_TABLE, wire::CREATE);
        self.writer.put_text(table_attribute::NAME, self.table);
    }

    /// Removes the table, which must exist, with all in it.
    pub fn delete_table(&mut self) {
        self.step(format!("remove table `{}`", self.table), protocol::DELETE_TABLE, 0);
        self.writer.put_text(table_attribute::NAME, self.table);
    }

    /// Makes a map.
    pub fn add_map(&mut self, map: &Map<'_>) {
        self.step(format!("add map `{}`", map.name), protocol::NEW_SET, wire::CREATE);
        map.encode(self.table, self.steps.len() as u32, &mut self.writer);
    }

    /// Makes a chain.
    pub fn add_chain(&mut self, chain: &Chain<'_>) {
        self.step(format!("add chain `{}`", chain.name), protocol::NEW_CHAIN, wire::CREATE);
        chain.encode(self.table, &mut self.writer);
    }

    /// Removes all rules of a chain, which must exist.
    pub fn flush_chain(&mut self, name: &str) {
        self.step(format!("empty chain `{name}`"), protocol::DELETE_RULE, 0);
        self.writer.put_text(protocol::rule::TABLE, self.table);
        self.writer.put_text(protocol::rule::CHAIN, name);
    }

    /// Appends a rule to its chain.
    pub fn add_rule(&mut self, rule: &Rule) {
        let step = format!("add rule to chain `{}`", rule.chain());
        self.step(step, protocol::NEW_RULE, wire::CREATE | wire::APPEND);
        rule.encode(self.table, &mut self.writer);
    }

    /// Puts elements into a map. One that is there with the same data is no change; with other data it is an error.
    pub fn add_elements(&mut self, map: &str, elements: &[Element]) {
        self.elements("add elements to", protocol::NEW_ELEMENT, map, elements);
    }

    /// Takes elements, which must exist, out of a map.
    pub fn delete_elements(&mut self, map: &str, elements: &[Element]) {
        self.elements("remove elements from", protocol::DELETE_ELEMENT, map, elements);
    }

    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    fn elements(&mut self, verb: &str, message: u16, map: &str, mut elements: &[Element]) {
        let adds = message == protocol::NEW_ELEMENT;
        let flags = if adds { wire::CREATE } else { 0 };
        while !elements.is_empty() {
            self.step(format!("{verb} map `{map}`"), message, flags);
            self.writer.put_text(element::TABLE, self.table);
            self.writer.put_text(element::SET, map);
            self.writer.nest(element::LIST, |w| {
                while let Some((first, rest)) = elements.split_first().filter(|_| w.message_length() < ELEMENTS_LIMIT) {
                    first.encode(adds, w);
                    elements = rest;
                }
            });
        }
    }

    fn step(&mut self, step: String, kind: u16, flags: u16) {
        self.steps.push(step);
        self.writer.message(kind, wire::REQUEST | flags, self.steps.len() as u32);
        self.writer.raw(&[protocol::INET, 0, 0, 0]);
    }

    /// The transaction as bytes, and its steps: message n (from 1) is step n - 1. Only the last one is acknowledged;
    /// of the others only a refusal is heard.
    pub(crate) fn finish(mut self) -> (Vec<u8>, Vec<String>) {
        self.writer.set_flags(wire::ACK);
        let mut whole = envelope(protocol::BATCH_BEGIN, 0, self.generation);
        whole.extend_from_slice(self.writer.bytes());
        whole.extend(envelope(protocol::BATCH_END, self.steps.len() as u32 + 1, None));
        (whole, self.steps)
    }
}

fn envelope(kind: u16, sequence: u32, generation: Option<u32>) -> Vec<u8> {
    let [high, low] = protocol::RESOURCE.to_be_bytes();
    let mut writer = Writer::new();
    writer.message(kind, wire::REQUEST, sequence);
    writer.raw(&[0, 0, high, low]);
    if let Some(generation) = generation {
        writer.put_be32(protocol::BATCH_GENERATION, generation);
    }
    writer.bytes().to_vec()
}
