//! The file that holds the daemon's process id and keeps a second one away.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The written file; removed when dropped.
pub struct Pidfile {
    path: PathBuf,
}

impl Pidfile {
    /// Writes the file. A file that names a living process is an error; a stale one is taken over.
    pub fn write(path: &Path) -> Result<Self> {
        if let Some(pid) = read(path).filter(|&pid| pid != std::process::id() && is_alive(pid)) {
            bail!("process with PID {pid} is still running: {} names it", path.display());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        fs::write(path, std::process::id().to_string())
            .with_context(|| format!("write the process id to {}", path.display()))?;
        Ok(Self { path: path.to_owned() })
    }
}

fn read(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether the process runs; one that has ended and waits to be reaped does not (proc_pid_stat(5), field 3).
fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().chars().next());
    !matches!(state, Some(Some('Z' | 'X')))
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_owner_keeps_the_file_and_a_dead_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x/daemon.pid");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "1").unwrap();
        assert!(Pidfile::write(&path).is_err());
        fs::write(&path, "4194305").unwrap();
        let pidfile = Pidfile::write(&path).unwrap();
        assert_eq!(read(&path), Some(std::process::id()));
        drop(pidfile);
        assert!(!path.exists());
    }
}
