//! A daemon under measurement, in namespaces and control groups of its own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::group::Group;
use crate::shell::{command, output, run, script};

/// How long a daemon may take to answer for the first time, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Joins the groups `$2` …, then namespaces in which it may set up a network, and executes `$1` there.
const ENTER: &str = r#"
    daemon=$1; shift
    for folder; do echo $$ > "$folder/cgroup.procs"; done
    exec unshare --mount --net --propagation private sh -ec '
        mount -t tmpfs tmpfs /run
        ip link set lo up
        echo 1 > /proc/sys/net/ipv4/ip_forward
        exec sh -c "exec $1"' sh "$daemon"
"#;

/// Which daemon it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Gantry,
    /// Debian's docker.io.
    Docker,
}

/// A daemon that runs until this is dropped.
#[derive(Debug)]
pub struct Engine {
    /// Which one.
    pub kind: Kind,
    /// What it uses.
    pub group: Group,
    /// The client that cleans up.
    client: PathBuf,
    socket: PathBuf,
    daemon: Child,
}

impl Engine {
    /// Starts `program` as a daemon whose state is below `folder`, and waits until it answers.
    pub fn start(kind: Kind, program: &str, client: &Path, folder: &Path) -> Result<Self> {
        let name = match kind {
            Kind::Gantry => "gantry",
            Kind::Docker => "docker",
        };
        let folder = folder.join(name);
        fs::create_dir(&folder)?;
        let group = Group::make(name)?;
        let socket = folder.join("engine.sock");
        let line = daemon_line(kind, program, &folder, &group.parent())?;
        let log = File::create(folder.join("daemon.log"))?;
        let mut enter = script(ENTER, [OsString::from(line)]);
        enter.args(group.daemon_folders()).stdout(log.try_clone()?).stderr(log);
        let daemon = enter.spawn().context("start a daemon")?;
        let engine = Self { kind, group, client: client.to_owned(), socket, daemon };
        engine.wait_until_ready().with_context(|| {
            let log = fs::read_to_string(folder.join("daemon.log")).unwrap_or_default();
            format!("start {program}; its last words: {}", log.lines().last().unwrap_or_default())
        })?;
        Ok(engine)
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.daemon.id()
    }

    /// Runs one of the client's commands, and gives its output.
    pub fn ask(&self, words: &[&str]) -> Result<String> {
        let mut line = command([self.client.as_os_str(), "-H".as_ref()]);
        output(line.arg(format!("unix://{}", self.socket.display())).args(words))
    }

    /// Removes all containers.
    pub fn clean(&self) -> Result<()> {
        let ids = self.ask(&["ps", "-aq"])?;
        let ids: Vec<&str> = ids.lines().collect();
        ids.chunks(50).try_for_each(|some| self.ask(&[&["rm", "-f"], some].concat()).map(drop))
    }

    /// Runs a program of the host in the daemon's network namespace.
    pub fn in_network(&self, words: &[&str]) -> std::process::Command {
        let mut line = command(["nsenter", "--net", "--target"]);
        line.arg(self.pid().to_string()).arg("--").args(words);
        line
    }

    fn wait_until_ready(&self) -> Result<()> {
        let begun = Instant::now();
        while let Err(error) = self.ask(&["version"]) {
            if begun.elapsed() > PATIENCE {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        self.clean()?;
        run(command(["kill"]).arg(self.pid().to_string()))?;
        let begun = Instant::now();
        while self.daemon.try_wait()?.is_none() {
            if begun.elapsed() > PATIENCE {
                bail!("the daemon does not stop");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("stop the daemon {}: {error:#}", self.pid());
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
        // What still dies leaves its group in a moment.
        let begun = Instant::now();
        while !self.group.processes().is_empty() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The daemon's command line. Paths of a scratch folder need no quotes.
fn daemon_line(kind: Kind, program: &str, folder: &Path, parent: &str) -> Result<String> {
    // A file of its own: what the host's own engine is told is not meant for these.
    fs::write(folder.join("daemon.json"), "{}")?;
    let face = if kind == Kind::Gantry { " daemon" } else { "" };
    let path = |name: &str| folder.join(name).display().to_string();
    let (config, socket, data) = (path("daemon.json"), path("engine.sock"), path("data"));
    let (exec, pidfile) = (path("exec"), path("daemon.pid"));
    Ok(format!(
        "{program}{face} --config-file {config} -H unix://{socket} --data-root {data} --exec-root {exec} \
         --pidfile {pidfile} --cgroup-parent {parent}"
    ))
}
