//! Verbs on containers, prunes, volumes and networks against a daemon that answers from a script.

mod common;

use common::pty::OnTerminal;
use common::{Answer, Daemon, Gate, Request, ran};
use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

const NOTHING: Answer = Answer::Json(404, r#"{"message":"no such thing"}"#);

/// Runs a client that reads `input`.
fn answer_with(daemon: &Daemon, args: &[&str], input: &str) -> common::Ran {
    let mut command = daemon.client(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    ran(child.wait_with_output().unwrap())
}

#[test]
fn each_verb_asks_for_what_it_means() {
    for (args, line) in [
        (&["pause", "a"][..], "POST /containers/a/pause"),
        (&["container", "unpause", "a"], "POST /containers/a/unpause"),
        (&["rename", "a", " b "], "POST /containers/a/rename?name=b"),
        (&["network", "connect", "n", "a"], "POST /networks/n/connect"),
        (&["network", "disconnect", "-f", "n", "a"], "POST /networks/n/disconnect"),
        (&["volume", "rm", "-f", "v"], "DELETE /volumes/v?force=1"),
        (
            &["commit", "-c", "CMD a", "-p=false", "-m", "x", "a", "foo:1"],
            "POST /commit?author=&changes=CMD%20a&comment=x&container=a&pause=0&repo=docker.io%2Flibrary%2Ffoo&tag=1",
        ),
    ] {
        let daemon = Daemon::start(|_| Answer::Json(200, r#"{"Id":"sha256:1"}"#));
        let ran = daemon.run(args);
        assert_eq!((ran.code, &*ran.err, daemon.lines()), (0, "", vec![line.to_string()]), "{args:?}");
    }
}

#[test]
fn an_update_sends_limits_and_tells_warnings_at_the_end() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/nope/update" => NOTHING,
        _ => Answer::Json(200, r#"{"Warnings":["no weight here"]}"#),
    });
    let ran = daemon.run(&["update", "-m", "64m", "--restart", "always", "a", "nope", "b"]);
    assert_eq!(
        (ran.code, &*ran.out, &*ran.err),
        (1, "a\nb\nno weight here\nno weight here\n", "Error response from daemon: no such thing\n")
    );
    let body = daemon.requests()[0].json();
    assert_eq!((&body["Memory"], &body["PidsLimit"]), (&67108864.into(), &serde_json::Value::Null));
    assert_eq!(body["RestartPolicy"]["Name"], "always");
}

#[test]
fn a_prune_asks_first_and_no_is_no() {
    let pruned = r#"{"ContainersDeleted":["abc"],"SpaceReclaimed":1500}"#;
    let question = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ";
    for (input, expect) in [
        ("n\n", question.to_string()),
        ("", question.into()),
        ("y\n", format!("{question}Deleted Containers:\nabc\n\nTotal reclaimed space: 1.5kB\n")),
    ] {
        let daemon = Daemon::start(move |_| Answer::Json(200, pruned));
        let ran = answer_with(&daemon, &["container", "prune"], input);
        assert_eq!((ran.code, ran.out), (0, expect));
        assert_eq!(daemon.lines().len(), usize::from(input == "y\n"), "nothing is asked of the daemon before");
    }
}

#[test]
fn a_system_prune_goes_through_all_kinds() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/prune" => Answer::Json(200, r#"{"ContainersDeleted":null,"SpaceReclaimed":1}"#),
        "/networks/prune" => Answer::Json(200, r#"{"NetworksDeleted":["n"]}"#),
        "/volumes/prune" => Answer::Json(200, r#"{"VolumesDeleted":["v"],"SpaceReclaimed":2}"#),
        "/images/prune" => {
            Answer::Json(200, r#"{"ImagesDeleted":[{"Untagged":"x:y"},{"Deleted":"sha256:1"}],"SpaceReclaimed":4}"#)
        }
        "/build/prune" => Answer::Json(200, r#"{"CachesDeleted":["c"],"SpaceReclaimed":8}"#),
        _ => NOTHING,
    });
    let ran = daemon.run(&["system", "prune", "-af", "--volumes"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!(
        ran.out,
        "Deleted Networks:\nn\n\nDeleted Volumes:\nv\n\nDeleted Images:\nuntagged: x:y\ndeleted: sha256:1\n\n\
         Deleted build cache objects:\nc\n\nTotal reclaimed space: 15B\n"
    );
    assert_eq!(
        daemon.lines(),
        [
            "POST /containers/prune",
            "POST /networks/prune",
            "POST /volumes/prune",
            "POST /images/prune?filters=%7B%22dangling%22%3A%7B%22false%22%3Atrue%7D%7D",
            "POST /build/prune?all=1&filters=",
        ]
    );
}

#[test]
fn configured_filters_protect_from_every_prune() {
    let daemon = Daemon::start(|_| Answer::Json(200, r#"{"NetworksDeleted":null}"#));
    std::fs::write(daemon.config().join("config.json"), r#"{"pruneFilters":["label!=keep"]}"#).unwrap();
    assert_eq!(daemon.run(&["network", "prune", "-f"]).code, 0);
    assert_eq!(daemon.lines(), ["POST /networks/prune?filters=%7B%22label%21%22%3A%7B%22keep%22%3Atrue%7D%7D"]);
}

#[test]
fn processes_and_changes_are_listed() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/a/top" => Answer::Json(200, r#"{"Titles":["PID","CMD"],"Processes":[["7","sleep 1"]]}"#),
        "/containers/a/changes" => Answer::Json(200, r#"[{"Path":"/d","Kind":1},{"Path":"/x","Kind":2}]"#),
        "/containers/b/changes" => Answer::Json(200, "null"),
        _ => NOTHING,
    });
    assert_eq!(daemon.run(&["top", "a", "-o", "pid"]).out, "PID                 CMD\n7                   sleep 1\n");
    assert_eq!(daemon.run(&["diff", "a"]).out, "A /d\nD /x\n");
    assert_eq!(daemon.run(&["diff", "b"]).out, "");
    assert_eq!(daemon.lines()[0], "GET /containers/a/top?ps_args=-o%20pid");
}

const SAMPLE: &str = r#"{"name":"/web","id":"aaaaaaaaaaaaaaaa","pids_stats":{"current":3},"memory_stats":{"usage":1048576,"limit":4194304}}"#;

#[test]
fn statistics_of_what_runs_are_told_once() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/json" => Answer::Json(200, r#"[{"Id":"aaaaaaaaaaaaaaaa"}]"#),
        "/containers/aaaaaaaaaaaa/stats" => Answer::Json(200, SAMPLE),
        _ => NOTHING,
    });
    let ran = daemon.run(&["stats", "--no-stream"]);
    let table = "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS\n\
                 aaaaaaaaaaaa   web       0.00%     1MiB / 4MiB         25.00%    0B / 0B   0B / 0B     3\n";
    assert_eq!((ran.code, &*ran.out, &*ran.err), (0, table, ""));
    let lines = daemon.lines();
    assert_eq!(lines, ["GET /containers/json", "GET /containers/aaaaaaaaaaaa/stats?stream=0"]);
    let ran = daemon.run(&["stats", "--no-stream", "nope"]);
    assert_eq!((ran.code, &*ran.out, &*ran.err), (1, "", "Error response from daemon: no such thing\n"));
}

#[test]
fn statistics_follow_containers_that_start_and_end_with_the_daemon() {
    let open = Arc::new(Gate::default());
    open.open();
    let daemon = Daemon::start(move |request: &Request| match request.path() {
        "/events" => {
            let event = r#"{"Type":"container","Action":"start","Actor":{"ID":"aaaaaaaaaaaaaaaa"}}"#;
            Answer::Later(event, open.clone())
        }
        "/containers/json" => Answer::Json(200, "[]"),
        "/containers/aaaaaaaaaaaa/stats" => Answer::Json(200, SAMPLE),
        _ => NOTHING,
    });
    let ran = daemon.run(&["stats", "--format", "{{.ID}} {{.PIDs}}"]);
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert!(ran.out.starts_with("\u{1b}[H") && ran.out.ends_with("\u{1b}[J"), "{:?}", ran.out);
    let lines = daemon.lines();
    assert_eq!(lines[0], "GET /events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D", "before the list");
    assert!(lines.contains(&"GET /containers/aaaaaaaaaaaa/stats?stream=1".to_string()), "{lines:?}");
}

#[test]
fn an_archive_is_not_written_to_a_terminal_and_a_broken_one_leaves_no_file() {
    let daemon = Daemon::start(|request| match request.path() {
        "/containers/a/export" => Answer::Json(200, "archive"),
        "/containers/b/export" => Answer::Close,
        _ => NOTHING,
    });
    let (_, seen) = OnTerminal::spawn(daemon.client(&["export", "a"])).finish();
    assert_eq!(seen, "cowardly refusing to save to a terminal. Use the -o flag or redirect\r\n");
    assert_eq!(daemon.run(&["export", "a"]).out, "archive");
    let file = daemon.config().join("x.tar");
    let path = file.to_str().unwrap();
    assert_eq!(daemon.run(&["export", "-o", path, "a"]).code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "archive");
    assert_eq!(daemon.run(&["export", "-o", path, "b"]).code, 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "archive", "what was there stays");
    assert_eq!(daemon.run(&["export", "-o", path, "nope"]).code, 1);
}

#[test]
fn networks_that_are_missing_are_no_failure_when_forced() {
    let daemon = Daemon::start(|request| match (request.method.as_str(), request.path()) {
        ("GET", "/networks/mesh") => Answer::Json(200, r#"{"Name":"mesh","Ingress":true}"#),
        ("DELETE", "/networks/mesh") => Answer::Json(204, ""),
        _ => NOTHING,
    });
    assert_eq!(daemon.run(&["network", "rm", "-f", "nope"]).code, 0);
    let ran = daemon.run(&["network", "rm", "nope"]);
    assert_eq!((ran.code, &*ran.err), (1, "Error response from daemon: no such thing\nexit status 1\n"));
    let ran = answer_with(&daemon, &["network", "rm", "mesh"], "n\n");
    assert!(ran.code == 0 && ran.out.starts_with("WARNING! Before removing the routing-mesh network"), "{ran:?}");
    assert!(answer_with(&daemon, &["network", "rm", "mesh"], "y\n").out.ends_with("mesh\n"));
    assert_eq!(daemon.lines().iter().filter(|line| *line == "DELETE /networks/mesh").count(), 1);
}
