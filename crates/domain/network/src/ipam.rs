//! Which addresses of a subnet are taken.

use std::net::Ipv4Addr;

use fault::{Fault, Result};
use ipnet::Ipv4Net;

/// The addresses of a subnet, one bit each.
///
/// Addresses are given out in order, and one that was given back only when the search has come round to it: whoever
/// still talks to the last owner does not reach the next one at once.
#[derive(Debug)]
pub struct Ipam {
    subnet: Ipv4Net,
    taken: Vec<u64>,
    /// Offset at which the search goes on.
    next: u32,
}

impl Ipam {
    /// All addresses of `subnet` are free but the network's own, the broadcast address and the gateway.
    pub fn new(subnet: Ipv4Net, gateway: Ipv4Addr) -> Self {
        let size = size(&subnet);
        let mut ipam = Self { subnet, taken: vec![0; size.div_ceil(64) as usize], next: 1 };
        for reserved in [Some(0), size.checked_sub(1), ipam.offset(gateway)].into_iter().flatten() {
            ipam.set(reserved, true);
        }
        ipam
    }

    /// Takes the next free address.
    pub fn allocate(&mut self) -> Result<Ipv4Addr> {
        let size = size(&self.subnet);
        let search = (self.next..size).chain(0..self.next.min(size));
        let offset = search.into_iter().find(|&offset| !self.is_set(offset)).ok_or_else(|| self.exhausted())?;
        self.set(offset, true);
        self.next = (offset + 1) % size;
        Ok(self.address(offset))
    }

    /// Takes a certain address.
    pub fn take(&mut self, ip: Ipv4Addr) -> Result<()> {
        let offset = self.offset(ip).ok_or_else(|| {
            Fault::invalid(format!("no configured subnet contains IP address {ip}: the network is {}", self.subnet))
        })?;
        if self.is_set(offset) {
            return Err(Fault::conflict("Address already in use").at(ip));
        }
        self.set(offset, true);
        Ok(())
    }

    /// Gives an address back.
    pub fn release(&mut self, ip: Ipv4Addr) {
        if let Some(offset) = self.offset(ip) {
            self.set(offset, false);
        }
    }

    /// Goes on after this address, so that what follows differs from what was given out before a restart.
    pub fn resume_after(&mut self, ip: Ipv4Addr) {
        if let Some(offset) = self.offset(ip) {
            self.next = self.next.max((offset + 1) % size(&self.subnet));
        }
    }

    fn exhausted(&self) -> Fault {
        Fault::system(format!("no available IPv4 addresses on this network's address pools: {}", self.subnet))
    }

    fn offset(&self, ip: Ipv4Addr) -> Option<u32> {
        self.subnet.contains(&ip).then(|| ip.to_bits() - self.subnet.network().to_bits())
    }

    fn address(&self, offset: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.subnet.network().to_bits() + offset)
    }

    fn is_set(&self, offset: u32) -> bool {
        self.taken[offset as usize / 64] >> (offset % 64) & 1 == 1
    }

    fn set(&mut self, offset: u32, taken: bool) {
        let (word, bit) = (&mut self.taken[offset as usize / 64], 1 << (offset % 64));
        if taken { *word |= bit } else { *word &= !bit }
    }
}

/// How many addresses are looked at; of a subnet larger than a /8 (2 MB of bits) only the first of them.
fn size(subnet: &Ipv4Net) -> u32 {
    const LARGEST: u32 = 1 << 24;
    1u32.checked_shl(32 - u32::from(subnet.prefix_len())).unwrap_or(LARGEST).min(LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ipam(subnet: &str, gateway: [u8; 4]) -> Ipam {
        Ipam::new(subnet.parse().unwrap(), gateway.into())
    }

    #[test]
    fn addresses_come_in_order_and_are_not_used_again_at_once() {
        let mut ipam = ipam("172.17.0.0/16", [172, 17, 0, 1]);
        let first = ipam.allocate().unwrap();
        assert_eq!(first, Ipv4Addr::new(172, 17, 0, 2));
        ipam.release(first);
        assert_eq!(ipam.allocate().unwrap(), Ipv4Addr::new(172, 17, 0, 3));
        ipam.take(Ipv4Addr::new(172, 17, 0, 4)).unwrap();
        assert_eq!(ipam.allocate().unwrap(), Ipv4Addr::new(172, 17, 0, 5));
    }

    #[test]
    fn the_search_comes_round_and_says_when_all_are_taken() {
        let mut ipam = ipam("10.0.0.0/29", [10, 0, 0, 3]);
        let all: Vec<_> = (0..5).map(|_| ipam.allocate().unwrap().octets()[3]).collect();
        assert_eq!(all, [1, 2, 4, 5, 6]);
        assert!(ipam.allocate().unwrap_err().message().contains("10.0.0.0/29"));
        ipam.release(Ipv4Addr::new(10, 0, 0, 4));
        assert_eq!(ipam.allocate().unwrap(), Ipv4Addr::new(10, 0, 0, 4));
    }

    #[test]
    fn a_certain_address_is_refused_outside_the_subnet_and_when_taken() {
        let mut ipam = ipam("10.0.0.0/24", [10, 0, 0, 1]);
        assert_eq!(ipam.take(Ipv4Addr::new(10, 0, 1, 2)).unwrap_err().kind(), fault::Kind::InvalidParameter);
        for reserved in [0, 1, 255] {
            assert_eq!(ipam.take(Ipv4Addr::new(10, 0, 0, reserved)).unwrap_err().kind(), fault::Kind::Conflict);
        }
    }

    #[test]
    fn tiny_and_huge_subnets_do_no_harm() {
        assert!(ipam("10.0.0.1/32", [10, 0, 0, 1]).allocate().is_err());
        assert_eq!(ipam("10.0.0.0/31", [10, 0, 0, 1]).allocate().ok(), None);
        assert_eq!(ipam("0.0.0.0/0", [0, 0, 0, 1]).allocate().unwrap(), Ipv4Addr::new(0, 0, 0, 2));
    }
}
