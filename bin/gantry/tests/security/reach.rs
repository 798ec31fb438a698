//! D2 (CVE-2025-9074), D4: no container reaches the engine's API or any other socket of ours.

use std::fs;

use crate::bench::Bench;

#[test]
fn no_container_reaches_the_api() {
    let bench = Bench::start_with(&["--host", "tcp://127.0.0.1:2375"]);
    let host = bench.daemon.host();
    // It is there, for the host.
    assert!(host.ok(&["curl", "-s", "--noproxy", "*", "http://127.0.0.1:2375/_ping"]).starts_with("OK"));
    let listing = host.ok(&["ss", "-Hltun"]);
    let addresses = host.ok(&["hostname", "-I"]);
    assert!(!addresses.is_empty(), "the bridge has an address");
    for line in listing.lines() {
        let address = line.split_whitespace().nth(4).unwrap();
        assert!(address.starts_with("127."), "listens for containers too: {line}");
    }
    for address in addresses.split_whitespace().chain(["127.0.0.1", "localhost", "172.17.0.1", "host.docker.internal"])
    {
        let script = format!("printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc -w 1 {address} 2375");
        let words = bench.sh(&["--add-host", "host.docker.internal:host-gateway"], &script);
        assert!(!words.contains("HTTP/1."), "{address}: {words}");
    }
    // A route of its own to the host's loopback does not help either (the address is forged, as CVE-2020-8558 did).
    let script = format!(
        "ip route add 127.0.0.1/32 via {} table local 2>/dev/null; ip addr del 127.0.0.1/8 dev lo; \
         ip route add 127.0.0.0/8 via {0}; printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' | timeout 2 nc -w 1 127.0.0.1 2375",
        addresses.split_whitespace().next().unwrap()
    );
    let words = bench.sh(&["--cap-add", "NET_ADMIN"], &script);
    assert!(!words.contains("HTTP/1."), "{words}");
    bench.finish();
}

#[test]
fn a_container_in_the_host_s_network_finds_no_socket_of_ours() {
    let bench = Bench::start();
    bench.sleeper(&[]);
    let sockets = bench.sh(&["--network", "host"], "cat /proc/net/unix");
    let abstract_ones: Vec<&str> = sockets.lines().filter(|line| line.contains(" @")).collect();
    assert_eq!(abstract_ones, Vec::<&str>::new(), "anybody in this network could connect");
    let own = bench.daemon.run_root();
    for socket in fs::read_dir(own).unwrap().flatten() {
        let path = socket.path();
        let inside = bench.sh(&["--network", "host"], &format!("ls {}", path.display()));
        assert!(inside.contains("No such file"), "{inside}");
    }
    bench.finish();
}
