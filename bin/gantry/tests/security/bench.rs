//! A daemon with an image of busybox, and the comparison of its host before and after.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::{Value, json};
use testkit::{Client, Daemon, Host, LeakCheck};

use crate::archives::{Tar, busybox, saved};
use crate::http::{self, Answer};

/// The binary under test.
pub const GANTRY: &str = env!("CARGO_BIN_EXE_gantry");

/// A daemon at rest. The test's thread shares its network, so that a registry of the test is on its loopback.
pub struct Bench {
    // Before the check, and with it before its host goes.
    pub daemon: Daemon,
    check: LeakCheck,
    pub gantry: Client,
    pub docker: Client,
}

impl Bench {
    /// Starts a daemon and gives it the image `busybox`.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with more options for the daemon.
    pub fn start_with(options: &[&str]) -> Self {
        let host = Host::new();
        enter(&host);
        Self::with(Daemon::start_with(&host, GANTRY, options))
    }

    /// Takes over a daemon that runs.
    pub fn with(daemon: Daemon) -> Self {
        let (gantry, docker) = (daemon.gantry(), daemon.docker());
        let load = http::post(&daemon.socket(), "/images/load", saved("busybox", &[busybox()], json!({})));
        assert_eq!((load.status, load.error()), (200, None), "{load:?}");
        // The first of its kind: what is made once and stays is there before anything is compared.
        gantry.ok(&["run", "--rm", "busybox", "true"]);
        gantry.ok(&["run", "--rm", "--network", "none", "busybox", "true"]);
        let check = LeakCheck::before(&daemon);
        Self { daemon, check, gantry, docker }
    }

    /// Asks the API, without a body.
    pub fn ask(&self, method: &str, path: &str) -> Answer {
        http::ask(&self.daemon.socket(), &format!("{method} {path} HTTP/1.0\r\nHost: x\r\n\r\n"), b"")
    }

    /// Posts JSON to the API.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        http::post_as(&self.daemon.socket(), path, "application/json", body.to_string().into_bytes())
    }

    /// Gives an archive to the API's `load`.
    pub fn load(&self, archive: Vec<u8>) -> Answer {
        http::post(&self.daemon.socket(), "/images/load", archive)
    }

    /// Gives a root file system to the API's `import`.
    pub fn import(&self, name: &str, archive: Vec<u8>) -> Answer {
        http::post(&self.daemon.socket(), &format!("/images/create?fromSrc=-&repo={name}"), archive)
    }

    /// Adds an image of busybox and what else it has; it must be taken.
    pub fn add(&self, name: &str, more: Tar, config: Value) {
        let answer = self.load(saved(name, &[busybox(), more.end()], config));
        assert_eq!((answer.status, answer.error()), (200, None), "{answer:?}");
    }

    /// Runs a script in a container with these options; gives what it printed to either stream.
    #[track_caller]
    pub fn sh(&self, options: &[&str], script: &str) -> String {
        let args = [&["run", "--rm"], options, &["busybox", "sh", "-c", script]].concat();
        let output = self.gantry.run(&args);
        format!("{}{}", output.stdout, output.stderr).trim_end().to_owned()
    }

    /// Starts a container that only sleeps; gives its id.
    pub fn sleeper(&self, options: &[&str]) -> String {
        self.gantry.ok(&[&["run", "-d"], options, &["busybox", "sleep", "1000"]].concat())
    }

    /// The process id of a container's PID 1.
    pub fn pid(&self, container: &str) -> u32 {
        let text = self.gantry.ok(&["inspect", "--format", "{{.State.Pid}}", container]);
        text.parse().expect("a process id")
    }

    /// Removes containers and images until there is only busybox again.
    pub fn clear(&self) {
        for container in self.gantry.ok(&["ps", "-aq"]).lines() {
            self.gantry.ok(&["rm", "-f", container]);
        }
        let images = self.gantry.ok(&["images", "-q", "--no-trunc"]);
        let busybox = self.gantry.ok(&["images", "-q", "--no-trunc", "busybox"]);
        for image in images.lines().filter(|image| *image != busybox) {
            // Two names of one image are two lines.
            self.gantry.run(&["rmi", "-f", image]);
        }
    }

    /// Compares the host with what it was.
    #[track_caller]
    pub fn assert_clean(&self) {
        self.check.assert_clean(&self.daemon);
        assert!(!self.daemon.log().contains("panicked"), "{}", self.daemon.log());
    }

    /// Removes everything and compares.
    #[track_caller]
    pub fn finish(self) {
        self.clear();
        self.assert_clean();
    }

    /// Most memory that the daemon has had resident since [`Self::forget_peak`], in bytes.
    pub fn peak(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).expect("read the daemon's status");
        peak_in(&status).expect("a line VmHWM")
    }

    /// Begins to note the peak anew (`clear_refs` in proc_pid_clear_refs(5)).
    pub fn forget_peak(&self) {
        fs::write(self.proc("clear_refs"), "5").expect("write the daemon's clear_refs");
    }

    fn proc(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.daemon.pid()).into()
    }
}

/// Moves this thread, and those that it starts, into the host's network.
pub fn enter(host: &Arc<Host>) {
    let path = format!("/proc/{}/ns/net", host.pid());
    let namespace = fs::File::open(path).expect("open the host's network namespace");
    let kind = Some(LinkNameSpaceType::Network);
    move_into_link_name_space(rustix::fd::AsFd::as_fd(&namespace), kind).expect("enter the host's network");
}

/// Most memory that a process has had resident, in bytes: `VmHWM` of proc_pid_status(5).
pub fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}
