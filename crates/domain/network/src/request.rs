//! What the engine asks for, and what it gets.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use crate::endpoint::{Endpoint, Protocol};
use crate::mac::Mac;

/// A container that is to be attached to the default bridge.
#[derive(Clone, Debug)]
pub struct Attach {
    /// The container's id.
    pub container_id: String,
    /// The container's name, for errors.
    pub name: String,
    /// What is to be reachable from outside.
    pub ports: Vec<PortRequest>,
    /// A certain Ethernet address.
    pub mac: Option<Mac>,
    /// A certain address, within the bridge's network.
    pub ip: Option<Ipv4Addr>,
}

/// A port of a container that is to be reachable from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRequest {
    /// The port in the container.
    pub container_port: u16,
    /// TCP or UDP.
    pub proto: Protocol,
    /// The host's address; `None` for the daemon's default.
    pub host_ip: Option<Ipv4Addr>,
    /// The host's port.
    pub host_port: HostPort,
}

/// Which port of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPort {
    /// This one.
    Fixed(u16),
    /// The first free one of these, both ends included.
    Range(u16, u16),
    /// Any free one of the range that the kernel uses for such (`net.ipv4.ip_local_port_range`).
    Ephemeral,
}

/// A container's place, ready to be used.
#[derive(Debug)]
pub struct Attachment {
    /// The container's network namespace, with loopback and its link up. To be handed to the shim, and closed here.
    pub netns: OwnedFd,
    /// Bound sockets that keep the host's ports ours. To be handed to the shim, so that they outlive the daemon.
    pub hold: Vec<OwnedFd>,
    /// What the container's record keeps.
    pub endpoint: Endpoint,
}
