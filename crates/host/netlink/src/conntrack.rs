//! Tracked connections: finding and forgetting them (`include/uapi/linux/netfilter/nfnetlink_conntrack.h`).
//!
//! A UDP "connection" has no end that the kernel could see. Its entry lives on as long as datagrams come, and with it the
//! translation that was right when it was made. Whoever changes a translation has the old entries forgotten.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::Error;
use crate::socket::{Family, Socket, check};
use crate::wire::{self, Writer};

const SUBSYSTEM: u16 = 1 << 8;
const GET: u16 = SUBSYSTEM | 1;
const DELETE: u16 = SUBSYSTEM | 2;
const AF_INET: u8 = 2;
/// Length of `struct nfgenmsg` in bytes.
const HEADER: usize = 4;

const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_ID: u16 = 12;
const CTA_ZONE: u16 = 18;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V4_DST: u16 = 2;
const CTA_PROTO_NUM: u16 = 1;
const CTA_PROTO_SRC_PORT: u16 = 2;
const CTA_PROTO_DST_PORT: u16 = 3;

/// A tracked IPv4 connection with ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The protocol's number (17 for UDP).
    pub protocol: u8,
    /// Where its first packet came from.
    pub source: SocketAddrV4,
    /// Where its first packet was sent to.
    pub destination: SocketAddrV4,
    /// Who answers: differs from `destination` where that is translated.
    pub replier: SocketAddrV4,
    /// The original tuple, the id and the zone as the kernel gave them: its name for a deletion.
    name: Vec<(u16, Vec<u8>)>,
}

/// A socket for connection tracking of one network namespace.
#[derive(Debug)]
pub struct Conntrack {
    socket: Socket,
}

impl Conntrack {
    /// Opens a socket in the network namespace of the calling thread.
    pub fn open() -> Result<Self, Error> {
        Ok(Self { socket: Socket::open(Family::Netfilter)? })
    }

    /// Makes the kernel forget all flows for which `doomed` says so; tells how many there were.
    pub fn forget(&mut self, doomed: impl Fn(&Flow) -> bool) -> Result<usize, Error> {
        let mut flows = Vec::new();
        self.socket.dump("list tracked connections", list, |message| {
            flows.extend(Flow::parse(message.body).filter(&doomed));
        })?;
        flows.dedup();
        for flow in &flows {
            self.delete(flow)?;
        }
        Ok(flows.len())
    }

    fn delete(&mut self, flow: &Flow) -> Result<(), Error> {
        let sequence = self.socket.next_sequence();
        let mut writer = Writer::new();
        writer.message(DELETE, wire::REQUEST | wire::ACK, sequence);
        writer.raw(&[AF_INET, 0, 0, 0]);
        for (kind, value) in &flow.name {
            // The tuple is a nest; the kernel insists on the flag.
            let nested = if *kind == CTA_TUPLE_ORIG { 0x8000 } else { 0 };
            writer.put(kind | nested, value);
        }
        self.socket.send(writer.bytes())?;
        let step = format!("forget the connection of {} to {}", flow.source, flow.destination);
        for message in wire::messages(self.socket.receive()?) {
            match check(&step, &message) {
                // It has ended by itself meanwhile.
                Err(error) if error.is(rustix::io::Errno::NOENT) => {}
                other => other?,
            }
        }
        Ok(())
    }
}

impl Flow {
    fn parse(body: &[u8]) -> Option<Self> {
        let rest = body.get(HEADER..)?;
        let original = wire::attribute(rest, CTA_TUPLE_ORIG)?;
        let (protocol, source, destination) = tuple(original)?;
        let (_, replier, _) = tuple(wire::attribute(rest, CTA_TUPLE_REPLY)?)?;
        let name = [CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE]
            .into_iter()
            .filter_map(|kind| Some((kind, wire::attribute(rest, kind)?.to_vec())))
            .collect();
        Some(Self { protocol, source, destination, replier, name })
    }
}

/// Protocol, source and destination of a direction.
fn tuple(bytes: &[u8]) -> Option<(u8, SocketAddrV4, SocketAddrV4)> {
    let (ip, proto) = (wire::attribute(bytes, CTA_TUPLE_IP)?, wire::attribute(bytes, CTA_TUPLE_PROTO)?);
    let address = |kind| <[u8; 4]>::try_from(wire::attribute(ip, kind)?).ok().map(Ipv4Addr::from);
    let port = |kind| <[u8; 2]>::try_from(wire::attribute(proto, kind)?).ok().map(u16::from_be_bytes);
    let source = SocketAddrV4::new(address(CTA_IP_V4_SRC)?, port(CTA_PROTO_SRC_PORT)?);
    let destination = SocketAddrV4::new(address(CTA_IP_V4_DST)?, port(CTA_PROTO_DST_PORT)?);
    Some((*wire::attribute(proto, CTA_PROTO_NUM)?.first()?, source, destination))
}

fn list(writer: &mut Writer, sequence: u32) {
    writer.message(GET, wire::REQUEST | wire::DUMP, sequence);
    writer.raw(&[AF_INET, 0, 0, 0]);
}
