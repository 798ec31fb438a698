//! A real image from a real registry, through a container's whole life and its daemon's death: once with each client.

use std::path::Path;
use std::sync::Arc;

use testkit::{Client, Daemon, Distributor, Host, Job, LeakCheck, debian_with_python, eventually};

use crate::{GANTRY, KEPT};

const APP: &str = include_str!("app.py");

#[test]
fn a_python_server_outlives_its_daemon_with_our_client() {
    outlives(Daemon::gantry);
}

#[test]
fn a_python_server_outlives_its_daemon_with_the_stock_client() {
    outlives(Daemon::docker);
}

fn outlives(client: impl Fn(&Daemon) -> Client) {
    let host = Host::new();
    let registry = Distributor::start(&host);
    let image = registry.push(&debian_with_python(Path::new(KEPT), APP), "debian-python:1");
    let mut daemon = Daemon::start(&host, GANTRY);
    let client = client(&daemon);

    client.ok(&["pull", &image]);
    assert_eq!(client.ok(&["history", "-q", &image]).lines().count(), 3, "it has three layers");
    let leaks = LeakCheck::before(&daemon);

    let id = client.ok(&["run", "-d", "--name", "web", "-p", "8080:8000", &image]);
    let mut logs = client.start(&["logs", "-f", "web"]);
    logs.wait_for("out 10\n");
    eventually("the first page", || page(&host, "/first").filter(|text| text == "page /first of 3\n"));
    terminal_follows_its_window(&client);

    let waiting = client.start(&["wait", "web"]);
    let mut connection = Connection::open(&host);
    connection.ask("/before");
    let seen = client.ok(&["logs", "--tail", "1", "web"]);
    daemon.kill();
    connection.ask("/meanwhile");
    assert_ne!(waiting.finish().code, 0, "a wait that was cut off says so");
    logs.finish();
    daemon.start_again();
    connection.ask("/after");
    assert_eq!(page(&host, "/again").as_deref(), Some("page /again of 3\n"));

    assert_eq!(client.ok(&["ps", "-q", "--no-trunc"]), id);
    let waiting = client.start(&["wait", "web"]);
    let mut logs = client.start(&["logs", "-f", "web"]);
    logs.wait_for(&seen);
    client.ok(&["stop", "web"]);
    assert_eq!(waiting.finish().success(), "7");
    assert_eq!(client.ok(&["wait", "web"]), "7");
    assert_eq!(client.ok(&["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "web"]), "exited 7");
    no_line_is_missing(&logs.finish());
    no_line_is_missing(&client.run(&["logs", "web"]));
    assert_eq!(page(&host, "/gone"), None, "its port is closed");

    client.ok(&["rm", "web"]);
    leaks.assert_clean(&daemon);
    assert!(daemon.stop().success());
}

/// `exec -it` shows the size of the window, and its new size after it has changed.
fn terminal_follows_its_window(client: &Client) {
    let mut terminal = client.on_terminal(&["exec", "-it", "web", "bash"], 100, 30);
    terminal.write("stty size; tty\n");
    terminal.wait_for("30 100");
    terminal.wait_for("/dev/pts/0");
    terminal.resize(90, 25);
    terminal.write_until("stty size\n", "25 90");
    terminal.write("exit 5\n");
    assert_eq!(terminal.finish().0, 5);
}

/// Every number from 1 to the one that the program says at its end, once, in order, on both outputs.
fn no_line_is_missing(logs: &testkit::Output) {
    assert_eq!(logs.code, 0, "{logs:?}");
    let numbers = |text: &str, word: &str| -> Vec<u32> {
        text.lines().filter_map(|line| line.strip_prefix(word)?.trim().parse().ok()).collect()
    };
    let last = numbers(&logs.stdout, "last ");
    assert_eq!(last.len(), 1, "{}", logs.stdout);
    let all: Vec<u32> = (1..=last[0]).collect();
    assert!(numbers(&logs.stdout, "out ") == all, "of {} lines some are missing: {}", last[0], logs.stdout);
    assert!(numbers(&logs.stderr, "err ") == all, "of {} lines some are missing: {}", last[0], logs.stderr);
}

fn page(host: &Host, path: &str) -> Option<String> {
    let url = format!("http://127.0.0.1:8080{path}");
    let output = host.run(&["curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "20", &url]);
    (output.code == 0).then_some(output.stdout)
}

/// One TCP connection through the published port, kept open.
struct Connection {
    netcat: Job,
}

impl Connection {
    fn open(host: &Arc<Host>) -> Self {
        let mut command = host.command("busybox");
        command.args(["nc", "127.0.0.1", "8080"]);
        Self { netcat: Job::spawn(command) }
    }

    /// Asks for a page and waits for it.
    fn ask(&mut self, path: &str) {
        self.netcat.write(format!("GET {path} HTTP/1.1\r\nHost: web\r\n\r\n").as_bytes());
        self.netcat.wait_for(&format!("page {path} of 3\n"));
    }
}
