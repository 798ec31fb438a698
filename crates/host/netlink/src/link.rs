//! Links and addresses as the kernel tells them (`include/uapi/linux/if_link.h`, `if_addr.h`).

use std::net::Ipv4Addr;

use crate::request::Mac;
use crate::wire::{self, Writer};

const RTM_GETLINK: u16 = 18;
const RTM_GETADDR: u16 = 22;
const AF_INET: u8 = 2;
/// Length of `struct ifinfomsg` in bytes.
const LINK_HEADER: usize = 16;
/// Length of `struct ifaddrmsg` in bytes.
const ADDRESS_HEADER: usize = 8;
const IFF_UP: u32 = 1;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_INFO_KIND: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number in its namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// What it is (`bridge`, `veth`); none for hardware and loopback.
    pub kind: Option<String>,
    /// The bridge or the like that it is a port of.
    pub controller: Option<u32>,
    /// Its hardware address, for Ethernet.
    pub mac: Option<Mac>,
    /// Its maximum transmission unit in bytes.
    pub mtu: u32,
    /// Whether it is switched on.
    pub up: bool,
    /// What its owner wrote on it.
    pub alias: Option<String>,
}

impl Link {
    /// Reads what is known here; `None` where not even index and name are there.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let (index, flags) = (wire::u32_at(body, 4)?, wire::u32_at(body, 8)?);
        let rest = body.get(LINK_HEADER..)?;
        let number = |kind| wire::attribute(rest, kind).and_then(|value| wire::u32_at(value, 0));
        let info = wire::attribute(rest, IFLA_LINKINFO).unwrap_or_default();
        Some(Self {
            index,
            name: wire::text(wire::attribute(rest, IFLA_IFNAME)?),
            kind: wire::attribute(info, IFLA_INFO_KIND).map(wire::text),
            controller: number(IFLA_MASTER),
            mac: wire::attribute(rest, IFLA_ADDRESS).and_then(|value| value.try_into().ok()),
            mtu: number(IFLA_MTU).unwrap_or_default(),
            up: flags & IFF_UP != 0,
            alias: wire::attribute(rest, IFLA_IFALIAS).map(wire::text),
        })
    }
}

/// An IPv4 address of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The link's number.
    pub index: u32,
    /// The address.
    pub ip: Ipv4Addr,
    /// How many bits of it name the network.
    pub prefix_len: u8,
}

impl Address {
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let (&family, &prefix_len) = (body.first()?, body.get(1)?);
        let local: [u8; 4] = wire::attribute(body.get(ADDRESS_HEADER..)?, IFA_LOCAL)?.try_into().ok()?;
        (family == AF_INET).then_some(Self { index: wire::u32_at(body, 4)?, ip: local.into(), prefix_len })
    }
}

pub(crate) fn get_by_name(name: &str, sequence: u32) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.message(RTM_GETLINK, wire::REQUEST, sequence);
    writer.raw(&[0; LINK_HEADER]);
    writer.put_text(IFLA_IFNAME, name);
    writer.bytes().to_vec()
}

pub(crate) fn list(writer: &mut Writer, sequence: u32) {
    writer.message(RTM_GETLINK, wire::REQUEST | wire::DUMP, sequence);
    writer.raw(&[0; LINK_HEADER]);
}

pub(crate) fn list_addresses(writer: &mut Writer, sequence: u32) {
    writer.message(RTM_GETADDR, wire::REQUEST | wire::DUMP, sequence);
    writer.raw(&[AF_INET, 0, 0, 0, 0, 0, 0, 0]);
}
