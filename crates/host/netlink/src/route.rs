//! Routes as the kernel tells them (`include/uapi/linux/rtnetlink.h`).

use std::net::Ipv4Addr;

use crate::wire::{self, Writer};

const RTM_GETROUTE: u16 = 26;
const AF_INET: u8 = 2;
/// Length of `struct rtmsg` in bytes.
const ROUTE_HEADER: usize = 12;
const RT_TABLE_LOCAL: u32 = 255;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_TABLE: u16 = 15;

/// An IPv4 route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub destination: Ipv4Addr,
    /// How many bits of it name the network; 0 for a default route.
    pub prefix_len: u8,
    /// The link that it leads over, where it is one.
    pub link: Option<u32>,
}

impl Route {
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let (&family, &prefix_len, &table) = (body.first()?, body.get(1)?, body.get(4)?);
        let rest = body.get(ROUTE_HEADER..)?;
        let number = |kind| wire::attribute(rest, kind).and_then(|value| wire::u32_at(value, 0));
        if family != AF_INET || number(RTA_TABLE).unwrap_or(table.into()) == RT_TABLE_LOCAL {
            return None;
        }
        let destination = match wire::attribute(rest, RTA_DST) {
            Some(value) => <[u8; 4]>::try_from(value).ok()?.into(),
            None => Ipv4Addr::UNSPECIFIED,
        };
        Some(Self { destination, prefix_len, link: number(RTA_OIF) })
    }
}

pub(crate) fn list(writer: &mut Writer, sequence: u32) {
    writer.message(RTM_GETROUTE, wire::REQUEST | wire::DUMP, sequence);
    let mut header = [0; ROUTE_HEADER];
    header[0] = AF_INET;
    writer.raw(&header);
}
