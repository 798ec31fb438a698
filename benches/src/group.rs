//! Control groups of a column: what an engine and its containers use in sum.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const ROOT: &str = "/sys/fs/cgroup";
/// Below this group is all that is measured.
const TOP: &str = "gantry-bench";
/// Controllers of version 1 that are of use here.
const V1: [&str; 3] = ["cpuacct", "cpu", "memory"];

/// An engine's groups: `daemon` and `containers` inside one.
#[derive(Debug)]
pub struct Group {
    name: String,
    /// One for each hierarchy; the first one counts processor time.
    folders: Vec<PathBuf>,
}

impl Group {
    /// Makes the groups.
    pub fn make(name: &str) -> Result<Self> {
        let tops: Vec<PathBuf> = hierarchies().into_iter().map(|hierarchy| hierarchy.join(TOP)).collect();
        let group = Self { name: name.to_owned(), folders: tops.iter().map(|top| top.join(name)).collect() };
        for folder in group.daemon_folders() {
            fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        }
        for top in &tops {
            // A control group weighs as one task, whatever is in it: other work on the machine should not drown it.
            let _ = fs::write(top.join("cpu.shares"), "60000");
            let _ = fs::write(top.join("cpu.weight"), "6000");
        }
        Ok(group)
    }

    /// The groups for the daemon itself.
    pub fn daemon_folders(&self) -> impl Iterator<Item = PathBuf> {
        self.folders.iter().map(|folder| folder.join("daemon"))
    }

    /// What to give to the engine as `--cgroup-parent`.
    pub fn parent(&self) -> String {
        format!("/{TOP}/{}/containers", self.name)
    }

    /// Processor time of everything in it so far, in milliseconds.
    pub fn cpu(&self) -> Result<f64> {
        let folder = &self.folders[0];
        if let Ok(nanoseconds) = fs::read_to_string(folder.join("cpuacct.usage")) {
            return Ok(nanoseconds.trim().parse::<f64>().context("read cpuacct.usage")? / 1e6);
        }
        let stat = fs::read_to_string(folder.join("cpu.stat")).context("read cpu.stat")?;
        let microseconds = stat.lines().find_map(|line| line.strip_prefix("usage_usec "));
        Ok(microseconds.context("read cpu.stat: no usage")?.parse::<f64>()? / 1e3)
    }

    /// All processes in it.
    pub fn processes(&self) -> Vec<i32> {
        let mut found = Vec::new();
        let mut open = vec![self.folders[0].clone()];
        while let Some(folder) = open.pop() {
            let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            found.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
            open.extend(subfolders(&folder));
        }
        found
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            remove(folder);
            // Goes with the last of them.
            let _ = folder.parent().map(fs::remove_dir);
        }
    }
}

fn hierarchies() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").exists() {
        vec![root.to_owned()]
    } else {
        V1.map(|name| root.join(name)).to_vec()
    }
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

fn remove(folder: &Path) {
    subfolders(folder).iter().for_each(|below| remove(below));
    let _ = fs::remove_dir(folder);
}
