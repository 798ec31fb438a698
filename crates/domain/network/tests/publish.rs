//! Published ports: who reaches them, and who does not.

mod world;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use network::{HostPort, PortRequest, Protocol};
use world::*;

fn both(host_port: u16, container_port: u16) -> Vec<PortRequest> {
    vec![port(Protocol::Tcp, host_port, container_port), port(Protocol::Udp, host_port, container_port)]
}

#[test]
fn a_published_port_is_reached_from_everywhere() {
    with_world(|world| {
        let networks = world.start();
        let web = networks.attach(container("web", both(8080, 80))).unwrap();
        let other = networks.attach(container("other", vec![])).unwrap();
        serve(web.netns.as_fd(), "web", 80);
        let reached = |ip| world::reached(ip, 8080).as_deref() == Some("web");

        assert!(within(world.neighbour.as_fd(), move || reached(HOST)), "from outside");
        assert!(reached(Ipv4Addr::LOCALHOST), "from the host over loopback");
        assert!(reached(Ipv4Addr::new(127, 8, 9, 1)), "from the host over all of 127.0.0.0/8");
        assert!(reached(HOST), "from the host over its own address");
        let gateway = web.endpoint.gateway;
        for (netns, who) in [(&other.netns, "another container"), (&web.netns, "the container itself")] {
            assert!(within(netns.as_fd(), move || reached(HOST)), "from {who}");
            assert!(within(netns.as_fd(), move || reached(gateway)), "from {who} over the gateway");
        }
        let ip = web.endpoint.ip;
        assert!(
            within(other.netns.as_fd(), move || world::reached(ip, 80).as_deref() == Some("web")),
            "by a neighbour"
        );
        networks.close(true);
    });
}

#[test]
fn a_stranger_keeps_its_address_and_a_container_gets_out() {
    with_world(|world| {
        let networks = world.start();
        let web = networks.attach(container("web", both(8080, 80))).unwrap();
        serve(web.netns.as_fd(), "web", 80);
        serve(world.neighbour.as_fd(), "outside", 99);
        let seen = within(world.neighbour.as_fd(), || ask_tcp((HOST, 8080), Duration::from_secs(10)));
        assert_eq!(seen.unwrap(), format!("web {NEIGHBOUR}"));
        let seen = within(web.netns.as_fd(), || ask_tcp((NEIGHBOUR, 99), Duration::from_secs(10)));
        assert_eq!(seen.unwrap(), format!("outside {HOST}"));
        networks.close(true);
    });
}

#[test]
fn a_port_on_one_address_is_on_no_other() {
    with_world(|world| {
        let networks = world.start();
        let local = PortRequest { host_ip: Some(Ipv4Addr::LOCALHOST), ..port(Protocol::Tcp, 8080, 80) };
        let local_udp = PortRequest { proto: Protocol::Udp, ..local.clone() };
        let web = networks.attach(container("web", vec![local, local_udp])).unwrap();
        serve(web.netns.as_fd(), "web", 80);
        assert_eq!(world::reached(Ipv4Addr::LOCALHOST, 8080).as_deref(), Some("web"));
        assert!(unreachable(HOST, 8080));
        assert!(within(world.neighbour.as_fd(), || unreachable(HOST, 8080)));
        networks.close(true);
    });
}

