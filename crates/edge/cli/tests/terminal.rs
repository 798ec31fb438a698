//! The client on a terminal: raw mode and its end, sizes, leaving, bars, hostile text.

mod common;

use common::pty::OnTerminal;
use common::{Answer, Daemon, Gate, frame};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// A daemon with one container that has a terminal and echoes what is typed, in capitals.
fn shouting() -> Daemon {
    fn shout(mut stream: UnixStream) {
        let _ = stream.write_all(b"ready\r\n");
        let mut buffer = [0; 256];
        while let Ok(count) = stream.read(&mut buffer) {
            if count == 0 || buffer[..count].contains(&b'!') {
                return;
            }
            let _ = stream.write_all(&buffer[..count].to_ascii_uppercase());
        }
    }
    let ended = Arc::new(Gate::default());
    ended.open();
    Daemon::start(move |request| match request.path() {
        "/containers/create" => Answer::Json(201, r#"{"Id":"abcdef"}"#),
        "/containers/abcdef/attach" => Answer::Hijack(shout),
        "/containers/abcdef/wait" => Answer::Later(r#"{"StatusCode":5}"#, ended.clone()),
        _ => Answer::Json(200, ""),
    })
}

#[test]
fn typed_keys_travel_raw_and_the_terminal_is_restored() {
    let daemon = shouting();
    let mut client = OnTerminal::spawn(daemon.client(&["run", "-it", "busybox"]));
    client.wait_for("ready");
    assert!(!client.echoes(), "the terminal is raw while the container runs");
    client.master.write_all(b"ab\x03c").unwrap();
    client.wait_for("AB\u{3}C");
    client.master.write_all(b"!").unwrap();
    let echoes = |client: &OnTerminal| client.echoes();
    let status = client.child.wait().unwrap();
    assert_eq!(status.code(), Some(5));
    assert!(echoes(&client), "the terminal is as before");
    let create = daemon.requests()[0].json();
    assert_eq!(create["HostConfig"]["ConsoleSize"], serde_json::json!([30, 97]));
    assert!(daemon.lines().contains(&"POST /containers/abcdef/resize?h=30&w=97".to_string()), "{:?}", daemon.lines());
}

#[test]
fn the_keys_that_leave_are_not_sent() {
    let daemon = shouting();
    let mut client = OnTerminal::spawn(daemon.client(&["run", "-it", "--detach-keys", "ctrl-x,y", "busybox"]));
    client.wait_for("ready");
    client.master.write_all(b"a\x18z").unwrap();
    client.wait_for("A\u{18}Z");
    client.master.write_all(b"\x18y").unwrap();
    let (status, seen) = client.finish();
    assert_eq!(status.code(), Some(0));
    assert!(!seen.contains("Y"), "{seen:?}");
    assert!(daemon.lines().iter().any(|line| line.contains("attach?detachKeys=ctrl-x%2Cy&")));
}

#[test]
fn a_signal_restores_the_terminal() {
    let daemon = shouting();
    let mut client = OnTerminal::spawn(daemon.client(&["run", "-it", "busybox"]));
    client.wait_for("ready");
    let pid = rustix::process::Pid::from_child(&client.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(client.child.wait().unwrap().code(), Some(143));
    assert!(client.echoes());
}

#[test]
fn control_characters_in_metadata_do_not_reach_the_terminal() {
    const EVIL: &str = r#"[{"Id":"8df8d85962f84091","Names":["/a\u001b[2Jb"],"Image":"i\u009b31m","Command":"c\u0007","Created":0,
        "Status":"Up \u001b]0;x\u0007","State":"running","Labels":{"l":"\u001b[1m"}}]"#;
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/json" => Answer::Json(200, EVIL),
        "/images/json" => Answer::Json(200, r#"[{"Id":"sha256:\u001b[2J","RepoTags":[],"Size":1}]"#),
        "/containers/x/json" => Answer::Json(200, "{\"Id\":\"\\u001b[2J\",\"Name\":\"\u{9b}2J\"}"),
        "/containers/x/top" => Answer::Json(200, r#"{"Titles":["PID"],"Processes":[["\u001b[2J"]]}"#),
        "/containers/x/changes" => Answer::Json(200, r#"[{"Path":"/\u001b[2J","Kind":1}]"#),
        "/containers/x/stats" => Answer::Json(200, r#"{"name":"/\u001b[2J","id":"\u001b[2J"}"#),
        "/volumes" => Answer::Json(200, r#"{"Volumes":[{"Name":"\u001b[2J"}]}"#),
        "/networks" => Answer::Json(200, r#"[{"Name":"\u001b[2J"}]"#),
        "/system/df" => Answer::Json(200, r#"{"Volumes":[{"Name":"\u001b[2J"}]}"#),
        "/networks/prune" => Answer::Json(200, r#"{"NetworksDeleted":["\u001b[2J"]}"#),
        _ => Answer::Json(404, r#"{"message":"no \u001b[2J such thing"}"#),
    });
    for args in [
        &["ps"][..],
        &["top", "x"],
        &["diff", "x"],
        &["stats", "--no-stream", "x"],
        &["volume", "ls"],
        &["network", "ls"],
        &["network", "rm", "y"],
        &["network", "prune", "-f"],
        &["system", "df", "-v"],
        &["system", "df", "-v", "--format", "{{json .}} {{(index .Volumes 0).Name}}"],
        &["pause", "y"],
        &["cp", "y:/x", "."],
        &["ps", "--no-trunc"],
        &["ps", "--format", "{{.Names}} {{.Image}} {{.Status}} {{.Labels}} {{.Label \"l\"}}"],
        &["images"],
        &["inspect", "x"],
        &["inspect", "-f", "{{.Id}}", "x"],
        &["rm", "y"],
        &["start", "y"],
    ] {
        let (_, seen) = OnTerminal::spawn(daemon.client(args)).finish();
        assert!(!seen.contains(['\u{1b}', '\u{9b}', '\u{7}']), "{args:?}: {seen:?}");
        assert!(!seen.is_empty());
    }
    // In a pipe nothing is changed.
    assert!(daemon.run(&["ps", "--format", "{{.Names}}"]).out.contains('\u{1b}'));
}

#[test]
fn bars_are_drawn_in_place() {
    let daemon = Daemon::start(|_| {
        Answer::Json(
            200,
            "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"a\"}{\"status\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":10},\"id\":\"a\"}{\"status\":\"Digest: x\"}",
        )
    });
    let (status, seen) = OnTerminal::spawn(daemon.client(&["pull", "x"])).finish();
    assert_eq!(status.code(), Some(0));
    assert!(seen.contains("\u{1b}[1A\u{1b}[2K\ra: Pulling fs layer \r\u{1b}[1B"), "{seen:?}");
    assert!(seen.contains("a: Downloading       5B/10B\r"), "{seen:?}");
    assert!(seen.ends_with("Digest: x\r\ndocker.io/library/x:latest\r\n"), "{seen:?}");
}

#[test]
fn a_stream_with_hostile_frames_ends_with_an_error() {
    fn evil(mut stream: UnixStream) {
        let _ = stream.write_all(&frame(1, b"fine\n"));
        let _ = stream.write_all(b"\x09\0\0\0\0\0\0\x01x");
    }
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/web/exec" => Answer::Json(201, r#"{"Id":"eee"}"#),
        "/exec/eee/start" => Answer::Hijack(evil),
        _ => Answer::Json(200, "{}"),
    });
    let ran = daemon.run(&["exec", "web", "ls"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (1, "fine\n", "Unrecognized input header: 9\n"));
}
