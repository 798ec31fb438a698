//! What most tests begin with: a host with a registry that has busybox, and a daemon that has pulled it.

use std::path::Path;
use std::sync::Arc;

use testkit::{Client, Daemon, Distributor, Host, Job, busybox};

use crate::GANTRY;

/// The parts, in the order in which they go.
pub struct Bench {
    /// The daemon.
    pub daemon: Daemon,
    /// It has `busybox:1`.
    pub registry: Distributor,
    /// Where both are.
    pub host: Arc<Host>,
    /// The full name of the image.
    pub image: String,
}

impl Bench {
    /// Sets all of it up.
    pub fn new() -> Self {
        Self::on(Host::new(), &[])
    }

    /// The same on a given host, with more options of the daemon.
    pub fn on(host: Arc<Host>, options: &[&str]) -> Self {
        let registry = Distributor::start(&host);
        let image = registry.push(&busybox(), "busybox:1");
        let daemon = Daemon::start_with(&host, GANTRY, options);
        daemon.gantry().ok(&["pull", "-q", &image]);
        Self { daemon, registry, host, image }
    }

    /// Our client.
    pub fn gantry(&self) -> Client {
        self.daemon.gantry()
    }

    /// Runs a shell script in a new container with our client, with more options of `run`.
    pub fn run(&self, options: &[&str], script: &str) -> testkit::Output {
        let words = ["run"].into_iter().chain(options.iter().copied()).chain([self.image.as_str(), "sh", "-c", script]);
        self.gantry().run(&words.collect::<Vec<_>>())
    }
}

/// Reads what a daemon wrote, as a number.
pub fn number(path: &Path) -> u32 {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    text.trim().parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Asks the daemon over its socket; gives the status and the body.
pub fn ask(bench: &Bench, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut command = bench.host.command("curl");
    command.args(["--silent", "--write-out", "\n%{http_code}", "--request", method, "--max-time", "60"]);
    command.arg("--unix-socket").arg(bench.daemon.socket()).args(["--header", "Content-Type: application/json"]);
    if method != "GET" {
        command.args(["--data-binary", "@-"]);
    }
    command.arg("--path-as-is").arg(format!("http://gantry{path}"));
    let mut job = Job::spawn(command);
    job.write_if_open(body.as_bytes());
    let output = job.finish().stdout;
    let (body, status) = output.rsplit_once('\n').unwrap_or(("", &output));
    (status.parse().unwrap_or_else(|_| panic!("{path}: {output}")), body.trim_end().to_owned())
}
