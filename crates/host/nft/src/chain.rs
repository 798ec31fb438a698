//! Chains.

use netlink::wire::Writer;

use crate::protocol::chain as attribute;

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
