//! A command line client that is told to use a daemon of ours.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use crate::{Host, Job, Output, Terminal};

/// `gantry` or `docker`, with a home of its own.
#[derive(Clone)]
pub struct Client {
    host: Arc<Host>,
    program: PathBuf,
    socket: String,
    home: Arc<TempDir>,
}

impl Client {
    /// A client of the daemon that listens at `socket`; without one, where the program looks by itself.
    pub fn new(host: &Arc<Host>, program: &Path, socket: Option<&Path>) -> Self {
        let socket = socket.map(|path| format!("unix://{}", path.display())).unwrap_or_default();
        let home = Arc::new(tempfile::tempdir().expect("make a home for a client"));
        Self { host: Arc::clone(host), program: program.to_owned(), socket, home }
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.start(args).finish()
    }

    /// Runs it; it must succeed. Gives what it printed.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        self.run(args).success()
    }

    /// Runs it; it must fail with this code. Gives what it printed to its standard error.
    #[track_caller]
    pub fn fails(&self, code: i32, args: &[&str]) -> String {
        self.run(args).failure(code)
    }

    /// Starts it.
    pub fn start(&self, args: &[&str]) -> Job {
        Job::spawn(self.command(args))
    }

    /// Starts it on a terminal.
    pub fn on_terminal(&self, args: &[&str], columns: u16, rows: u16) -> Terminal {
        Terminal::spawn(&self.command(args), columns, rows)
    }

    /// The command that would run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.host.command(&self.program);
        command.args(args).env("HOME", self.home.path()).env_remove("DOCKER_CONTEXT").env_remove("DOCKER_API_VERSION");
        command.env("DOCKER_CONFIG", self.home.path().join(".docker"));
        match self.socket.is_empty() {
            true => command.env_remove("DOCKER_HOST"),
            false => command.env("DOCKER_HOST", &self.socket),
        };
        command
    }
}
