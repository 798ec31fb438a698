//! The choice of a subnet for a new network.

use std::net::Ipv4Addr;

use fault::{Fault, Result};
use ipnet::Ipv4Net;
use netlink::Route;

/// The subnets that are tried, in Docker's order: fifteen of 65,536 addresses, then sixteen of 4,096.
fn candidates() -> impl Iterator<Item = Ipv4Net> {
    let large = (17..=31).map(|second| (Ipv4Addr::new(172, second, 0, 0), 16));
    let small = (0..=240).step_by(16).map(|third| (Ipv4Addr::new(192, 168, third, 0), 20));
    large.chain(small).map(|(ip, prefix_len)| Ipv4Net::new_assert(ip, prefix_len))
}

/// The first subnet, `wish` before all others, that clashes with no route of the host, but for those over our own link.
pub fn choose(wish: Option<Ipv4Net>, routes: &[Route], own_link: Option<u32>) -> Result<Ipv4Net> {
    let foreign: Vec<_> = routes.iter().filter(|route| own_link.is_none() || route.link != own_link).collect();
    let free = |subnet: &Ipv4Net| !foreign.iter().any(|route| clashes(subnet, route));
    wish.into_iter().chain(candidates()).find(free).ok_or_else(|| {
        Fault::system("find a subnet for the bridge: the host has routes into all of 172.17.0.0–172.31.255.255 and 192.168.0.0/16; choose one with --bip")
    })
}

/// Whether the subnet and the route share addresses. Very wide routes do not count: default routes, also where a VPN
/// splits them in two (0.0.0.0/1 and 128.0.0.0/1), say nothing about what is used.
fn clashes(subnet: &Ipv4Net, route: &Route) -> bool {
    const WIDE: u8 = 8;
    if route.prefix_len < WIDE {
        return false;
    }
    let shorter = subnet.prefix_len().min(route.prefix_len);
    let mask = !u32::MAX.checked_shr(shorter.into()).unwrap_or(0);
    subnet.network().to_bits() & mask == route.destination.to_bits() & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(destination: [u8; 4], prefix_len: u8) -> Route {
        Route { destination: destination.into(), prefix_len, link: Some(2) }
    }

    fn check(routes: &[Route], expect: &str) {
        assert_eq!(choose(None, routes, Some(9)).unwrap().to_string(), expect);
    }

    #[test]
    fn the_first_subnet_without_a_clash_is_chosen() {
        check(&[], "172.17.0.0/16");
        check(&[route([0, 0, 0, 0], 0), route([128, 0, 0, 0], 1)], "172.17.0.0/16");
        check(&[route([172, 17, 5, 0], 24), route([172, 18, 0, 9], 32)], "172.19.0.0/16");
        check(&[route([172, 16, 0, 0], 12)], "192.168.0.0/20");
        check(&[route([172, 16, 0, 0], 12), route([192, 168, 1, 0], 24)], "192.168.16.0/20");
    }

    #[test]
    fn own_routes_do_not_count_and_a_full_host_is_told_what_to_do() {
        let own = Route { link: Some(9), ..route([172, 17, 0, 0], 16) };
        check(&[own], "172.17.0.0/16");
        let all = [route([172, 16, 0, 0], 12), route([192, 168, 0, 0], 16)];
        assert!(choose(None, &all, None).unwrap_err().message().ends_with("choose one with --bip"));
        let wish = "10.9.0.0/24".parse().unwrap();
        assert_eq!(choose(Some(wish), &all, None).unwrap(), wish);
    }
}
