//! Endpoints: a container's place in a network.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::mac::Mac;

/// A container's place in a network, as the container's record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its own id, 64 hexadecimal digits.
    pub id: String,
    /// The network.
    pub network_id: String,
    /// The container.
    pub container_id: String,
    /// The container's address.
    pub ip: Ipv4Addr,
    /// How many bits of the address name the network.
    pub prefix_len: u8,
    /// The bridge's address.
    pub gateway: Ipv4Addr,
    /// The container's Ethernet address.
    pub mac: Mac,
    /// The host's end of the container's link.
    pub host_veth: String,
    /// What is reachable from outside.
    pub ports: Vec<PublishedPort>,
}

/// A port of the host that leads into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublishedPort {
    /// TCP or UDP.
    pub proto: Protocol,
    /// The port in the container.
    pub container_port: u16,
    /// The host's address; `0.0.0.0` for all.
    pub host_ip: Ipv4Addr,
    /// The host's port.
    pub host_port: u16,
}

/// A protocol with ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP, which cannot be published yet.
    Sctp,
}

impl Protocol {
    /// Its number in IP's header.
    pub(crate) fn number(self) -> u8 {
        match self {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Sctp => 132,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        })
    }
}
