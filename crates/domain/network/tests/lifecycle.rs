//! What comes, stays and goes: namespaces, links, elements, over restarts and flushes.

mod world;

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;

use fault::Kind;
use network::{Attachment, BridgeSetting, Mac, Protocol, Settings};
use world::*;

#[test]
fn a_container_finds_its_namespace_furnished() {
    with_world(|world| {
        let networks = world.start();
        let first = networks.attach(container("c", vec![])).unwrap();
        assert_eq!(first.endpoint.ip, Ipv4Addr::new(172, 17, 0, 2));
        assert_eq!(first.endpoint.gateway, Ipv4Addr::new(172, 17, 0, 1));
        assert_eq!(first.endpoint.mac.to_string(), "02:42:ac:11:00:02");
        let (addresses, routes) = within(first.netns.as_fd(), || (run("ip", &["address"]), run("ip", &["route"])));
        assert!(addresses.contains("inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0"), "{addresses}");
        assert!(addresses.contains("link/ether 02:42:ac:11:00:02"), "{addresses}");
        assert!(addresses.contains("inet 127.0.0.1/8") && !addresses.contains("inet6 fe80"), "{addresses}");
        assert!(routes.contains("default via 172.17.0.1 dev eth0"), "{routes}");
        let alone = networks.new_netns().unwrap();
        let links = within(alone.as_fd(), || netlink::Rtnl::open().unwrap().links().unwrap());
        assert!(links.iter().all(|link| link.name != "eth0"));
        assert!(links.iter().any(|link| link.name == "lo" && link.up));
        networks.close(true);
    });
}

#[test]
fn nothing_is_left_when_a_container_has_gone() {
    with_world(|world| {
        let networks = world.open(Settings { pool: 0, ..settings() });
        networks.sweep(&[]);
        let (links_before, table_before) = (links(), table("gantry"));
        let ports = vec![port(Protocol::Tcp, 80, 80), port(Protocol::Udp, 53, 53)];
        let Attachment { netns, hold, endpoint } = networks.attach(container("c", ports)).unwrap();
        assert_ne!((links(), table("gantry")), (links_before.clone(), table_before.clone()));
        networks.detach(&endpoint);
        networks.detach(&endpoint);
        drop((netns, hold));
        assert_eq!(table("gantry"), table_before);
        eventually("the link goes with its namespace", || links() == links_before);
        networks.close(true);
        eventually("all is as it was", || !links().contains(&"gantry0".into()));
        assert!(!run("nft", &["list", "ruleset"]).contains("gantry"));
    });
}

#[test]
fn stock_goes_with_the_daemon() {
    with_world(|world| {
        let networks = world.start();
        eventually("stock is made", || links().iter().filter(|name| name.starts_with("veth")).count() == 2);
        networks.close(false);
        eventually("stock is gone", || !links().iter().any(|name| name.starts_with("veth")));
        assert!(links().contains(&"gantry0".into()));
    });
}

#[test]
fn refused_containers_do_not_make_the_stock_grow() {
    with_world(|world| {
        let networks = world.start();
        let veths = || links().iter().filter(|name| name.starts_with("veth")).count();
        let web = networks.attach(container("web", vec![port(Protocol::Tcp, 80, 80)])).unwrap();
        for _ in 0..5 {
            eventually("stock is made", || veths() == 3);
            networks.attach(container("late", vec![port(Protocol::Tcp, 80, 80)])).unwrap_err();
        }
        eventually("nothing more than one container and the stock", || veths() == 3);
        networks.detach(&web.endpoint);
        networks.close(true);
    });
}

/// Demand row 27, attack F2: others flush the rules, again and again.
#[test]
fn a_flushed_table_comes_back_as_it_was() {
    with_world(|world| {
        let networks = world.start();
        let local = network::PortRequest { host_ip: Some(Ipv4Addr::LOCALHOST), ..port(Protocol::Tcp, 81, 80) };
        let web = networks.attach(container("web", vec![port(Protocol::Tcp, 80, 80), local])).unwrap();
        serve(web.netns.as_fd(), "web", 80);
        let before = table("gantry");
        let is_back = || run("nft", &["list", "tables"]).contains("gantry") && table("gantry") == before;
        for change in [&["flush", "ruleset"] as &[_], &["delete", "table", "inet", "gantry"]] {
            for _ in 0..10 {
                run("nft", change);
                eventually("the table is back", is_back);
            }
        }
        run("nft", &["insert", "rule", "inet", "gantry", "forwarding", "drop"]);
        eventually("a foreign rule is gone", is_back);
        let answer = within(world.neighbour.as_fd(), || ask_tcp((HOST, 80), std::time::Duration::from_secs(10)));
        assert_eq!(answer.unwrap(), format!("web {NEIGHBOUR}"));
        // A container that comes in the very moment is published all the same.
        run("nft", &["flush", "ruleset"]);
        let next = networks.attach(container("next", vec![port(Protocol::Tcp, 90, 80)])).unwrap();
        assert!(table("gantry").contains("tcp . 90 : "));
        networks.detach(&next.endpoint);
        eventually("the table is back", is_back);
        networks.close(true);
    });
}

