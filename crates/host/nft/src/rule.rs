//! Rules, put together from matches and an action.

use std::net::Ipv4Addr;

use netlink::wire::Writer;

use crate::expr::{Comparison, Connection, Expr, Field, Header, Meta, Slot, Verdict};
use crate::protocol::{IPV4, LIST_ENTRY, rule as attribute};

/// States of a connection, as bits for [`Rule::state`].
pub mod state {
    /// Packets were seen both ways.
    pub const ESTABLISHED: u32 = 2;
    /// Belongs to another connection (an ICMP error, an FTP transfer).
    pub const RELATED: u32 = 4;
}

/// Facts about a connection, as bits for [`Rule::status`] (`enum ip_conntrack_status`).
pub mod status {
    /// Its destination was translated.
    pub const DESTINATION_TRANSLATED: u32 = 0x20;
}

/// `RTN_LOCAL`: an address of this host.
const LOCAL: u32 = 2;
/// `IFNAMSIZ`, in bytes.
const NAME_LENGTH: usize = 16;
const SOURCE_OFFSET: u32 = 12;
const DESTINATION_OFFSET: u32 = 16;

/// A rule: matches from left to right; where all hold, the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    chain: String,
    expressions: Vec<Expr>,
    comment: Option<String>,
}

impl Rule {
    /// An empty rule for a chain.
    pub fn new(chain: &str) -> Self {
        Self { chain: chain.into(), expressions: Vec::new(), comment: None }
    }

    /// Says in `nft list` what the rule is for.
    #[must_use]
    pub fn comment(mut self, text: &str) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// Arrived over the link with this name.
    #[must_use]
    pub fn input_is(self, link: &str) -> Self {
        self.name(Meta::InputName, Comparison::Equal, link)
    }

    /// Did not arrive over the link with this name.
    #[must_use]
    pub fn input_is_not(self, link: &str) -> Self {
        self.name(Meta::InputName, Comparison::Different, link)
    }

    /// Leaves over the link with this name.
    #[must_use]
    pub fn output_is(self, link: &str) -> Self {
        self.name(Meta::OutputName, Comparison::Equal, link)
    }

    /// Does not leave over the link with this name.
    #[must_use]
    pub fn output_is_not(self, link: &str) -> Self {
        self.name(Meta::OutputName, Comparison::Different, link)
    }

    /// Is IPv4. To stand before everything that looks at addresses.
    #[must_use]
    pub fn ipv4(self) -> Self {
        self.with(Expr::Meta { key: Meta::NetworkProtocol, to: Slot(0) }).compare(Comparison::Equal, vec![IPV4])
    }

    /// Comes from an IPv4 network.
    #[must_use]
    pub fn source_in(self, network: Ipv4Addr, prefix_len: u8) -> Self {
        self.address(SOURCE_OFFSET, network, prefix_len)
    }

    /// Goes to an IPv4 network.
    #[must_use]
    pub fn destination_in(self, network: Ipv4Addr, prefix_len: u8) -> Self {
        self.address(DESTINATION_OFFSET, network, prefix_len)
    }

    /// Goes to an address of this host.
    #[must_use]
    pub fn destination_local(self) -> Self {
        self.with(Expr::DestinationType { to: Slot(0) }).compare(Comparison::Equal, LOCAL.to_ne_bytes().to_vec())
    }

    /// Belongs to a connection in one of these states ([`state`]).
    #[must_use]
    pub fn state(self, states: u32) -> Self {
        self.connection(Connection::State, states)
    }

    /// Belongs to a connection for which one of these facts holds ([`status`]).
    #[must_use]
    pub fn status(self, facts: u32) -> Self {
        self.connection(Connection::Status, facts)
    }

    /// Sends the connection to the address and port that a map holds for these fields, which must be what its keys are
    /// made of; goes on with the next rule where it holds nothing.
    #[must_use]
    pub fn destination_nat_by(mut self, map: &str, fields: &[Field]) -> Self {
        for (slot, field) in (0..).zip(fields) {
            self = self.with(field.load(Slot(slot)));
        }
        self.with(Expr::Lookup { map: map.into(), slot: Slot(0) })
            .with(Expr::DestinationNat { address: Slot(0), port: Slot(1) })
    }

    /// Gives the connection the address of the link that it leaves over.
    #[must_use]
    pub fn masquerade(self) -> Self {
        self.with(Expr::Masquerade)
    }

    /// Counts packets and bytes.
    #[must_use]
    pub fn count(self) -> Self {
        self.with(Expr::Count)
    }

    /// Lets the packet pass, as far as this hook and priority are concerned.
    #[must_use]
    pub fn accept(self) -> Self {
        self.with(Expr::Verdict(Verdict::Accept))
    }

    /// Drops the packet.
    #[must_use]
    pub fn drop(self) -> Self {
        self.with(Expr::Verdict(Verdict::Drop))
    }

    /// Goes through another chain, and comes back unless that decides.
    #[must_use]
    pub fn jump(self, chain: &str) -> Self {
        self.with(Expr::Verdict(Verdict::Jump(chain.into())))
    }

    /// The chain that the rule is for.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    pub(crate) fn encode(&self, table: &str, writer: &mut Writer) {
        writer.put_text(attribute::TABLE, table);
        writer.put_text(attribute::CHAIN, &self.chain);
        writer.nest(attribute::EXPRESSIONS, |w| {
            for expression in &self.expressions {
                w.nest(LIST_ENTRY, |w| expression.encode(w));
            }
        });
        if let Some(comment) = &self.comment {
            writer.put(attribute::USERDATA, &comment_data(comment));
        }
    }

    fn with(mut self, expression: Expr) -> Self {
        self.expressions.push(expression);
        self
    }

    fn compare(self, comparison: Comparison, value: Vec<u8>) -> Self {
        self.with(Expr::Compare { slot: Slot(0), comparison, value })
    }

    fn name(self, key: Meta, comparison: Comparison, name: &str) -> Self {
        let mut padded = name.as_bytes().to_vec();
        padded.resize(NAME_LENGTH, 0);
        self.with(Expr::Meta { key, to: Slot(0) }).compare(comparison, padded)
    }

    fn address(self, offset: u32, network: Ipv4Addr, prefix_len: u8) -> Self {
        let mask = !u32::MAX.checked_shr(prefix_len.into()).unwrap_or(0);
        let loaded = self.with(Expr::Payload { base: Header::Network, offset, length: 4, to: Slot(0) });
        let masked = match prefix_len {
            32 => loaded,
            _ => loaded.with(Expr::Mask { slot: Slot(0), mask: mask.to_be_bytes() }),
        };
        masked.compare(Comparison::Equal, (network.to_bits() & mask).to_be_bytes().to_vec())
    }

    fn connection(self, key: Connection, bits: u32) -> Self {
        self.with(Expr::Connection { key, to: Slot(0) })
            .with(Expr::Mask { slot: Slot(0), mask: bits.to_ne_bytes() })
            .compare(Comparison::Different, vec![0; 4])
    }
}

/// nft's own format: type 0 (comment), length, text with NUL; at most 128 bytes.
fn comment_data(text: &str) -> Vec<u8> {
    const LONGEST: usize = 126;
    let text: String = text.chars().filter(char::is_ascii).take(LONGEST).collect();
    let mut bytes = vec![0, text.len() as u8 + 1];
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}
