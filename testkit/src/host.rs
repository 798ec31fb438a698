//! A host of the test's own: a network and a mount namespace that nothing else uses.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use crate::{Job, Output};

/// Two namespaces, kept by a process that waits for the end of its input: it goes with us, however we go.
pub struct Host {
    keeper: Child,
}

/// Where a daemon keeps its things unless told otherwise, emptied; `/var/lib` as a whole, so that nothing has to be
/// made on the machine itself.
const EMPTY_STATE: &str = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && \
                           { [ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker; } && ";

impl Host {
    /// A host with nothing but loopback, and the machine's files.
    pub fn new() -> Arc<Self> {
        Self::with_script("")
    }

    /// The same, with empty `/run`, `/var/lib` and `/etc/docker`: for a daemon in its default places.
    pub fn with_empty_state() -> Arc<Self> {
        Self::with_script(EMPTY_STATE)
    }

    fn with_script(script: &str) -> Arc<Self> {
        let script = format!("ip link set lo up && {script} echo ready && exec cat");
        let mut keeper = Command::new("unshare")
            .args(["--net", "--mount", "--propagation", "private", "--", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("run unshare");
        let mut line = String::new();
        let stdout = keeper.stdout.take().expect("it is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("read from unshare");
        assert_eq!(line, "ready\n", "the namespaces were not set up; tests with containers need root");
        Arc::new(Self { keeper })
    }

    /// The process whose namespaces these are.
    pub fn pid(&self) -> u32 {
        self.keeper.id()
    }

    /// A command that will run on this host. Its process id is the program's own.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        let pid = self.pid();
        command.arg(format!("--net=/proc/{pid}/ns/net")).arg(format!("--mount=/proc/{pid}/ns/mnt")).arg("--");
        command.arg(program);
        command
    }

    /// Runs a command on this host to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command(words[0]);
        command.args(&words[1..]);
        Job::spawn(command).finish()
    }

    /// Runs a command on this host that must succeed; gives what it printed.
    pub fn ok(&self, words: &[&str]) -> String {
        self.run(words).success()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_own_links_and_mounts() {
        let host = Host::with_empty_state();
        assert_eq!(host.ok(&["ip", "-br", "link"]).lines().count(), 1);
        assert_eq!(host.ok(&["ls", "/var/lib"]), "");
        assert_ne!(std::fs::read_dir("/var/lib").unwrap().count(), 0);
    }
}