#[test]
fn a_restarted_daemon_adopts_the_living_and_sweeps_the_dead() {
    with_world(|world| {
        let networks = world.start();
        let ports = |host| vec![port(Protocol::Tcp, host, 80)];
        let living = networks.attach(container("living", ports(80))).unwrap();
        let dead = networks.attach(container("dead", ports(81))).unwrap();
        serve(living.netns.as_fd(), "living", 80);
        let id = networks.find("bridge").unwrap().id.clone();
        networks.close(false);
        drop(networks);

        let networks = world.open(settings());
        assert_eq!(networks.find("bridge").unwrap().id, id);
        // Not yet adopted, and served all the same.
        assert_eq!(ask_tcp((HOST, 80), std::time::Duration::from_secs(10)).unwrap(), format!("living {HOST}"));
        networks.adopt(&living.endpoint).unwrap();
        networks.adopt(&living.endpoint).unwrap();
        networks.sweep(std::slice::from_ref(&living.endpoint));
        assert_eq!(ask_tcp((HOST, 80), std::time::Duration::from_secs(10)).unwrap(), format!("living {HOST}"));
        assert!(!table("gantry").contains("tcp . 81 :"), "{}", table("gantry"));
        // The dead one's link goes although somebody (this test) keeps its namespace.
        eventually("the dead one's link is removed", || !links().contains(&dead.endpoint.host_veth));
        assert!(links().contains(&living.endpoint.host_veth));
        let fault = networks.attach(container("late", ports(80))).unwrap_err();
        assert!(fault.message().ends_with("port is already allocated"), "{fault}");
        let next = networks.attach(container("next", vec![])).unwrap();
        assert_ne!(next.endpoint.ip, living.endpoint.ip);
        networks.detach(&living.endpoint);
        assert!(!table("gantry").contains("tcp . 80 :"));
        networks.close(true);
    });
}

#[test]
fn two_hundred_attached_from_eight_threads_have_addresses_of_their_own() {
    with_world(|world| {
        let networks = world.start();
        let attach = || (0..25).map(|_| networks.attach(container("c", vec![])).unwrap()).collect::<Vec<_>>();
        let attached: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(attach)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let addresses: HashSet<_> = attached.iter().map(|attachment| attachment.endpoint.ip).collect();
        let names: HashSet<_> = attached.iter().map(|attachment| &attachment.endpoint.host_veth).collect();
        assert_eq!((addresses.len(), names.len()), (200, 200));
        assert!(addresses.iter().all(|ip| ip.octets()[..2] == [172, 17]));
        networks.close(true);
    });
}

#[test]
fn a_full_subnet_says_so_and_recovers() {
    with_world(|world| {
        let networks = world.open(Settings { bip: Some("10.3.0.1/29".parse().unwrap()), ..settings() });
        let mut attached: Vec<_> = (0..5).map(|_| networks.attach(container("c", vec![])).unwrap()).collect();
        let fault = networks.attach(container("late", vec![])).unwrap_err();
        assert!(fault.message().starts_with("no available IPv4 addresses"), "{fault}");
        networks.detach(&attached.pop().unwrap().endpoint);
        assert_eq!(networks.attach(container("late", vec![])).unwrap().endpoint.ip, Ipv4Addr::new(10, 3, 0, 6));
        networks.close(true);
    });
}

#[test]
fn a_certain_address_is_given_once() {
    with_world(|world| {
        let networks = world.start();
        eventually("stock is made", || links().iter().filter(|name| name.starts_with("veth")).count() == 2);
        let mac: Mac = "02:00:00:00:00:07".parse().unwrap();
        let certain = || network::Attach {
            ip: Some(Ipv4Addr::new(172, 17, 0, 3)),
            mac: Some(mac),
            ..container("certain", vec![])
        };
        let attachment = networks.attach(certain()).unwrap();
        assert_eq!((attachment.endpoint.ip, attachment.endpoint.mac), (Ipv4Addr::new(172, 17, 0, 3), mac));
        assert!(within(attachment.netns.as_fd(), || run("ip", &["link"])).contains("02:00:00:00:00:07"));
        assert_eq!(networks.attach(certain()).unwrap_err().kind(), Kind::Conflict);
        networks.close(true);
    });
}

#[test]
fn two_daemons_live_side_by_side() {
    with_world(|world| {
        let first = world.start();
        let directory = tempfile::tempdir().unwrap();
        let catalogue = metastore::Catalogue::open(&directory.path().join("c.redb")).unwrap();
        let named = Settings { bridge: BridgeSetting::Named("br9".into()), ..settings() };
        let second = network::Networks::open(named, catalogue).unwrap();
        let (a, b) = (first.attach(container("a", vec![])).unwrap(), second.attach(container("b", vec![])).unwrap());
        assert_eq!((a.endpoint.ip.octets()[1], b.endpoint.ip.octets()[1]), (17, 18));
        second.close(true);
        assert!(table("gantry").contains("172.17.0.0/16"));
        assert!(!run("nft", &["list", "tables"]).contains("gantry-br9"));
        first.close(true);
    });
}

