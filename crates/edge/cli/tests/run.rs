//! `run` and its kin against a daemon that answers from a script.

mod common;

use common::{Answer, Daemon, Gate, Request, frame, ran};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::Arc;

const CREATED: Answer = Answer::Json(201, r#"{"Id":"abcdef","Warnings":[]}"#);

/// A daemon whose container says a word on both streams and ends with `code`.
fn speaking(code: &'static str) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let ended = Arc::new(Gate::default());
    ended.open();
    move |request| match request.path() {
        "/containers/create" => CREATED,
        "/containers/abcdef/attach" => Answer::Hijack(speak),
        "/containers/abcdef/wait" => Answer::Later(code, ended.clone()),
        "/containers/abcdef/start" => Answer::Json(204, ""),
        _ => Answer::Json(404, r#"{"message":"no such thing"}"#),
    }
}

fn speak(mut stream: UnixStream) {
    let _ = stream.write_all(&frame(1, b"out\n"));
    let _ = stream.write_all(&frame(2, b"err\n"));
}

#[test]
fn a_container_is_joined_and_awaited_before_it_starts() {
    let daemon = Daemon::start(speaking(r#"{"StatusCode":7}"#));
    let ran = daemon.run(&["run", "--rm", "busybox", "sh"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (7, "out\n", "err\n"));
    assert_eq!(
        daemon.lines(),
        [
            "POST /containers/create",
            "POST /containers/abcdef/attach?stderr=1&stdout=1&stream=1",
            "POST /containers/abcdef/wait?condition=removed",
            "POST /containers/abcdef/start",
        ]
    );
    let body = daemon.requests()[0].json();
    assert_eq!(body["Cmd"], serde_json::json!(["sh"]));
    assert_eq!(body["HostConfig"]["AutoRemove"], true);
}

#[test]
fn a_detached_container_only_tells_its_id() {
    let daemon = Daemon::start(speaking("{}"));
    let ran = daemon.run(&["run", "-d", "--name", "x", "busybox"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "abcdef\n", ""));
    assert_eq!(daemon.lines(), ["POST /containers/create?name=x", "POST /containers/abcdef/start"]);
}

#[test]
fn a_missing_image_is_pulled_and_the_container_created_again() {
    let pulled = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let daemon = Daemon::start(move |request| {
        match (request.path(), pulled.load(std::sync::atomic::Ordering::SeqCst)) {
            ("/containers/create", false) => Answer::Json(404, r#"{"message":"No such image: nope:1"}"#),
            ("/containers/create", true) => CREATED,
            ("/images/create", _) => {
                pulled.store(true, std::sync::atomic::Ordering::SeqCst);
                Answer::Json(
                    200,
                    "{\"status\":\"Pulling from library/nope\",\"id\":\"1\"}\n{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"a\"}\n{\"status\":\"Status: done\"}\n",
                )
            }
            _ => Answer::Json(500, "{}"),
        }
    });
    let ran = daemon.run(&["create", "nope:1"]);
    assert_eq!(
        (ran.code, &*ran.out, &*ran.err),
        (0, "abcdef\n", "Unable to find image 'nope:1' locally\n1: Pulling from library/nope\nStatus: done\n")
    );
    assert_eq!(daemon.lines()[1], "POST /images/create?fromImage=docker.io%2Flibrary%2Fnope&tag=1");
    let never = daemon.run(&["create", "--pull", "never", "nope:1"]);
    assert_eq!(never.code, 0, "the image is there now");
}

#[test]
fn failures_of_the_daemon_decide_the_exit_code() {
    for (message, code) in [
        (r#"{"message":"exec: \"x\": executable file not found in $PATH"}"#, 127),
        (r#"{"message":"exec: \"/etc\": permission denied"}"#, 126),
        (r#"{"message":"port is already allocated"}"#, 125),
    ] {
        let daemon = Daemon::start(move |request| match request.path() {
            "/containers/abcdef/start" => Answer::Json(400, message),
            "/containers/create" => CREATED,
            _ => Answer::Json(200, r#"{"StatusCode":0}"#),
        });
        let ran = daemon.run(&["run", "-d", "busybox"]);
        assert_eq!(ran.code, code, "{message}");
        assert!(
            ran.err.starts_with("docker: Error response from daemon: ")
                && ran.err.ends_with("Run 'docker run --help' for more information\n")
        );
    }
}

#[test]
fn a_daemon_that_dies_is_no_success() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/create" => CREATED,
        "/containers/abcdef/attach" => Answer::Hijack(drop),
        "/containers/abcdef/wait" => {
            // The head promises a body that never comes.
            let gate = Arc::new(Gate::default());
            gate.open();
            Answer::Later("", gate)
        }
        _ => Answer::Json(204, ""),
    });
    let ran = daemon.run(&["run", "busybox"]);
    assert_eq!((ran.code, &*ran.err), (125, "error waiting for container: EOF\n"));
}

#[test]
fn the_end_of_the_input_closes_one_direction_only() {
    fn echo(mut stream: UnixStream) {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        stream.write_all(&frame(1, &all)).unwrap();
        stream.write_all(&frame(1, b"after the end\n")).unwrap();
    }
    let ended = Arc::new(Gate::default());
    ended.open();
    let daemon = Daemon::start(move |request| match request.path() {
        "/containers/create" => CREATED,
        "/containers/abcdef/attach" => Answer::Hijack(echo),
        "/containers/abcdef/wait" => Answer::Later(r#"{"StatusCode":0}"#, ended.clone()),
        _ => Answer::Json(204, ""),
    });
    let mut child =
        daemon.client(&["run", "-i", "busybox", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    let mut stdin = child.stdin.take().unwrap();
    let copy = input.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&copy).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.stdout.starts_with(&input) && output.stdout.ends_with(b"after the end\n"));
}

#[test]
fn signals_are_passed_on() {
    fn quiet(mut stream: UnixStream) {
        let _ = stream.write_all(&frame(1, b"ready\n"));
        // Open until the signal has ended the container.
        let _ = stream.read(&mut [0; 1]);
    }
    let ended = Arc::new(Gate::default());
    let (told, waited) = (ended.clone(), ended);
    let daemon = Daemon::start(move |request| match request.path() {
        "/containers/create" => CREATED,
        "/containers/abcdef/attach" => Answer::Hijack(quiet),
        "/containers/abcdef/wait" => Answer::Later(r#"{"StatusCode":143}"#, waited.clone()),
        "/containers/abcdef/kill" => {
            told.open();
            Answer::Json(204, "")
        }
        _ => Answer::Json(204, ""),
    });
    let mut child = daemon.client(&["run", "busybox"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::USR1).unwrap();
    while !daemon.lines().iter().any(|line| line.ends_with("/kill?signal=USR1")) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // The output stays open here, as with a daemon that hangs; a second signal is passed on as well.
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    while !daemon.lines().iter().any(|line| line.ends_with("/kill?signal=TERM")) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_bodies_are_those_of_docker() {
    // Recorded from docker 28.2.2, zero values left out.
    for (args, expect) in [
        (
            &[
                "-p",
                "8080:80",
                "-v",
                "/a:/b",
                "-v",
                "/c",
                "-e",
                "A=b",
                "--tmpfs",
                "/t:size=1",
                "--memory",
                "10m",
                "--cpus",
                "1.5",
            ][..],
            r#"{"AttachStdout":true,"AttachStderr":true,"Env":["A=b"],"Image":"busybox","Volumes":{"/c":{}},"ExposedPorts":{"80/tcp":{}},
                "HostConfig":{"Binds":["/a:/b"],"NetworkMode":"default","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},
                "RestartPolicy":{"Name":"no"},"Tmpfs":{"/t":"size=1"},"Memory":10485760,"NanoCpus":1500000000,"MemorySwappiness":-1},
                "NetworkingConfig":{"EndpointsConfig":{"default":{}}}}"#,
        ),
        (
            &[
                "-it",
                "--init",
                "--restart",
                "on-failure:3",
                "--network",
                "foo",
                "--network-alias",
                "z",
                "--ip",
                "1.2.3.4",
                "--gpus",
                "all",
            ],
            r#"{"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Tty":true,"OpenStdin":true,"StdinOnce":true,"Image":"busybox",
                "HostConfig":{"NetworkMode":"foo","RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3},"Init":true,"MemorySwappiness":-1,
                "DeviceRequests":[{"Count":-1,"Capabilities":[["gpu"]]}]},
                "NetworkingConfig":{"EndpointsConfig":{"foo":{"Aliases":["z"],"IPAMConfig":{"IPv4Address":"1.2.3.4"}}}}}"#,
        ),
    ] {
        let daemon = Daemon::start(|_| CREATED);
        let all: Vec<&str> = ["create"].iter().chain(args).chain(&["busybox"]).copied().collect();
        assert_eq!(daemon.run(&all).code, 0);
        let expect: serde_json::Value = serde_json::from_str(expect).unwrap();
        assert_eq!(without_zeros(daemon.requests()[0].json()), without_zeros(expect), "{args:?}");
    }
}

/// JSON without what is empty, false or zero; an object of a network stays.
fn without_zeros(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    let is_zero = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().map(|(name, value)| (name, without_zeros(value)));
            let empty = |name: &str, value: &Value| {
                is_zero(value) || (value == &serde_json::json!({}) && !name.contains('/') && name != "default")
            };
            let mut kept: Vec<_> = kept.filter(|(name, value)| !empty(name, value)).collect();
            kept.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(kept.into_iter().collect())
        }
        Value::Array(items) => {
            let all = items.iter().all(|item| item.as_f64() == Some(0.0));
            if all { Value::Null } else { Value::Array(items.into_iter().map(without_zeros).collect()) }
        }
        other => other,
    }
}

#[test]
fn a_missing_credential_helper_sends_no_request() {
    let daemon = Daemon::start(|_| Answer::Json(200, ""));
    std::fs::write(daemon.config().join("config.json"), r#"{"credHelpers":{"r:5000":"gantry-test-missing"}}"#).unwrap();
    let refused = daemon.run(&["pull", "r:5000/x"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("docker-credential-gantry-test-missing\\\": executable file not found")
            || refused.err.contains("executable file not found in $PATH")
    );
    assert_eq!(daemon.lines(), Vec::<String>::new());
    // Another registry needs no helper.
    assert_eq!(daemon.run(&["pull", "-q", "other/x"]).code, 0);
    let request = &daemon.requests()[0];
    assert_eq!(request.header("x-registry-auth"), Some("e30="));
}

#[test]
fn credentials_go_to_their_registry_only() {
    let daemon = Daemon::start(|_| Answer::Json(200, ""));
    std::fs::write(daemon.config().join("config.json"), r#"{"auths":{"r:5000":{"auth":"dTpw"}}}"#).unwrap();
    daemon.run(&["pull", "-q", "r:5000/x"]);
    daemon.run(&["pull", "-q", "s:5000/x"]);
    let auth: Vec<String> =
        daemon.requests().iter().map(|request| request.header("x-registry-auth").unwrap().to_string()).collect();
    assert_eq!(auth[1], "e30=");
    assert!(auth[0].len() > 20);
}

#[test]
fn http_headers_of_the_configuration_are_sent() {
    let daemon = Daemon::start(|_| Answer::Json(200, "[]"));
    std::fs::write(daemon.config().join("config.json"), r#"{"HttpHeaders":{"X-Meta":"a"},"psFormat":"{{.ID}}"}"#)
        .unwrap();
    assert_eq!(daemon.run(&["ps"]).out, "");
    assert_eq!(daemon.requests()[0].header("x-meta"), Some("a"));
}

#[test]
fn an_exec_ends_with_its_own_code() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/web/exec" => Answer::Json(201, r#"{"Id":"eee"}"#),
        "/exec/eee/start" => Answer::Hijack(speak),
        "/exec/eee/json" => Answer::Json(200, r#"{"ID":"eee","ExitCode":4}"#),
        _ => Answer::Json(404, "{}"),
    });
    let ended = ran(daemon.client(&["exec", "-e", "A=b", "web", "ls", "-l"]).stdin(Stdio::null()).output().unwrap());
    assert_eq!((ended.code, &*ended.out, &*ended.err), (4, "out\n", "err\n"));
    assert_eq!(daemon.requests()[0].json()["Cmd"], serde_json::json!(["ls", "-l"]));
}

#[test]
fn answers_that_are_no_json_are_told_and_do_not_crash() {
    for (body, status) in [("", 200), ("[", 200), ("{\"a\":", 200), ("<html>", 500), ("", 500), ("null", 200)] {
        let daemon = Daemon::start(move |_| Answer::Json(status, body));
        for args in [
            &["ps"][..],
            &["images"],
            &["inspect", "x"],
            &["history", "x"],
            &["version"],
            &["info"],
            &["logs", "x"],
            &["wait", "x"],
        ] {
            let ran = daemon.run(args);
            assert!(ran.code == 0 || ran.code == 1, "{args:?} {body:?}: {ran:?}");
            assert!(!ran.err.contains("panicked"), "{args:?} {body:?}: {ran:?}");
        }
    }
    let daemon = Daemon::start(|_| Answer::Close);
    assert_eq!(daemon.run(&["ps"]).code, 1);
}

#[test]
fn a_daemons_own_proxies_win_over_the_default_ones_and_the_command_line_over_both() {
    let daemon = Daemon::start(speaking(r#"{"StatusCode":0}"#));
    let proxies = |key: &str| {
        let text = format!(
            r#"{{"proxies":{{"default":{{"httpProxy":"http://all"}},"{key}":{{"httpProxy":"http://own","noProxy":"x"}}}}}}"#
        );
        std::fs::write(daemon.config().join("config.json"), text).unwrap();
        let ran = daemon.run(&["run", "-e", "http_proxy=mine", "busybox"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let created = daemon.requests().into_iter().rfind(|request| request.path() == "/containers/create").unwrap();
        created.json()["Env"].clone()
    };
    let own = proxies(&format!("unix://{}", daemon.socket().display()));
    assert_eq!(own, serde_json::json!(["http_proxy=mine", "HTTP_PROXY=http://own", "NO_PROXY=x", "no_proxy=x"]));
    assert_eq!(proxies("tcp://other:2376"), serde_json::json!(["http_proxy=mine", "HTTP_PROXY=http://all"]));
}
