//! What the daemon's options say about networks.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// The bridge that we make where no other is asked for.
pub const DEFAULT_BRIDGE: &str = "gantry0";

/// Which bridge containers are attached to by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BridgeSetting {
    /// Our own, [`DEFAULT_BRIDGE`].
    Default,
    /// The one with this name (`--bridge`). It is made where it does not exist.
    Named(String),
    /// None: there is no network `bridge` (`--bridge none`).
    Disabled,
}

impl BridgeSetting {
    /// Reads the value of `--bridge`.
    pub fn parse(value: &str) -> Self {
        match value {
            "" => BridgeSetting::Default,
            "none" => BridgeSetting::Disabled,
            name => BridgeSetting::Named(name.into()),
        }
    }

    /// The bridge's name, where there is to be one.
    pub fn name(&self) -> Option<&str> {
        match self {
            BridgeSetting::Default => Some(DEFAULT_BRIDGE),
            BridgeSetting::Named(name) => Some(name),
            BridgeSetting::Disabled => None,
        }
    }
}

/// What the daemon's options say about networks. There is no `Default`: the place that parses the options says all.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The default bridge (`--bridge`).
    pub bridge: BridgeSetting,
    /// The bridge's address and its network (`--bip`).
    pub bip: Option<Ipv4Net>,
    /// Whether we write firewall rules (`--iptables`). Without them no port can be published.
    pub firewall: bool,
    /// Whether we make the kernel forward packets where it does not (`--ip-forward`).
    pub ip_forward: bool,
    /// Whether containers on the bridge reach one another (`--icc`).
    pub icc: bool,
    /// Where ports are published that name no address (`--ip`); `0.0.0.0` for all addresses of the host.
    pub default_bind_ip: Ipv4Addr,
    /// Maximum transmission unit of links, in bytes (`--mtu`; 0 for 1500).
    pub mtu: u32,
    /// How many network namespaces of each kind are made ahead of need; 0 for none.
    pub pool: usize,
}

impl Settings {
    pub(crate) fn mtu(&self) -> u32 {
        const ETHERNET: u32 = 1500;
        if self.mtu == 0 { ETHERNET } else { self.mtu }
    }

    /// The name of our nftables table: several daemons in one network namespace have several bridges.
    pub(crate) fn table(&self) -> Option<String> {
        Some(match self.bridge.name()? {
            DEFAULT_BRIDGE => "gantry".into(),
            other => format!("gantry-{other}"),
        })
    }
}
