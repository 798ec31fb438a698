//! A port that is taken: one clear error, and nothing of the container's network stays.

use std::net::{TcpListener, UdpSocket};

use serde_json::json;

use crate::bench::Bench;

#[test]
fn a_port_that_another_container_has_is_refused() {
    let bench = Bench::start();
    let id = bench.sleeper(&["-p", "8080:80"]);
    for client in [&bench.gantry, &bench.docker] {
        let message = client.fails(125, &["run", "--rm", "-p", "8080:81", "busybox", "true"]);
        assert!(message.contains("driver failed programming external connectivity on endpoint"), "{message}");
        assert!(message.contains("Bind for 0.0.0.0:8080 failed: port is already allocated"), "{message}");
    }
    let body = json!({"Image": "busybox", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}});
    let other = bench.post("/containers/create", &body).field("Id");
    bench.ask("POST", &format!("/containers/{other}/start")).refusal(500);
    // It can be started as soon as the port is free.
    bench.gantry.ok(&["rm", "-f", &id]);
    assert_eq!(bench.ask("POST", &format!("/containers/{other}/start")).status, 204);
    bench.finish();
}

#[test]
fn a_port_that_a_stranger_has_is_refused() {
    let bench = Bench::start();
    let tcp = TcpListener::bind("0.0.0.0:8081").unwrap();
    let udp = UdpSocket::bind("0.0.0.0:8082").unwrap();
    for ports in ["8081:80", "8082:80/udp", "8079-8083:80-84"] {
        let message = bench.gantry.fails(125, &["run", "--rm", "-p", ports, "busybox", "true"]);
        if !ports.contains("udp") {
            assert!(message.contains("address already in use"), "{ports}: {message}");
        }
        assert!(message.contains("driver failed programming external connectivity"), "{ports}: {message}");
    }
    bench.assert_clean();
    drop((tcp, udp));
    bench.gantry.ok(&["run", "--rm", "-p", "8081:80", "-p", "8082:80/udp", "busybox", "true"]);
    bench.finish();
}

#[test]
fn ports_that_are_none_are_refused() {
    let bench = Bench::start();
    for port in ["70000:80", "0x50:80", "80:0", "-1:80", "80:80:80:80", "1-2:1-3", "80/xyz", "a:b", "8.8.8.8.8:80:80"] {
        let output = bench.gantry.run(&["run", "--rm", "-p", port, "busybox", "true"]);
        assert_eq!(output.code, 125, "{port}: {output:?}");
    }
    for (port, binding) in
        [("80/tcp", "70000"), ("80/tcp", "x"), ("x/tcp", "80"), ("80/xyz", "80"), ("99999/tcp", "80")]
    {
        let bindings = json!({port: [{"HostPort": binding}]});
        let answer =
            bench.post("/containers/create", &json!({"Image": "busybox", "HostConfig": {"PortBindings": bindings}}));
        assert_eq!(answer.status, 400, "{port} {binding}: {answer:?}");
    }
    // An address that no link has.
    let message = bench.gantry.fails(125, &["run", "--rm", "-p", "192.0.2.1:80:80", "busybox", "true"]);
    assert!(message.contains("cannot assign requested address"), "{message}");
    bench.finish();
}
