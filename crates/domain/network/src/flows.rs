//! UDP flows that the kernel must forget, since what they lead to has changed.

use std::net::Ipv4Addr;

use fault::{Result, Step};
use netlink::Rtnl;
use netlink::conntrack::{Conntrack, Flow};

const UDP: u8 = 17;

/// Which flows are to be forgotten.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StaleFlows {
    answered_by: Vec<Ipv4Addr>,
    sent_to: Vec<Port>,
}

/// A port of the host, and the container that it leads to from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Port {
    /// `0.0.0.0` for all addresses of the host.
    ip: Ipv4Addr,
    port: u16,
    container: Ipv4Addr,
}

impl StaleFlows {
    /// Those that a container answered, which is gone.
    pub fn answered_by(&mut self, container: Ipv4Addr) {
        self.answered_by.push(container);
    }

    /// Those to a port of the host that do not reach the container which it leads to from now on. `0.0.0.0` means all
    /// addresses of the host.
    pub fn sent_to(&mut self, ip: Ipv4Addr, port: u16, container: Ipv4Addr) {
        // What the port led to before no longer counts.
        self.sent_to.retain(|other| (other.ip, other.port) != (ip, port));
        self.sent_to.push(Port { ip, port, container });
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.answered_by.is_empty() && self.sent_to.is_empty()
    }

    /// Makes the kernel forget them.
    pub fn forget(&self) -> Result<()> {
        let step = "forget UDP flows";
        let addresses = Rtnl::open().and_then(|mut kernel| kernel.all_addresses()).step(step)?;
        let own: Vec<_> = addresses.into_iter().map(|address| address.ip).collect();
        let mut kernel = Conntrack::open().step(step)?;
        let count = kernel.forget(|flow| flow.protocol == UDP && self.contain(flow, &own)).step(step)?;
        tracing::debug!(count, "forgot UDP flows");
        Ok(())
    }

    /// `own` are the host's addresses.
    fn contain(&self, flow: &Flow, own: &[Ipv4Addr]) -> bool {
        let replier = flow.replier.ip();
        self.answered_by.contains(replier) || self.sent_to.iter().any(|port| port.lost(flow, own))
    }
}

impl Port {
    fn lost(&self, flow: &Flow, own: &[Ipv4Addr]) -> bool {
        let (ip, port) = (flow.destination.ip(), flow.destination.port());
        let is_own = || ip.is_loopback() || own.contains(ip);
        let to_port = port == self.port && (self.ip == *ip || self.ip.is_unspecified() && is_own());
        to_port && *flow.replier.ip() != self.container
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_port_leads_to_last_counts() {
        let (all, first, second) = (Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(10, 0, 0, 3));
        let mut flows = StaleFlows::default();
        assert!(flows.is_empty());
        flows.sent_to(all, 53, first);
        flows.answered_by(first);
        flows.sent_to(all, 53, second);
        assert_eq!(flows.sent_to, [Port { ip: all, port: 53, container: second }]);
        assert_eq!(flows.answered_by, [first]);
        flows.sent_to(all, 54, first);
        assert_eq!(flows.sent_to.len(), 2);
    }
}
