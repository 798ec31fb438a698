//! Chains.

use netlink::wire::{self, Writer};

use crate::protocol::{self, chain as attribute};

/// A list of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain<'a> {
    /// Its name within its table.
    pub name: &'a str,
    /// Where packets enter it; `None` for one that rules jump to.
    pub base: Option<Base>,
}

/// Where packets enter a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// What its rules may do.
    pub kind: Kind,
    /// The place on a packet's way.
    pub hook: Hook,
    /// The order among the chains of one hook: lower ones come first.
    pub priority: i32,
    /// What happens to a packet that no rule decided on.
    pub policy: Policy,
}

/// What the rules of a chain may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Accept and drop.
    Filter,
    /// Translate addresses; sees the first packet of a connection only.
    Nat,
}

/// A place on a packet's way through the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Has arrived; not routed yet.
    Prerouting,
    /// Is for this host.
    Input,
    /// Goes from one link to another.
    Forward,
    /// Was made on this host.
    Output,
    /// Is about to leave.
    Postrouting,
}

/// What happens to a packet that no rule decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It goes on.
    Accept,
    /// It is dropped.
    Drop,
}

impl Chain<'_> {
    pub(crate) fn encode(&self, table: &str, writer: &mut Writer) {
        writer.put_text(attribute::TABLE, table);
        writer.put_text(attribute::NAME, self.name);
        let Some(base) = self.base else { return };
        writer.nest(attribute::HOOK, |w| {
            w.put_be32(attribute::HOOK_NUMBER, base.hook as u32);
            w.put_be32(attribute::HOOK_PRIORITY, base.priority as u32);
        });
        writer.put_be32(attribute::POLICY, matches!(base.policy, Policy::Accept).into());
        writer.put_text(attribute::TYPE, base.kind.name());
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Filter => "filter",
            Kind::Nat => "nat",
        }
    }
}

/// Asks for all chains of all tables.
pub(crate) fn list(writer: &mut Writer, sequence: u32) {
    writer.message(protocol::GET_CHAIN, wire::REQUEST | wire::DUMP, sequence);
    writer.raw(&[0, 0, 0, 0]);
}

/// The table and the name of a chain that sees IPv4 packets at `hook` and drops what no rule of it decided on.
pub(crate) fn dropping(body: &[u8], hook: Hook) -> Option<(String, String)> {
    let family = match *body.first()? {
        protocol::INET => "inet",
        protocol::IPV4 => "ip",
        _ => return None,
    };
    let rest = body.get(4..)?;
    let number = |bytes, kind| Some(u32::from_be_bytes(wire::attribute(bytes, kind)?.try_into().ok()?));
    let hooked = number(wire::attribute(rest, attribute::HOOK)?, attribute::HOOK_NUMBER)? == hook as u32;
    let drops = number(rest, attribute::POLICY)? == 0;
    let text = |kind| wire::attribute(rest, kind).map(wire::text);
    let (table, name) = (text(attribute::TABLE)?, text(attribute::NAME)?);
    (hooked && drops).then_some((format!("{family} {table}"), name))
}
