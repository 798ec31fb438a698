//! Expressions: the instructions of a rule.
//!
//! A rule is a small program over registers. We number registers by their 32-bit slots; slot 0 is what `nft
//! --debug=netlink` calls register 1.

use netlink::wire::Writer;

use crate::protocol::data;

/// A 32-bit slot of the register file, 0–15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub u32);

impl Slot {
    /// `NFT_REG32_00` and on.
    fn number(self) -> u32 {
        8 + self.0
    }
}

/// A part of a packet or of what is known about it, as key of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The protocol above IP.
    Protocol,
    /// The IPv4 destination.
    Destination,
    /// The destination port, of any protocol that has it in its second two bytes (TCP, UDP, SCTP).
    DestinationPort,
}

impl Field {
    /// Puts the field into a slot.
    pub(crate) fn load(self, slot: Slot) -> Expr {
        match self {
            Field::Protocol => Expr::Meta { key: Meta::L4Protocol, to: slot },
            Field::Destination => Expr::Payload { base: Header::Network, offset: 16, length: 4, to: slot },
            Field::DestinationPort => Expr::Payload { base: Header::Transport, offset: 2, length: 2, to: slot },
        }
    }
}

/// What is known about a packet besides its bytes (`enum nft_meta_keys`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meta {
    InputName = 6,
    OutputName = 7,
    NetworkProtocol = 15,
    L4Protocol = 16,
}

/// A header in a packet (`enum nft_payload_bases`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Network = 1,
    Transport = 2,
}

/// What is known about a packet's connection (`enum nft_ct_keys`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    State = 0,
    Status = 2,
}

/// How two values are compared (`enum nft_cmp_ops`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal = 0,
    Different = 1,
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Drop,
    Accept,
    Jump(String),
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Meta {
        key: Meta,
        to: Slot,
    },
    Payload {
        base: Header,
        offset: u32,
        length: u32,
        to: Slot,
    },
    Connection {
        key: Connection,
        to: Slot,
    },
    /// The type of the destination address in the routing table.
    DestinationType {
        to: Slot,
    },
    /// Keeps the bits of `mask`, in place.
    Mask {
        slot: Slot,
        mask: [u8; 4],
    },
    /// Ends the rule unless the comparison holds.
    Compare {
        slot: Slot,
        comparison: Comparison,
        value: Vec<u8>,
    },
    /// Replaces a key by what the map holds for it; ends the rule where it holds nothing.
    Lookup {
        map: String,
        slot: Slot,
    },
    /// Sends the connection to the IPv4 address and the port in two slots.
    DestinationNat {
        address: Slot,
        port: Slot,
    },
    Masquerade,
    Count,
    Verdict(Verdict),
}

impl Expr {
    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.put_text(1, self.name());
        writer.nest(2, |w| self.encode_data(w));
    }

    fn name(&self) -> &'static str {
        match self {
            Expr::Meta { .. } => "meta",
            Expr::Payload { .. } => "payload",
            Expr::Connection { .. } => "ct",
            Expr::DestinationType { .. } => "fib",
            Expr::Mask { .. } => "bitwise",
            Expr::Compare { .. } => "cmp",
            Expr::Lookup { .. } => "lookup",
            Expr::DestinationNat { .. } => "nat",
            Expr::Masquerade => "masq",
            Expr::Count => "counter",
            Expr::Verdict(_) => "immediate",
        }
    }

    /// The attributes of each expression, numbered as in `enum nft_<name>_attributes`.
    fn encode_data(&self, w: &mut Writer) {
        match self {
            Expr::Meta { key, to } => numbers(w, &[(1, to.number()), (2, *key as u32)]),
            Expr::Payload { base, offset, length, to } => {
                numbers(w, &[(1, to.number()), (2, *base as u32), (3, *offset), (4, *length)]);
            }
            Expr::Connection { key, to } => numbers(w, &[(1, to.number()), (2, *key as u32)]),
            Expr::DestinationType { to } => {
                const ADDRESS_TYPE: u32 = 3;
                const OF_DESTINATION: u32 = 2;
                numbers(w, &[(1, to.number()), (2, ADDRESS_TYPE), (3, OF_DESTINATION)]);
            }
            Expr::Mask { slot, mask } => {
                numbers(w, &[(1, slot.number()), (2, slot.number()), (3, 4)]);
                value(w, 4, mask);
                value(w, 5, &[0; 4]);
            }
            Expr::Compare { slot, comparison, value: bytes } => {
                numbers(w, &[(1, slot.number()), (2, *comparison as u32)]);
                value(w, 3, bytes);
            }
            Expr::Lookup { map, slot } => {
                w.put_text(1, map);
                numbers(w, &[(2, slot.number()), (3, slot.number())]);
            }
            Expr::DestinationNat { address, port } => {
                const DESTINATION: u32 = 1;
                let family = crate::protocol::IPV4.into();
                numbers(w, &[(1, DESTINATION), (2, family), (3, address.number()), (5, port.number())]);
            }
            Expr::Masquerade => {}
            Expr::Count => {
                w.put(1, &[0; 8]);
                w.put(2, &[0; 8]);
            }
            Expr::Verdict(verdict) => verdict.encode(w),
        }
    }
}

impl Verdict {
    fn encode(&self, w: &mut Writer) {
        const VERDICT_REGISTER: u32 = 0;
        w.put_be32(1, VERDICT_REGISTER);
        w.nest(2, |w| {
            w.nest(data::VERDICT, |w| {
                w.put_be32(data::VERDICT_CODE, self.code() as u32);
                if let Verdict::Jump(chain) = self {
                    w.put_text(data::VERDICT_CHAIN, chain);
                }
            });
        });
    }

    fn code(&self) -> i32 {
        match self {
            Verdict::Drop => 0,
            Verdict::Accept => 1,
            Verdict::Jump(_) => -3,
        }
    }
}

fn numbers(writer: &mut Writer, attributes: &[(u16, u32)]) {
    for (kind, number) in attributes {
        writer.put_be32(*kind, *number);
    }
}

fn value(writer: &mut Writer, kind: u16, bytes: &[u8]) {
    writer.nest(kind, |w| w.put(data::VALUE, bytes));
}