#[test]
fn a_foreign_bridge_is_used_as_it_is_and_not_removed() {
    with_world(|world| {
        let named = || Settings { bridge: BridgeSetting::Named("lan0".into()), ..settings() };
        for _ in 0..2 {
            let networks = world.open(named());
            let attachment = networks.attach(container("c", vec![])).unwrap();
            assert_eq!(attachment.endpoint.gateway, HOST);
            networks.close(true);
            assert!(links().contains(&"lan0".into()));
        }
        let fault = network::Networks::open(
            Settings { bridge: BridgeSetting::Named("lo".into()), ..settings() },
            world.catalogue.clone(),
        )
        .unwrap_err();
        assert_eq!(fault.kind(), Kind::InvalidParameter);
        for name in ["../../x", "a b", "name-of-sixteen-b", "."] {
            let settings = Settings { bridge: BridgeSetting::Named(name.into()), ..settings() };
            let fault = network::Networks::open(settings, world.catalogue.clone()).unwrap_err();
            assert_eq!(fault.kind(), Kind::InvalidParameter, "{name}");
        }
    });
}

#[test]
fn without_a_bridge_there_are_still_namespaces() {
    with_world(|world| {
        let networks = world.open(Settings { bridge: BridgeSetting::Disabled, ..settings() });
        networks.sweep(&[]);
        assert_eq!(networks.attach(container("c", vec![])).unwrap_err().kind(), Kind::NotFound);
        networks.new_netns().unwrap();
        let names: Vec<_> = networks.list().iter().map(|network| network.name.as_str()).collect();
        assert_eq!(names, ["host", "none"]);
        assert!(!links().contains(&"gantry0".into()));
        networks.close(true);
    });
}

#[test]
fn without_a_firewall_containers_have_addresses_and_no_ports() {
    with_world(|world| {
        let networks = world.open(Settings { firewall: false, ..settings() });
        networks.attach(container("c", vec![])).unwrap();
        let fault = networks.attach(container("c", vec![port(Protocol::Tcp, 80, 80)])).unwrap_err();
        assert!(fault.message().contains("--iptables=false"), "{fault}");
        assert!(!run("nft", &["list", "ruleset"]).contains("gantry"));
        networks.close(true);
    });
}

#[test]
fn a_removed_bridge_is_made_again() {
    with_world(|world| {
        let networks = world.open(Settings { pool: 0, ..settings() });
        run("ip", &["link", "delete", "gantry0"]);
        let attachment = networks.attach(container("c", vec![])).unwrap();
        serve(attachment.netns.as_fd(), "c", 80);
        assert_eq!(reached(attachment.endpoint.ip, 80).as_deref(), Some("c"));
        networks.close(true);
    });
}

#[test]
fn a_subnet_that_the_host_already_routes_is_not_chosen() {
    with_world(|world| {
        run("ip", &["route", "add", "172.17.0.0/17", "via", &NEIGHBOUR.to_string()]);
        let networks = world.start();
        assert_eq!(networks.attach(container("c", vec![])).unwrap().endpoint.ip, Ipv4Addr::new(172, 18, 0, 2));
        networks.close(true);
    });
}

/// The whole table, as `nft` reads it. Whoever changes a rule reads here what becomes of the rest.
const TABLE: &str = r#"
table inet gantry {
	map published {
		type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
		elements = { udp . 127.0.0.1 . 53 : 172.17.0.2 . 5353 }
	}

	map published_any {
		type inet_proto . inet_service : ipv4_addr . inet_service
		elements = { tcp . 8080 : 172.17.0.2 . 80 }
	}

	chain publish {
		dnat ip to meta l4proto . ip daddr . th dport map @published
		meta nfproto ipv4 dnat ip to meta l4proto . th dport map @published_any
	}

	chain to_containers {
		ct state established,related accept
		ct status dnat accept
		iifname "gantry0" accept
		counter packets 0 bytes 0 drop
	}

	chain guard {
		type filter hook prerouting priority raw; policy accept;
		iifname != "lo" ip daddr 127.0.0.0/8 drop
		iifname != "lo" ip saddr 127.0.0.0/8 drop
	}

	chain incoming {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump publish
	}

	chain local {
		type nat hook output priority -100; policy accept;
		fib daddr type local jump publish
	}

	chain forwarding {
		type filter hook forward priority filter; policy accept;
		oifname "gantry0" jump to_containers
	}

	chain outgoing {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 172.17.0.0/16 oifname != "gantry0" masquerade
		ip saddr 127.0.0.0/8 oifname "gantry0" masquerade
		ip saddr 172.17.0.0/16 oifname "gantry0" ct status dnat masquerade
	}
}
"#;

#[test]
fn the_table_reads_as_meant() {
    with_world(|world| {
        let networks = world.start();
        let local = network::PortRequest { host_ip: Some(Ipv4Addr::LOCALHOST), ..port(Protocol::Udp, 53, 5353) };
        let _web = networks.attach(container("web", vec![port(Protocol::Tcp, 8080, 80), local])).unwrap();
        assert_eq!(run("nft", &["list", "table", "inet", "gantry"]).trim(), TABLE.trim());
        networks.close(true);
    });
}
