//! Starts a daemon when none answers, so that one command is enough on a fresh machine.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a daemon may take until it answers.
const PATIENCE: Duration = Duration::from_secs(15);

/// Set for a daemon that was started by a client: it leaves the client's session.
pub const DETACHED: &str = "GANTRY_DETACHED";

/// Starts this binary as a daemon listening on `socket` and waits until it answers.
pub fn start(socket: &Path) -> Result<cli::StartedDaemon, String> {
    if !rustix::process::geteuid().is_root() {
        return Err("starting one needs root: run this command as root, or start `gantry daemon` as root".into());
    }
    let begun = Instant::now();
    let log = log_path(socket)?;
    let mut child = spawn(socket, &log)?;
    wait_until_it_answers(socket, &mut child, &log)?;
    Ok(cli::StartedDaemon { pid: child.id(), log, took: begun.elapsed() })
}

fn log_path(socket: &Path) -> Result<PathBuf, String> {
    let folder = socket.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|error| format!("make {}: {error}", folder.display()))?;
    Ok(folder.join("daemon.log"))
}

fn spawn(socket: &Path, log: &Path) -> Result<Child, String> {
    let open = || {
        File::options().create(true).append(true).open(log).map_err(|error| format!("open {}: {error}", log.display()))
    };
    let program = std::env::current_exe().map_err(|error| format!("find this program: {error}"))?;
    Command::new(program)
        .arg("daemon")
        .arg(format!("--host=unix://{}", socket.display()))
        .env(DETACHED, "1")
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .current_dir("/")
        .spawn()
        .map_err(|error| format!("start the daemon: {error}"))
}

fn wait_until_it_answers(socket: &Path, child: &mut Child, log: &Path) -> Result<(), String> {
    let begun = Instant::now();
    let mut pause = Duration::from_micros(500);
    loop {
        if UnixStream::connect(socket).is_ok() {
            return Ok(());
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("the daemon ended at once ({status}):\n{}", last_lines(log)));
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("the daemon does not answer after {PATIENCE:?}; see {}", log.display()));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
