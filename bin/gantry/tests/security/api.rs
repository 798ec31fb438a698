//! Malformed JSON, absurd sizes and half requests at the API: one answer each, and the daemon goes on.

use std::io::Write;
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::bench::Bench;
use crate::http;

/// Posts bytes that claim to be JSON.
fn post(bench: &Bench, path: &str, body: &[u8]) -> http::Answer {
    http::post_as(&bench.daemon.socket(), path, "application/json", body.to_vec())
}

#[test]
fn bodies_that_are_no_request_are_refused() {
    let bench = Bench::start();
    let id = bench.sleeper(&[]);
    let deep = [b"{\"Image\":".as_slice(), &b"[".repeat(100_000)].concat();
    let large = json!({"Image": "busybox", "Env": ["x".repeat(5 << 20)]}).to_string();
    let bodies: Vec<&[u8]> = vec![
        b"",
        b"null",
        b"[]",
        b"{",
        b"{\"Image\":",
        b"{\"Image\":5}",
        b"\xff\xfe",
        b"{\"Image\":\"\xff\"}",
        b"{} {}",
        b"\"x\"",
        b"{\"Image\":\"a\xc3\"}",
        b"{\"HostConfig\":{\"Memory\":1e400}}",
        b"{\"HostConfig\":{\"Memory\":99999999999999999999}}",
        b"{\"HostConfig\":{\"Memory\":\"1\"}}",
        b"{\"Cmd\":{}}",
        b"{\"Env\":[1]}",
        &deep,
        large.as_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        for path in ["/containers/create".to_owned(), format!("/containers/{id}/exec")] {
            let answer = post(&bench, &path, body);
            assert!(answer.refusal(400).len() < 2000, "{path} {shown}");
        }
    }
    bench.finish();
}

#[test]
fn values_that_cannot_be_are_refused_when_the_container_is_made() {
    let bench = Bench::start();
    let mut taken = Vec::new();
    let host = |name: &str, value: serde_json::Value| json!({"Image": "busybox", "HostConfig": {name: value}});
    for body in [
        json!({"Image": ""}),
        json!({"Image": "busybox", "Cmd": ["a\0b"]}),
        json!({"Image": "busybox", "Env": ["A=\0"]}),
        json!({"Image": "busybox", "Hostname": "a\0b"}),
        json!({"Image": "busybox", "Hostname": "h".repeat(65)}),
        json!({"Image": "busybox", "WorkingDir": "relative"}),
        json!({"Image": "busybox", "WorkingDir": "/a\0b"}),
        json!({"Image": "busybox", "User": "a\0b"}),
        json!({"Image": "busybox", "StopSignal": "NOPE"}),
        host("Memory", json!(-5)),
        host("NanoCpus", json!(i64::MAX)),
        host("Binds", json!(["relative:/x"])),
        host("Binds", json!(["/tmp:relative"])),
        host("Binds", json!(["/tmp:/x:nonsense"])),
        host("Binds", json!(["/tmp:/a\0b"])),
        host("Binds", json!(["/:/"])),
        host("CapAdd", json!(["NOPE"])),
        host("SecurityOpt", json!(["nope"])),
        host("SecurityOpt", json!(["seccomp={"])),
        host("SecurityOpt", json!(["seccomp={\"defaultAction\":\"NOPE\"}"])),
        host("RestartPolicy", json!({"Name": "nope"})),
        host("ExtraHosts", json!(["nope"])),
        host("ExtraHosts", json!(["a\nb:1.2.3.4"])),
        host("LogConfig", json!({"Type": "json-file", "Config": {"max-size": "x"}})),
        host("Sysctls", json!({"kernel.core_pattern": "x"})),
        host("Sysctls", json!({"net.ipv4.ip_forward": "1\nx"})),
        host("Sysctls", json!({"net/../../kernel/core_pattern": "x"})),
        host("OomScoreAdj", json!(5000)),
        host("ShmSize", json!(-1)),
        host("Tmpfs", json!({"relative": ""})),
        host("Tmpfs", json!({"/x": "size=,nonsense=1"})),
        host("Ulimits", json!([{"Name": "nope", "Soft": 1, "Hard": 1}])),
        host("Ulimits", json!([{"Name": "nofile", "Soft": 2, "Hard": 1}])),
        host("CgroupParent", json!("../../..")),
        host("PidsLimit", json!("x")),
        host("IpcMode", json!("nope")),
        host("PidMode", json!("nope")),
        host("UTSMode", json!("nope")),
        host("CgroupnsMode", json!("nope")),
        host("Annotations", json!({"": "x"})),
        host("Dns", json!(["nope"])),
        host("Dns", json!(["1.2.3.4\nsearch x"])),
        host("Mounts", json!([{"Type": "bind", "Source": "/no/such/source", "Target": "/x"}])),
        json!({"Image": "busybox", "MacAddress": "nope"}),
    ] {
        let answer = bench.post("/containers/create", &body);
        if !matches!(answer.status, 400 | 501) {
            taken.push(format!("{body}: {answer:?}"));
            if answer.status == 201 {
                let id = answer.field("Id");
                assert_eq!(bench.ask("DELETE", &format!("/containers/{id}?force=1")).status, 204);
            }
            continue;
        }
        assert!(
            answer.error().is_some_and(|message| !message.is_empty() && !message.contains('\n')),
            "{body}: {answer:?}"
        );
        bench.assert_clean();
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
    bench.finish();
}

#[test]
fn absurd_sizes_and_half_requests_end() {
    let bench = Bench::start();
    bench.forget_peak();
    let socket = bench.daemon.socket();
    let ask = |head: &str, body: &[u8]| http::ask(&socket, head, body).status;
    assert_eq!(
        ask(
            "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000000000\r\nConnection: close\r\n\r\n",
            b""
        ),
        400
    );
    for head in [
        "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
        "GET /_ping HTTP/9.9\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET /_ping HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET /_ping HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(10_000)),
        "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
    ] {
        let status = ask(&head, b"");
        assert!(status / 100 == 4 || status == 0, "{head:.60}: {status}");
    }
    // Requests that never end, and the clients that began them go.
    for part in [
        "GET",
        "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ] {
        let connections: Vec<UnixStream> = (0..200)
            .map(|_| {
                let mut stream = UnixStream::connect(&socket).unwrap();
                stream.write_all(part.as_bytes()).unwrap();
                stream
            })
            .collect();
        assert_eq!(bench.ask("GET", "/_ping").status, 200);
        drop(connections);
    }
    // An archive that is cut off by its sender.
    for path in ["/images/load", "/images/create?fromSrc=-&repo=cut"] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nContent-Length: 1000000\r\n\r\n"
        )
        .unwrap();
        stream.write_all(&crate::archives::header(b'0', "x", "", 0o644, 900_000)).unwrap();
        drop(stream);
    }
    bench.assert_clean();
    assert!(bench.peak() < 256 << 20);
    assert_eq!(bench.gantry.ok(&["images", "-q"]).lines().count(), 1);
    bench.finish();
}