/// Attack F3: a neighbour on the wire sends to addresses that are none of its business.
#[test]
fn a_neighbour_gets_neither_into_the_subnet_nor_to_loopback() {
    with_world(|world| {
        let networks = world.start();
        let local = |proto| PortRequest { host_ip: Some(Ipv4Addr::LOCALHOST), ..port(proto, 8080, 80) };
        let web = networks.attach(container("web", vec![local(Protocol::Tcp), local(Protocol::Udp)])).unwrap();
        let all = networks.attach(container("all", both(8081, 80))).unwrap();
        serve(web.netns.as_fd(), "web", 80);
        serve(all.netns.as_fd(), "all", 80);
        // A service of the host's own on loopback.
        serve(sys::netns::current().unwrap().as_fd(), "private", 7000);
        let (web_ip, all_ip) = (web.endpoint.ip, all.endpoint.ip);
        assert_eq!(world::reached(Ipv4Addr::LOCALHOST, 7000).as_deref(), Some("private"));

        let attack = move |gateway: Ipv4Addr| {
            let gateway = gateway.to_string();
            std::fs::write("/proc/sys/net/ipv4/conf/all/route_localnet", "1").unwrap();
            run("ip", &["route", "replace", "172.17.0.0/16", "via", &gateway]);
            // The own loopback network gives way to a route over the wire.
            run("ip", &["address", "flush", "dev", "lo"]);
            run("ip", &["route", "replace", "127.0.0.0/8", "via", &gateway]);
            run("ip", &["route", "flush", "table", "local", "127.0.0.0/8"]);
            let hits = [(Ipv4Addr::LOCALHOST, 8080), (Ipv4Addr::LOCALHOST, 8081), (Ipv4Addr::LOCALHOST, 7000)];
            hits.map(|(ip, port)| unreachable(ip, port))
        };
        let direct = within(world.neighbour.as_fd(), move || {
            let loopback = attack(HOST);
            (loopback, unreachable(web_ip, 80), unreachable(all_ip, 80))
        });
        assert_eq!(direct, ([true; 3], true, true), "from the wire");
        // A container is a neighbour on the bridge, where route_localnet is on.
        let gateway = web.endpoint.gateway;
        let attacker = networks.attach(container("attacker", vec![])).unwrap();
        let from_bridge = within(attacker.netns.as_fd(), move || {
            run("ip", &["address", "flush", "dev", "lo"]);
            std::fs::write("/proc/sys/net/ipv4/conf/all/route_localnet", "1").unwrap();
            run("ip", &["route", "replace", "127.0.0.0/8", "via", &gateway.to_string()]);
            [8080, 8081, 7000].map(|port| unreachable(Ipv4Addr::LOCALHOST, port))
        });
        assert_eq!(from_bridge, [true; 3], "from the bridge");
        // Nor may it pass for somebody on loopback.
        let trusting = UdpSocket::bind((gateway, 7001)).unwrap();
        within(attacker.netns.as_fd(), move || {
            run("ip", &["address", "add", "127.6.6.6/32", "dev", "eth0"]);
            UdpSocket::bind("127.6.6.6:0").unwrap().send_to(b"x", (gateway, 7001)).unwrap();
            UdpSocket::bind("0.0.0.0:0").unwrap().send_to(b"y", (gateway, 7001)).unwrap();
        });
        let (mut buffer, wait) = ([0; 1], Duration::from_secs(10));
        trusting.set_read_timeout(Some(wait)).unwrap();
        assert_eq!(trusting.recv_from(&mut buffer).unwrap().1.ip(), attacker.endpoint.ip);
        // What is meant to be reached still is, so the attacks did reach the host.
        assert_eq!(world::reached(HOST, 8081).as_deref(), Some("all"));
        assert_eq!(within(world.neighbour.as_fd(), || world::reached(HOST, 8081)).as_deref(), Some("all"));
        networks.close(true);
    });
}

#[test]
fn without_icc_containers_meet_only_by_published_ports() {
    with_world(|world| {
        let networks = world.open(network::Settings { icc: false, ..settings() });
        let web = networks.attach(container("web", both(8080, 80))).unwrap();
        let other = networks.attach(container("other", vec![])).unwrap();
        serve(web.netns.as_fd(), "web", 80);
        let ip = web.endpoint.ip;
        // On one bridge frames pass by the firewall of a host without br_netfilter.
        let bridged_is_filtered = std::fs::exists("/proc/sys/net/bridge/bridge-nf-call-iptables").unwrap();
        if bridged_is_filtered {
            assert!(within(other.netns.as_fd(), move || unreachable(ip, 80)));
        }
        assert_eq!(within(other.netns.as_fd(), || world::reached(HOST, 8080)).as_deref(), Some("web"));
        networks.close(true);
    });
}

