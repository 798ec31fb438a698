//! The unmodified `docker` command as the client, against the scripted engine.

mod support;

use std::process::{Output, Stdio};
use std::sync::atomic::Ordering;

use support::{Host, has_docker};
use tokio::io::AsyncWriteExt;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

macro_rules! need_docker {
    () => {
        if !has_docker() {
            eprintln!("skipped: no docker command on this machine");
            return;
        }
    };
}

#[tokio::test]
async fn it_negotiates_a_version() {
    need_docker!();
    let host = Host::start().await;
    let output = host.docker(&["version", "--format", "{{.Server.Version}} {{.Client.APIVersion}}"]).await;
    assert!(text(&output).starts_with("28.5.1 1."), "{}", text(&output));
    let mut old = host.docker_command();
    let old = old.args(["ps", "-q"]).env("DOCKER_API_VERSION", "1.24").output().await.unwrap();
    assert_eq!(text(&old), "0123456789ab\n");
    let mut new = host.docker_command();
    let new = new.args(["ps"]).env("DOCKER_API_VERSION", "1.99").output().await.unwrap();
    assert!(
        text(&new).contains("client version 1.99 is too new. Maximum supported API version is 1.51"),
        "{}",
        text(&new)
    );
}

#[tokio::test]
async fn it_lists_and_shows_errors() {
    need_docker!();
    let host = Host::start().await;
    let list = host.docker(&["ps", "--format", "{{.Names}} {{.Image}}", "--filter", "label=a"]).await;
    assert_eq!(text(&list), "web busybox\n");
    assert!(host.engine.seen().iter().any(|one| one.contains("\"label\": [\"a\"]")), "{:?}", host.engine.seen());
    let refused = host.docker(&["ps", "--filter", "colour=red"]).await;
    assert_eq!(text(&refused), "Error response from daemon: invalid filter 'colour'\n");
    let kill = host.docker(&["kill", "web"]).await;
    assert!(text(&kill).contains("Container web is not running"), "{}", text(&kill));
    let later = host.docker(&["swarm", "init"]).await;
    assert!(text(&later).contains("initialising a swarm is not implemented yet"), "{}", text(&later));
}

#[tokio::test]
async fn it_attaches_waits_and_ends_its_input() {
    need_docker!();
    let host = Host::start().await;
    let mut child = host.docker_command();
    let mut child = child
        .args(["run", "-i", "--pull=never", "busybox"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"hello\n").await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(text(&output), "hello\nbye\n");
    assert_eq!(output.status.code(), Some(7), "from the wait that began before the start");
    let seen = host.engine.seen();
    let order: Vec<_> = seen.iter().map(|one| one.split(' ').next().unwrap()).collect();
    assert_eq!(order, ["create", "attach", "wait", "start"], "{seen:?}");
}

#[tokio::test]
async fn it_executes() {
    need_docker!();
    let host = Host::start().await;
    let mut child = host.docker_command();
    let mut child = child
        .args(["exec", "-i", "web", "cat", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"hello\n").await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!((text(&output).as_str(), output.status.code()), ("hello\nbye\n", Some(5)));
    let detached = host.docker(&["exec", "-d", "web", "true"]).await;
    assert!(detached.status.success(), "{}", text(&detached));
}

#[tokio::test]
async fn it_pulls_loads_and_saves() {
    need_docker!();
    let host = Host::start().await;
    let pull = host.docker(&["pull", "busybox"]).await;
    assert!(pull.status.success());
    assert!(
        text(&pull).contains("latest: Pulling from library/busybox\n0123456789ab: Pull complete\n"),
        "{}",
        text(&pull)
    );
    let broken = host.docker(&["pull", "broken"]).await;
    assert!(!broken.status.success() && text(&broken).contains("wrong digest"), "{}", text(&broken));
    let missing = host.docker(&["pull", "late"]).await;
    assert!(text(&missing).contains("Error response from daemon: manifest unknown"), "{}", text(&missing));

    let file = host.socket().with_file_name("archive.tar");
    let saved = host.docker(&["save", "-o", file.to_str().unwrap(), "busybox", "other"]).await;
    assert!(saved.status.success(), "{}", text(&saved));
    assert_eq!(std::fs::read(&file).unwrap(), b"tarball");
    let loaded = host.docker(&["load", "-i", file.to_str().unwrap()]).await;
    assert_eq!(text(&loaded), "Loaded image: busybox:latest\n");
    let history = host.docker(&["history", "-q", "busybox"]).await;
    assert_eq!(text(&history), "<missing>\n");
}

#[tokio::test]
async fn it_reads_logs_and_events() {
    need_docker!();
    let host = Host::start().await;
    let logs = host.docker(&["logs", "web"]).await;
    assert_eq!((logs.stdout.as_slice(), logs.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    host.engine.state.terminal.store(true, Ordering::SeqCst);
    let logs = host.docker(&["logs", "-t", "web"]).await;
    assert!(text(&logs).starts_with("2023-11-14T22:13:20.000000000Z out\n"), "{}", text(&logs));
    let events = host.docker(&["events", "--until", "1s", "--format", "{{.Type}} {{.Action}}"]).await;
    assert_eq!(text(&events), "container start\n");
}
