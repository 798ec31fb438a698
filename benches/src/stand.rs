//! The test stand: both engines running, with the busybox image in them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::column::Column;
use crate::engine::{Engine, Kind};
use crate::options::Options;
use crate::scratch::Scratch;

/// All that the sections use. The engines go before the folder that they use.
#[derive(Debug)]
pub struct Stand {
    /// Ours.
    pub gantry: Engine,
    /// The incumbent.
    pub docker: Engine,
    /// Helpers and images.
    pub scratch: Scratch,
    /// Our binary.
    pub our_client: PathBuf,
    /// The incumbent's client.
    pub their_client: PathBuf,
    rounds: usize,
}

impl Stand {
    /// Starts both.
    pub fn set_up(options: &Options) -> Result<Self> {
        let gantry = options.gantry.canonicalize().with_context(|| format!("find {}", options.gantry.display()))?;
        let scratch = Scratch::make(&options.scratch)?;
        let stand = Self {
            gantry: Engine::start(Kind::Gantry, &gantry.display().to_string(), &gantry, scratch.path())?,
            docker: Engine::start(Kind::Docker, "dockerd", &options.docker, scratch.path())?,
            scratch,
            our_client: gantry,
            their_client: options.docker.clone(),
            rounds: options.rounds,
        };
        let archive = stand.scratch.rootfs_archive().display().to_string();
        for engine in stand.engines() {
            engine.ask(&["import", &archive, "busybox:latest"]).context("import the busybox image")?;
        }
        Ok(stand)
    }

    /// Ours first.
    pub fn engines(&self) -> [&Engine; 2] {
        [&self.gantry, &self.docker]
    }

    /// Each engine with its own client, and ours with the incumbent's client.
    pub fn columns(&self) -> [Column<'_>; 3] {
        let column = |title, client: &Path, engine| Column::new(title, client, engine, self.scratch.watch());
        [
            column("gantry", &self.our_client, &self.gantry),
            column("gantry, by `docker`", &self.their_client, &self.gantry),
            column("docker.io", &self.their_client, &self.docker),
        ]
    }

    /// The usual number of rounds, as the command line has it.
    pub fn rounds(&self, usual: usize) -> usize {
        (usual * self.rounds / 100).max(3)
    }
}

/// The titles of columns.
pub fn titles<'a>(columns: &'a [Column<'_>]) -> impl Iterator<Item = &'a str> {
    columns.iter().map(|column| column.title)
}
