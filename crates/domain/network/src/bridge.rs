//! The bridge that containers are attached to.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use fault::{Fault, Result, Step};
use ipnet::Ipv4Net;
use netlink::{Change, Request, Rtnl};

use crate::settings::Settings;
use crate::{subnet, sysctl, unique};

/// A bridge with its address.
#[derive(Debug)]
pub struct Bridge {
    name: String,
    /// The host's address on it, and the network.
    address: Ipv4Net,
    mtu: u32,
    /// Whether we may configure it as we like, and remove it.
    ours: bool,
    index: AtomicU32,
}

impl Bridge {
    /// Finds or makes the bridge `name`. `remembered` is what our record says of it: its address, and whether we made it.
    pub fn open(name: &str, settings: &Settings, remembered: Option<(Ipv4Net, bool)>) -> Result<Self> {
        let mut kernel = Rtnl::open().step("open the bridge")?;
        let found = kernel.link(name).step("open the bridge")?;
        if let Some(link) = found.as_ref().filter(|link| link.kind.as_deref() != Some("bridge")) {
            return Err(Fault::invalid(format!("open the bridge: link `{}` is not a bridge", link.name)));
        }
        let ours = found.is_none() || remembered.is_some_and(|(_, made)| made);
        let index = found.map(|link| link.index);
        let address = choose_address(&mut kernel, settings, remembered.map(|(address, _)| address), index)?;
        let bridge = Self { name: name.into(), address, mtu: settings.mtu(), ours, index: AtomicU32::default() };
        bridge.ensure(&mut kernel)?;
        Ok(bridge)
    }

    /// Brings the bridge into its state, making it where it is missing.
    pub fn ensure(&self, kernel: &mut Rtnl) -> Result<()> {
        let step = || format!("set up bridge `{}`", self.name);
        let index = self.find_or_make(kernel).step(step())?;
        self.index.store(index, Ordering::Release);
        self.set_address(kernel, index).step(step())?;
        if self.ours {
            // No other host may announce itself as a router to this one over the bridge (CVE-2020-13401).
            sysctl::write_if_there(&format!("ipv6/conf/{}/disable_ipv6", self.name), "1").step(step())?;
        }
        // Lets packets from 127.0.0.1 out to a published port's container, and the answers back; who else may send
        // to 127.0.0.0/8 is the firewall's to decide.
        sysctl::write(&format!("ipv4/conf/{}/route_localnet", self.name), "1").step(step())?;
        kernel.run(vec![Request::set_link(&self.name, &Change { up: Some(true), ..Change::default() })]).step(step())
    }

    /// Removes the bridge if we made it.
    pub fn remove(&self) -> Result<()> {
        if !self.ours {
            return Ok(());
        }
        let step = || format!("remove bridge `{}`", self.name);
        let mut kernel = Rtnl::open().step(step())?;
        match kernel.run(vec![Request::delete_link(&self.name)]) {
            Err(error) if error.is(rustix::io::Errno::NODEV) => Ok(()),
            done => done.step(step()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn index(&self) -> u32 {
        self.index.load(Ordering::Acquire)
    }

    /// The host's address on it.
    pub fn gateway(&self) -> Ipv4Addr {
        self.address.addr()
    }

    /// The network on it.
    pub fn subnet(&self) -> Ipv4Net {
        self.address.trunc()
    }

    /// Maximum transmission unit of its ports, in bytes.
    pub fn mtu(&self) -> u32 {
        self.mtu
    }

    /// Whether we made it.
    pub fn is_ours(&self) -> bool {
        self.ours
    }

    fn find_or_make(&self, kernel: &mut Rtnl) -> Result<u32, netlink::Error> {
        if let Some(link) = kernel.link(&self.name)? {
            return Ok(link.index);
        }
        let [a, b, c, d] = unique::bytes();
        kernel.run(vec![Request::add_bridge(&self.name, [0x02, 0x42, a, b, c, d], self.mtu)])?;
        let made = kernel.link(&self.name)?;
        made.map(|link| link.index).ok_or(netlink::Error::Malformed { step: format!("add bridge `{}`", self.name) })
    }

    /// Our bridge gets the address, and loses all others (`--bip` may have changed); a foreign one has it already, or
    /// gets it beside its own.
    fn set_address(&self, kernel: &mut Rtnl, index: u32) -> Result<(), netlink::Error> {
        let (ip, prefix_len) = (self.address.addr(), self.address.prefix_len());
        let present = kernel.addresses(index)?;
        let is_wanted = |other: &netlink::Address| (other.ip, other.prefix_len) == (ip, prefix_len);
        let mut requests = Vec::new();
        if self.ours {
            let others = present.iter().filter(|other| !is_wanted(other));
            requests.extend(others.map(|other| Request::delete_address(index, other.ip, other.prefix_len)));
        }
        if !present.iter().any(is_wanted) {
            requests.push(Request::add_address(index, ip, prefix_len));
        }
        kernel.run(requests)
    }
}

/// `--bip`; else what the bridge has; else what it had, or a subnet that is free.
fn choose_address(
    kernel: &mut Rtnl,
    settings: &Settings,
    remembered: Option<Ipv4Net>,
    index: Option<u32>,
) -> Result<Ipv4Net> {
    if let Some(bip) = settings.bip {
        return usable(bip);
    }
    if let Some(index) = index {
        let present = kernel.addresses(index).step("read the bridge's addresses")?;
        if let Some(first) = present.first() {
            return usable(Ipv4Net::new_assert(first.ip, first.prefix_len));
        }
    }
    let routes = kernel.routes().step("read the host's routes")?;
    let subnet = subnet::choose(remembered.map(|address| address.trunc()), &routes, index)?;
    match remembered.filter(|address| address.trunc() == subnet) {
        Some(address) => Ok(address),
        None => Ok(Ipv4Net::new_assert(first_host(subnet), subnet.prefix_len())),
    }
}

fn first_host(subnet: Ipv4Net) -> Ipv4Addr {
    Ipv4Addr::from_bits(subnet.network().to_bits() + 1)
}

/// An address for the bridge must leave room for others and be one that a host can have.
fn usable(address: Ipv4Net) -> Result<Ipv4Net> {
    let ip = address.addr();
    let is_hosts = !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast() && !ip.is_loopback();
    let is_inner = ip != address.network() && ip != address.broadcast();
    if is_hosts && is_inner && (1..=30).contains(&address.prefix_len()) {
        return Ok(address);
    }
    Err(Fault::invalid(format!(
        "{address} cannot be the bridge's address: it must be a host's address in a network of at least 4"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hosts_address_can_be_the_bridges() {
        for bad in ["0.0.0.0/0", "10.0.0.0/24", "10.0.0.255/24", "10.0.0.1/31", "127.0.0.1/8", "224.0.0.1/24"] {
            let address: Ipv4Net = bad.parse().unwrap();
            assert_eq!(usable(address).unwrap_err().kind(), fault::Kind::InvalidParameter, "{bad}");
        }
        assert!(usable("192.168.5.1/30".parse().unwrap()).is_ok());
    }
}
