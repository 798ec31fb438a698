//! What the kernel makes of our requests. Each test runs in a thread with a network namespace of its own.

use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};

use netlink::conntrack::Conntrack;
use netlink::{Address, Change, Mac, Request, Rtnl, Veth};
use rustix::io::Errno;

const BRIDGE_MAC: Mac = [2, 0, 0, 0, 0, 1];
const PEER_MAC: Mac = [2, 0, 0, 0, 0, 2];
const IP: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

fn in_new_netns(body: impl FnOnce(Rtnl) + Send + 'static) {
    let thread = std::thread::spawn(|| {
        sys::netns::enter_new().unwrap();
        body(Rtnl::open().unwrap());
    });
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

fn another_netns() -> (OwnedFd, Rtnl) {
    let thread = std::thread::spawn(|| {
        sys::netns::enter_new().unwrap();
        (sys::netns::current().unwrap(), Rtnl::open().unwrap())
    });
    thread.join().unwrap()
}

fn up() -> Change<'static> {
    Change { up: Some(true), ..Change::default() }
}

#[test]
fn a_bridge_with_a_port_whose_other_end_is_elsewhere() {
    in_new_netns(|mut kernel| {
        let (netns, mut inner) = another_netns();
        kernel.run(vec![Request::add_bridge("br0", BRIDGE_MAC, 1400)]).unwrap();
        let bridge = kernel.link("br0").unwrap().unwrap();
        let veth = Veth {
            name: "veth0",
            controller: bridge.index,
            mtu: 1400,
            peer_name: "eth0",
            peer_mac: PEER_MAC,
            peer_netns: netns.as_fd(),
        };
        let change = Change { alias: Some("a remark"), hairpin: Some(true), ..up() };
        kernel.run(vec![Request::add_veth(&veth), Request::set_link("veth0", &change)]).unwrap();

        assert_eq!((bridge.kind.as_deref(), bridge.mac, bridge.mtu), (Some("bridge"), Some(BRIDGE_MAC), 1400));
        let outer = kernel.link("veth0").unwrap().unwrap();
        assert_eq!((outer.kind.as_deref(), outer.controller, outer.up), (Some("veth"), Some(bridge.index), true));
        assert_eq!(outer.alias.as_deref(), Some("a remark"));
        assert!(kernel.links().unwrap().contains(&outer));
        assert!(kernel.link("eth0").unwrap().is_none());
        let eth0 = inner.link("eth0").unwrap().unwrap();
        assert_eq!((eth0.mac, eth0.mtu, eth0.up), (Some(PEER_MAC), 1400, false));

        let requests = vec![
            Request::add_address(eth0.index, IP, 24),
            Request::set_link("eth0", &up()),
            Request::add_default_route(Ipv4Addr::new(10, 1, 0, 254)),
        ];
        inner.run(requests).unwrap();
        assert_eq!(inner.addresses(eth0.index).unwrap(), [Address { index: eth0.index, ip: IP, prefix_len: 24 }]);
        let routes = inner.routes().unwrap();
        let known: Vec<_> = routes.iter().map(|route| (route.destination, route.prefix_len, route.link)).collect();
        assert!(known.contains(&(Ipv4Addr::UNSPECIFIED, 0, Some(eth0.index))), "{known:?}");
        assert!(known.contains(&(Ipv4Addr::new(10, 1, 0, 0), 24, Some(eth0.index))), "{known:?}");
        inner.run(vec![Request::delete_address(eth0.index, IP, 24)]).unwrap();
        assert_eq!(inner.addresses(eth0.index).unwrap(), []);

        kernel.run(vec![Request::delete_link("veth0")]).unwrap();
        assert!(inner.link("eth0").unwrap().is_none());
    });
}

#[test]
fn the_first_refusal_of_a_batch_is_the_error_and_the_rest_is_done() {
    in_new_netns(|mut kernel| {
        let bridge = |name| Request::add_bridge(name, BRIDGE_MAC, 1500);
        let error = kernel.run(vec![bridge("a"), bridge("a"), Request::delete_link("none"), bridge("b")]).unwrap_err();
        assert_eq!(error.to_string(), "add bridge `a`");
        assert!(error.is(Errno::EXIST));
        assert!(kernel.link("b").unwrap().is_some());
        // The conversation is in step again.
        kernel.run(vec![Request::delete_link("b")]).unwrap();
        kernel.run(vec![]).unwrap();
    });
}

#[test]
fn names_that_the_kernel_does_not_take_are_refused_with_its_words() {
    in_new_netns(|mut kernel| {
        for name in ["", "a/b", "a b", "name-of-sixteen-b"] {
            let error = kernel.run(vec![Request::add_bridge(name, BRIDGE_MAC, 1500)]);
            // An empty name means one of the kernel's choice.
            assert!(error.is_err() || name.is_empty(), "{name}");
        }
        let error = kernel.run(vec![Request::add_default_route(IP)]).unwrap_err();
        assert!(error.to_string().starts_with("add default route over 10.1.0.1: "), "{error}");
    });
}

#[test]
fn a_tracked_flow_is_found_and_forgotten() {
    in_new_netns(|mut kernel| {
        kernel.run(vec![Request::set_link("lo", &up())]).unwrap();
        // Connections are tracked from the first rule on that asks for their state.
        let rules = "table ip t { chain c { type filter hook output priority 0; ct state new accept; }; }";
        assert!(std::process::Command::new("nft").arg(rules).status().unwrap().success());
        let (one, other) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        one.send_to(b"x", other.local_addr().unwrap()).unwrap();
        let port = other.local_addr().unwrap().port();
        let mut tracker = Conntrack::open().unwrap();
        assert_eq!(tracker.forget(|flow| flow.protocol == 6).unwrap(), 0);
        let is_it = |flow: &netlink::conntrack::Flow| {
            flow.protocol == 17 && flow.destination.port() == port && flow.replier == flow.destination
        };
        assert_eq!(tracker.forget(is_it).unwrap(), 1);
        assert_eq!(tracker.forget(is_it).unwrap(), 0);
    });
}
