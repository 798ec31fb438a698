//! The OCI runtimes beside which ours is measured.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::debian::mirror;
use crate::measure::{Run, Watch};
use crate::room::Room;
use crate::shell::{command, output, run};
use crate::stand::Stand;

/// The suite that has the newest of everything.
const NEWEST: &str = "sid";

/// A runtime with runc's command line.
#[derive(Debug)]
pub struct Peer {
    /// What stands above its column.
    pub title: String,
    program: PathBuf,
    room: Room,
    watch: Watch,
    /// Its bundles and its state.
    folder: PathBuf,
}

impl Peer {
    /// Ours, then runc and crun of this machine, and those of Debian's newest suite; crun's newest is the last.
    pub fn all(stand: &Stand) -> Result<Vec<Self>> {
        let ours = stand.scratch.path().join("gantry-runc");
        symlink(&stand.our_client, &ours).context("name our binary gantry-runc")?;
        let tree = newest()?;
        let programs: [(&str, &Path, Option<&Path>); 5] = [
            ("gantry-runc", &ours, None),
            ("runc", Path::new("runc"), None),
            ("newest runc", Path::new("/usr/sbin/runc"), Some(&tree)),
            ("crun", Path::new("crun"), None),
            ("newest crun", Path::new("/usr/bin/crun"), Some(&tree)),
        ];
        programs.into_iter().map(|(title, program, tree)| Self::new(stand, title, program, tree)).collect()
    }

    fn new(stand: &Stand, title: &str, program: &Path, tree: Option<&Path>) -> Result<Self> {
        let room = Room::furnish(stand.scratch.path(), tree).with_context(|| format!("make a place for {title}"))?;
        let folder = stand.scratch.path().join(title.replace(' ', "-")).with_extension("oci");
        fs::create_dir(&folder)?;
        let watch = stand.scratch.watch().inside(room.pid());
        let mut peer = Self { title: title.to_owned(), program: program.to_owned(), room, watch, folder };
        let said = peer.ask(&["--version"])?;
        let version = said.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
        peer.title = format!("{title} {version}").trim_end().to_owned();
        Ok(peer)
    }

    /// Makes a bundle of this name with this configuration, whose control group is the peer's own.
    pub fn bundle(&self, name: &str, config: &Value) -> Result<PathBuf> {
        let bundle = self.folder.join(name);
        fs::create_dir(&bundle).with_context(|| format!("make {}", bundle.display()))?;
        let mut config = config.clone();
        let group = self.folder.file_stem().unwrap_or_default().to_string_lossy();
        config["linux"]["cgroupsPath"] = format!("/gantry-bench/{group}").into();
        fs::write(bundle.join("config.json"), config.to_string())?;
        Ok(bundle)
    }

    /// Times one of its commands.
    pub fn run(&self, words: &[&str]) -> Result<Run> {
        self.watch.once(&self.line(words)).with_context(|| self.title.clone())
    }

    /// Runs one of its commands, and gives what it prints.
    pub fn ask(&self, words: &[&str]) -> Result<String> {
        output(self.enter().args(self.line(words))).with_context(|| self.title.clone())
    }

    /// Runs one of its commands whose streams nobody reads, as those of a container that goes on.
    pub fn detach(&self, words: &[&str]) -> Result<()> {
        let mut line = self.enter();
        line.args(self.line(words)).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let status = line.status()?;
        anyhow::ensure!(status.success(), "{}: {words:?}: {status}", self.title);
        Ok(())
    }

    /// How many system calls one of its commands takes, in all its processes; nothing without strace.
    pub fn calls(&self, words: &[&str]) -> Result<Option<f64>> {
        let file = self.folder.join("calls");
        let mut trace = command(["strace", "-f", "-c", "-o"]);
        let enter = self.enter();
        trace.arg(&file).arg("--").arg(enter.get_program()).args(enter.get_args()).args(self.line(words));
        if command(["strace", "--version"]).output().is_err() {
            return Ok(None);
        }
        run(&mut trace)?;
        let text = fs::read_to_string(&file)?;
        let total = text.lines().rev().find(|line| line.ends_with(" total")).context("strace counts nothing")?;
        Ok(total.split_whitespace().nth(3).and_then(|count| count.parse().ok()))
    }

    fn enter(&self) -> std::process::Command {
        let mut line = command(["nsenter", "--mount", "--target"]);
        line.arg(self.room.pid().to_string()).arg("--");
        line
    }

    fn line(&self, words: &[&str]) -> Vec<OsString> {
        let state = self.folder.join("state");
        let own = [self.program.clone().into(), "--root".into(), state.into()];
        own.into_iter().chain(words.iter().map(OsString::from)).collect()
    }
}

/// A tree with the newest runtimes, kept beside the builds.
fn newest() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find our own file")?;
    let tree = own.parent().and_then(Path::parent).context("find the folder of builds")?.join("bench/newest");
    if !tree.join("usr/bin/crun").exists() {
        eprintln!("fetching the newest runtimes (once) …");
        let _ = fs::remove_dir_all(&tree);
        fs::create_dir_all(&tree)?;
        let mut make = command(["mmdebstrap", "--quiet", "--variant=extract", "--include=crun,runc"]);
        // A mirror that stands still is as good: its files are signed all the same.
        make.args(["--aptopt=Acquire::Check-Valid-Until \"false\"", NEWEST]);
        run(make.arg(&tree).args(mirror()?)).context("fetch the newest runtimes")?;
        // Packages that are only unpacked do not make the links of a merged /usr.
        for name in ["bin", "sbin", "lib", "lib64"] {
            let link = tree.join(name);
            if !link.exists() {
                symlink(Path::new("usr").join(name), &link).with_context(|| format!("link {}", link.display()))?;
            }
        }
    }
    Ok(tree)
}
