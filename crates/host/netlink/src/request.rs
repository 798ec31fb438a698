//! Requests that change links, addresses and routes.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use netlink_packet_route::link::{
    InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoPortKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::wire;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// One change, with the words for its error. The descriptors that it names must stay open until it has run.
#[derive(Debug)]
pub struct Request {
    step: String,
    flags: u16,
    message: RouteNetlinkMessage,
}

/// A pair of linked interfaces, one of them in another network namespace.
#[derive(Debug)]
pub struct Veth<'a> {
    /// Name of the end in this namespace.
    pub name: &'a str,
    /// Index of the bridge that this end becomes a port of.
    pub controller: u32,
    /// Maximum transmission unit of both ends, in bytes.
    pub mtu: u32,
    /// Name of the other end.
    pub peer_name: &'a str,
    /// Hardware address of the other end.
    pub peer_mac: Mac,
    /// Where the other end is made.
    pub peer_netns: BorrowedFd<'a>,
}

/// What is changed of a link; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Change<'a> {
    /// On or off.
    pub up: Option<bool>,
    /// Index of the bridge to be a port of.
    pub controller: Option<u32>,
    /// Maximum transmission unit in bytes.
    pub mtu: Option<u32>,
    /// Hardware address.
    pub mac: Option<Mac>,
    /// A remark.
    pub alias: Option<&'a str>,
    /// For the port of a bridge: whether frames may leave by the port that they came from.
    pub hairpin: Option<bool>,
}

impl Request {
    /// Makes a bridge. With its own hardware address it keeps it; otherwise it takes on the lowest of its ports, and
    /// changes as they come and go.
    pub fn add_bridge(name: &str, mac: Mac, mtu: u32) -> Self {
        let attributes = vec![
            LinkAttribute::IfName(name.into()),
            LinkAttribute::Address(mac.into()),
            LinkAttribute::Mtu(mtu),
            LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]),
        ];
        Self::new_link(format!("add bridge `{name}`"), link(attributes))
    }

    /// Makes a pair of interfaces, both switched off: neither can be on before the other exists (`veth_open`).
    pub fn add_veth(veth: &Veth<'_>) -> Self {
        let peer = link(vec![
            LinkAttribute::IfName(veth.peer_name.into()),
            LinkAttribute::Address(veth.peer_mac.into()),
            LinkAttribute::Mtu(veth.mtu),
            LinkAttribute::NetNsFd(veth.peer_netns.as_raw_fd()),
        ]);
        let info = vec![LinkInfo::Kind(InfoKind::Veth), LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer)))];
        let attributes = vec![
            LinkAttribute::IfName(veth.name.into()),
            LinkAttribute::Mtu(veth.mtu),
            LinkAttribute::Controller(veth.controller),
            LinkAttribute::LinkInfo(info),
        ];
        Self::new_link(format!("add veth `{}`", veth.name), link(attributes))
    }

    /// Changes the link with this name.
    pub fn set_link(name: &str, change: &Change<'_>) -> Self {
        let mut attributes = vec![LinkAttribute::IfName(name.into())];
        attributes.extend(change.controller.map(LinkAttribute::Controller));
        attributes.extend(change.mtu.map(LinkAttribute::Mtu));
        attributes.extend(change.mac.map(|mac| LinkAttribute::Address(mac.into())));
        attributes.extend(change.alias.map(|alias| LinkAttribute::IfAlias(alias.into())));
        attributes.extend(change.hairpin.map(|hairpin| {
            let port = InfoPortData::BridgePort(vec![InfoBridgePort::HairpinMode(hairpin)]);
            LinkAttribute::LinkInfo(vec![LinkInfo::PortKind(InfoPortKind::Bridge), LinkInfo::PortData(port)])
        }));
        let mut message = link(attributes);
        if let Some(up) = change.up {
            message.header.change_mask = LinkFlags::Up;
            message.header.flags.set(LinkFlags::Up, up);
        }
        // Not RTM_SETLINK, which does not know ports.
        Self { step: format!("set up link `{name}`"), flags: 0, message: RouteNetlinkMessage::NewLink(message) }
    }

    /// Removes the link with this name, and its peer. The kernel takes 15–25 ms for it.
    pub fn delete_link(name: &str) -> Self {
        let message = link(vec![LinkAttribute::IfName(name.into())]);
        Self { step: format!("remove link `{name}`"), flags: 0, message: RouteNetlinkMessage::DelLink(message) }
    }

    /// Gives the link with this index an address; it may have it already.
    pub fn add_address(index: u32, ip: Ipv4Addr, prefix_len: u8) -> Self {
        let mut message = address(index, ip, prefix_len);
        let hosts = u32::MAX.checked_shr(prefix_len.into()).unwrap_or(0);
        message.attributes.push(AddressAttribute::Broadcast(Ipv4Addr::from_bits(ip.to_bits() | hosts)));
        Self {
            step: format!("add address {ip}/{prefix_len}"),
            flags: wire::CREATE | 0x100, // NLM_F_REPLACE: no complaint where it is there
            message: RouteNetlinkMessage::NewAddress(message),
        }
    }

    /// Takes an address from the link with this index.
    pub fn delete_address(index: u32, ip: Ipv4Addr, prefix_len: u8) -> Self {
        Self {
            step: format!("remove address {ip}/{prefix_len}"),
            flags: 0,
            message: RouteNetlinkMessage::DelAddress(address(index, ip, prefix_len)),
        }
    }

    /// Sends everything that has no route of its own over this gateway.
    pub fn add_default_route(gateway: Ipv4Addr) -> Self {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family: AddressFamily::Inet,
            table: RouteHeader::RT_TABLE_MAIN,
            protocol: RouteProtocol::Boot,
            scope: RouteScope::Universe,
            kind: RouteType::Unicast,
            ..RouteHeader::default()
        };
        message.attributes = vec![RouteAttribute::Gateway(RouteAddress::Inet(gateway))];
        Self {
            step: format!("add default route over {gateway}"),
            flags: wire::CREATE | wire::EXCLUSIVE,
            message: RouteNetlinkMessage::NewRoute(message),
        }
    }

    fn new_link(step: String, message: LinkMessage) -> Self {
        Self { step, flags: wire::CREATE | wire::EXCLUSIVE, message: RouteNetlinkMessage::NewLink(message) }
    }

    pub(crate) fn into_step(self) -> String {
        self.step
    }

    pub(crate) fn encode(&self, sequence: u32) -> Vec<u8> {
        let mut header = NetlinkHeader::default();
        header.flags = wire::REQUEST | wire::ACK | self.flags;
        header.sequence_number = sequence;
        let payload = NetlinkPayload::InnerMessage(self.message.clone());
        let mut message = NetlinkMessage::new(header, payload);
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }
}

fn link(attributes: Vec<LinkAttribute>) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes = attributes;
    message
}

fn address(index: u32, ip: Ipv4Addr, prefix_len: u8) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = prefix_len;
    message.header.scope = AddressScope::Universe;
    message.header.index = index;
    message.attributes = vec![AddressAttribute::Local(IpAddr::V4(ip)), AddressAttribute::Address(IpAddr::V4(ip))];
    message
}
