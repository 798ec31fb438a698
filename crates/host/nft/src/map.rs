//! Maps from keys to data, both made of several values one after the other.

use std::net::Ipv4Addr;

use netlink::wire::Writer;

use crate::protocol::{LIST_ENTRY, data, element, set as attribute};

/// A map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<'a> {
    /// Its name within its table.
    pub name: &'a str,
    /// What a key is made of.
    pub key: &'a [Type],
    /// What a key leads to.
    pub data: &'a [Type],
}

/// The type of a value. The kernel only needs the length; the numbers let `nft list` print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An IPv4 address.
    Ipv4,
    /// A protocol above IP: 6 for TCP, 17 for UDP.
    Protocol,
    /// A port.
    Port,
}

/// A value in a key or in data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// A protocol above IP.
    Protocol(u8),
    /// A port.
    Port(u16),
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The key: a value for each of the map's key types.
    pub key: Vec<Value>,
    /// The data: a value for each of the map's data types.
    pub data: Vec<Value>,
}

impl Type {
    /// nft's own numbering (`enum datatypes` of its `include/datatype.h`).
    fn number(self) -> u32 {
        match self {
            Type::Ipv4 => 7,
            Type::Protocol => 12,
            Type::Port => 13,
        }
    }
}

/// A sequence of types as one number: six bits for each.
fn number(types: &[Type]) -> u32 {
    types.iter().fold(0, |number, part| number << 6 | part.number())
}

/// Every value starts at a multiple of four bytes.
fn length(types: &[Type]) -> u32 {
    4 * types.len() as u32
}

impl Map<'_> {
    /// `id` names the map to others in the same transaction, which we have no use for, but the kernel demands it.
    pub(crate) fn encode(&self, table: &str, id: u32, writer: &mut Writer) {
        writer.put_text(attribute::TABLE, table);
        writer.put_text(attribute::NAME, self.name);
        writer.put_be32(attribute::FLAGS, attribute::IS_MAP);
        writer.put_be32(attribute::KEY_TYPE, number(self.key));
        writer.put_be32(attribute::KEY_LENGTH, length(self.key));
        writer.put_be32(attribute::DATA_TYPE, number(self.data));
        writer.put_be32(attribute::DATA_LENGTH, length(self.data));
        writer.put_be32(attribute::ID, id);
    }
}

impl Value {
    fn bytes(self) -> [u8; 4] {
        match self {
            Value::Ipv4(ip) => ip.octets(),
            Value::Protocol(number) => [number, 0, 0, 0],
            Value::Port(port) => [port.to_be_bytes()[0], port.to_be_bytes()[1], 0, 0],
        }
    }
}

impl Element {
    /// Encodes the entry; a deletion needs only the key.
    pub(crate) fn encode(&self, with_data: bool, writer: &mut Writer) {
        writer.nest(LIST_ENTRY, |w| {
            w.nest(element::KEY, |w| w.put(data::VALUE, &concatenated(&self.key)));
            if with_data {
                w.nest(element::DATA, |w| w.put(data::VALUE, &concatenated(&self.data)));
            }
        });
    }
}

fn concatenated(values: &[Value]) -> Vec<u8> {
    values.iter().flat_map(|value| value.bytes()).collect()
}