#[test]
fn a_taken_port_is_refused_in_dockers_words_and_leaves_nothing() {
    with_world(|world| {
        let networks = world.start();
        let first = networks.attach(container("first", vec![port(Protocol::Tcp, 80, 80)])).unwrap();
        let fault = networks.attach(container("second", vec![port(Protocol::Tcp, 80, 80)])).unwrap_err();
        let message = fault.message();
        let (start, end) = (
            "driver failed programming external connectivity on endpoint second (",
            "failed: port is already allocated",
        );
        assert!(message.starts_with(start) && message.ends_with(&format!("): Bind for 0.0.0.0:80 {end}")), "{message}");

        let _stranger = std::net::TcpListener::bind("0.0.0.0:81").unwrap();
        let ports = vec![port(Protocol::Tcp, 90, 80), port(Protocol::Tcp, 81, 80)];
        let fault = networks.attach(container("third", ports)).unwrap_err();
        assert!(fault.message().ends_with(":80/tcp: address already in use"), "{}", fault.message());
        assert!(fault.message().contains("failed to bind host port for 0.0.0.0:81:172.17.0."), "{}", fault.message());
        assert_eq!(table("gantry").matches("tcp .").count(), 1);
        // The address of the refused ones is not lost.
        let next = networks.attach(container("fourth", vec![port(Protocol::Tcp, 90, 80)])).unwrap();
        assert_eq!(next.endpoint.ip.to_bits(), first.endpoint.ip.to_bits() + 1);
        networks.close(true);
    });
}

#[test]
fn a_port_is_free_again_when_its_last_shim_has_ended() {
    with_world(|world| {
        let networks = world.start();
        let first = networks.attach(container("first", both(80, 80))).unwrap();
        networks.detach(&first.endpoint);
        let shim = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(first);
        });
        networks.attach(container("second", both(80, 80))).unwrap();
        shim.join().unwrap();
        networks.close(true);
    });
}

#[test]
fn ephemeral_ports_and_ranges_are_answered_with_what_they_became() {
    with_world(|world| {
        let networks = world.start();
        let any = PortRequest { host_port: HostPort::Ephemeral, ..port(Protocol::Tcp, 0, 80) };
        let range = PortRequest { host_port: HostPort::Range(9000, 9001), ..port(Protocol::Tcp, 0, 81) };
        let mut ports = Vec::new();
        let attached: Vec<_> = ["a", "b"]
            .iter()
            .map(|name| networks.attach(container(name, vec![any.clone(), range.clone()])).unwrap())
            .inspect(|attachment| ports.extend(attachment.endpoint.ports.iter().map(|port| port.host_port)))
            .collect();
        assert_eq!(ports, [32768, 9000, 32769, 9001]);
        drop(attached);
        networks.close(true);
    });
}

/// Demand row 41: a sender that never pauses is not left with a dead container.
#[test]
fn a_steady_udp_sender_follows_the_port() {
    with_world(|world| {
        let networks = world.start();
        let ports = || vec![port(Protocol::Udp, 5353, 53)];
        let sender = within(world.neighbour.as_fd(), || UdpSocket::bind("0.0.0.0:5000").unwrap());
        let to = SocketAddr::from((HOST, 5353));
        let ask = |wait| exchange(&sender, to, Duration::from_millis(wait));
        // Before anything is published, the flow is tracked without a translation.
        assert_eq!(ask(50), None);
        for name in ["first", "second"] {
            let attachment = networks.attach(container(name, ports())).unwrap();
            serve(attachment.netns.as_fd(), name, 53);
            eventually(name, || ask(20).is_some_and(|answer| answer.starts_with(name)));
            networks.detach(&attachment.endpoint);
        }
        networks.close(true);
    });
}
