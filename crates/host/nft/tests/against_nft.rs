//! What we encode, `nft` must list as what it encodes itself from the same table written as text.
//!
//! Each test runs in a thread with a network namespace of its own.

use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use nft::{Base, Batch, Chain, Element, Field, Hook, Kind, Map, Nft, Policy, Rule, Type, Value, Watch, state, status};
use serde_json::Value as Json;

const TABLE: &str = "t";

fn in_new_netns(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(|| {
        sys::netns::enter_new().unwrap();
        body();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs `nft` in the calling thread's namespace.
fn nft(arguments: &[&str], input: &str) -> String {
    let mut command = Command::new("nft");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the package nftables is installed");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "nft {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The objects in our table, without the numbers that the kernel gave them; maps last, elements in order.
fn listed() -> Vec<Json> {
    let mut objects: Json = serde_json::from_str(&nft(&["-j", "list", "table", "inet", TABLE], "")).unwrap();
    let mut objects = objects["nftables"].take().as_array().unwrap()[1..].to_vec();
    for object in &mut objects {
        for (_, inner) in object.as_object_mut().unwrap() {
            inner.as_object_mut().unwrap().remove("handle");
            if let Some(elements) = inner.get_mut("elem").and_then(Json::as_array_mut) {
                elements.sort_by_key(Json::to_string);
            }
        }
    }
    objects
}

fn base(kind: Kind, hook: Hook, priority: i32, policy: Policy) -> Option<Base> {
    Some(Base { kind, hook, priority, policy })
}

const KEY: [Type; 3] = [Type::Protocol, Type::Ipv4, Type::Port];
const DATA: [Type; 2] = [Type::Ipv4, Type::Port];

fn element(port: u16) -> Element {
    Element {
        key: vec![Value::Protocol(6), Value::Ipv4(Ipv4Addr::new(10, 0, 0, 1)), Value::Port(port)],
        data: vec![Value::Ipv4(Ipv4Addr::new(172, 17, 0, 2)), Value::Port(80)],
    }
}

fn with_map() -> Batch<'static> {
    let mut batch = Batch::new(TABLE);
    batch.add_table();
    batch.add_map(&Map { name: "m", key: &KEY, data: &DATA });
    batch
}

const TEXT: &str = r#"
table inet t {
  map m {
    type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
    elements = { tcp . 10.0.0.1 . 80 : 172.17.0.2 . 80, tcp . 10.0.0.1 . 81 : 172.17.0.2 . 80 }
  }
  map any { type inet_proto . inet_service : ipv4_addr . inet_service; }
  chain guard { type filter hook prerouting priority -300; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop comment "not on the wire"
  }
  chain publish { }
  chain incoming { type nat hook prerouting priority -100; policy accept; fib daddr type local jump publish; }
  chain local { type nat hook output priority -100; policy accept; }
  chain outgoing { type nat hook postrouting priority 100; policy accept;
    ip saddr 172.17.0.0/16 oifname != "br0" masquerade
    ip saddr 10.1.2.3 oifname "br0" masquerade
  }
  chain forwarding { type filter hook forward priority 0; policy drop;
    oifname "br0" ct state established,related accept
    oifname "br0" iifname "br0" ct status dnat counter accept
  }
  chain arriving { type filter hook input priority 0; policy accept; }
}
add rule inet t publish meta nfproto ipv4 dnat ip to meta l4proto . ip daddr . th dport map @m
add rule inet t publish meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any
"#;

fn the_same() -> Batch<'static> {
    let mut batch = with_map();
    batch.add_map(&Map { name: "any", key: &[Type::Protocol, Type::Port], data: &DATA });
    let accept = Policy::Accept;
    for (name, base) in [
        ("guard", base(Kind::Filter, Hook::Prerouting, -300, accept)),
        ("publish", None),
        ("incoming", base(Kind::Nat, Hook::Prerouting, -100, accept)),
        ("local", base(Kind::Nat, Hook::Output, -100, accept)),
        ("outgoing", base(Kind::Nat, Hook::Postrouting, 100, accept)),
        ("forwarding", base(Kind::Filter, Hook::Forward, 0, Policy::Drop)),
        ("arriving", base(Kind::Filter, Hook::Input, 0, accept)),
    ] {
        batch.add_chain(&Chain { name, base });
    }
    let loopback = Ipv4Addr::new(127, 0, 0, 0);
    let subnet = Ipv4Addr::new(172, 17, 0, 0);
    for rule in [
        Rule::new("guard").input_is_not("lo").ipv4().destination_in(loopback, 8).drop().comment("not on the wire"),
        Rule::new("publish")
            .ipv4()
            .destination_nat_by("m", &[Field::Protocol, Field::Destination, Field::DestinationPort]),
        Rule::new("publish").ipv4().destination_nat_by("any", &[Field::Protocol, Field::DestinationPort]),
        Rule::new("incoming").destination_local().jump("publish"),
        Rule::new("outgoing").ipv4().source_in(subnet, 16).output_is_not("br0").masquerade(),
        Rule::new("outgoing").ipv4().source_in(Ipv4Addr::new(10, 1, 2, 3), 32).output_is("br0").masquerade(),
        Rule::new("forwarding").output_is("br0").state(state::ESTABLISHED | state::RELATED).accept(),
        Rule::new("forwarding")
            .output_is("br0")
            .input_is("br0")
            .status(status::DESTINATION_TRANSLATED)
            .count()
            .accept(),
    ] {
        batch.add_rule(&rule);
    }
    batch.add_elements("m", &[element(80), element(81)]);
    batch
}

#[test]
fn nft_lists_our_table_as_it_lists_its_own() {
    in_new_netns(|| {
        nft(&["-f", "-"], TEXT);
        let expected = listed();
        nft(&["flush", "ruleset"], "");
        Nft::open().unwrap().commit(the_same()).unwrap();
        for (ours, theirs) in listed().iter().zip(&expected) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(listed().len(), expected.len());
    });
}

#[test]
fn a_refused_step_is_named_and_nothing_of_the_transaction_remains() {
    in_new_netns(|| {
        let mut kernel = Nft::open().unwrap();
        kernel.commit(with_map()).unwrap();
        let mut batch = Batch::new(TABLE);
        batch.add_elements("m", &[element(80)]);
        batch.delete_elements("m", &[element(99)]);
        batch.add_elements("m", &[element(81)]);
        let error = kernel.commit(batch).unwrap_err();
        assert_eq!(error.to_string(), "nftables: remove elements from map `m`");
        assert!(error.is(rustix::io::Errno::NOENT));
        assert!(!nft(&["list", "table", "inet", TABLE], "").contains("elements"));
        kernel.commit(Batch::new(TABLE)).unwrap();
    });
}

#[test]
fn elements_come_and_go_in_thousands() {
    in_new_netns(|| {
        let mut kernel = Nft::open().unwrap();
        kernel.commit(with_map()).unwrap();
        let elements: Vec<_> = (1..=10_000).map(element).collect();
        let mut batch = Batch::new(TABLE);
        batch.add_elements("m", &elements);
        kernel.commit(batch).unwrap();
        assert_eq!(nft(&["list", "table", "inet", TABLE], "").matches("172.17.0.2").count(), elements.len());
        let mut batch = Batch::new(TABLE);
        batch.delete_elements("m", &elements);
        kernel.commit(batch).unwrap();
        assert!(!nft(&["list", "table", "inet", TABLE], "").contains("elements"));
    });
}

#[test]
fn adding_again_is_no_change_and_a_stale_generation_is_refused() {
    in_new_netns(|| {
        let mut kernel = Nft::open().unwrap();
        let before = kernel.generation().unwrap();
        kernel.commit(the_same().at_generation(before)).unwrap();
        let error = kernel.commit(with_map().at_generation(before)).unwrap_err();
        assert!(error.to_string().starts_with("nftables: commit"), "{error}");
        let listing = listed();
        let mut again = with_map();
        again.add_elements("m", &[element(80)]);
        kernel.commit(again).unwrap();
        assert_eq!(listed(), listing);
    });
}

#[test]
fn a_watch_tells_others_changes_from_ours() {
    in_new_netns(|| {
        let mut watch = Watch::open().unwrap();
        let mut kernel = Nft::open().unwrap();
        let mut touched = move |own| watch.touched_by_others(TABLE, own).unwrap();
        kernel.commit(the_same()).unwrap();
        assert!(!touched(kernel.port()));
        nft(&["add", "table", "inet", "other"], "");
        assert!(!touched(kernel.port()));
        for change in [
            ["delete", "element", "inet", TABLE, "m", "{ tcp . 10.0.0.1 . 80 }"].as_slice(),
            &["flush", "chain", "inet", TABLE, "outgoing"],
            &["flush", "ruleset"],
        ] {
            nft(change, "");
            assert!(touched(kernel.port()), "{change:?}");
            assert!(!touched(kernel.port()));
        }
    });
}

#[test]
fn chains_of_others_that_drop_are_named() {
    in_new_netns(|| {
        let text = "
            table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; chain x { }; }
            table ip6 filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }
            table inet fw { chain input { type filter hook input priority 0; policy drop; }; }
            table inet ok { chain forward { type filter hook forward priority 0; policy accept; }; }";
        nft(&["-f", "-"], &text.replace("chain forward", "chain fwd_"));
        let dropping = Nft::open().unwrap().dropping(Hook::Forward).unwrap();
        assert_eq!(dropping, [("ip filter".to_owned(), "FORWARD".to_owned())]);
    });
}
