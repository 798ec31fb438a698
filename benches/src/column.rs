//! A column of the tables: a client, and the engine that it talks to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::engine::Engine;
use crate::measure::{Run, Runs, Watch};
use crate::samples::Samples;

/// What an engine does after its client has gone (cleaning up) is done by then, and counts as well.
const SETTLE: Duration = Duration::from_millis(60);

/// A column.
#[derive(Debug)]
pub struct Column<'a> {
    /// What stands above it.
    pub title: &'static str,
    /// The engine.
    pub engine: &'a Engine,
    client: PathBuf,
    watch: Watch,
}

impl<'a> Column<'a> {
    /// A client in front of an engine.
    pub fn new(title: &'static str, client: &Path, engine: &'a Engine, watch: Watch) -> Self {
        Self { title, engine, client: client.to_owned(), watch }
    }

    /// Runs the client once. The processor time is the client's, the engine's and the container's together.
    pub fn run(&self, words: &[&str]) -> Result<Run> {
        let before = self.engine.group.cpu()?;
        let run = self.watch.once(&self.line(words))?;
        std::thread::sleep(SETTLE);
        Ok(Run { cpu: run.cpu + self.engine.group.cpu()? - before, ..run })
    }

    /// Runs the client `count` times, `width` of them at once, and gives the processor time of all together.
    pub fn runs(&self, words: &[&str], count: usize, width: usize) -> Result<(Runs, f64)> {
        let before = self.engine.group.cpu()?;
        let runs = self.watch.runs(&self.line(words), count, width)?;
        std::thread::sleep(SETTLE);
        let clients: f64 = runs.each.iter().map(|run| run.cpu).sum();
        Ok((runs, clients + self.engine.group.cpu()? - before))
    }

    /// Runs the client without any engine.
    pub fn alone(&self, word: &str) -> Result<Run> {
        self.watch.once(&[self.client.clone().into(), word.into()])
    }

    fn line(&self, words: &[&str]) -> Vec<OsString> {
        let host = format!("unix://{}", self.engine.socket().display());
        let words = words.iter().map(OsString::from);
        [self.client.clone().into(), "-H".into(), host.into()].into_iter().chain(words).collect()
    }
}

/// Visits all columns in turn, `rounds` times after one that does not count, and gives for each column the wall clock
/// and the processor times.
pub fn interleave<C>(
    columns: &[C],
    rounds: usize,
    mut visit: impl FnMut(&C, usize) -> Result<Run>,
) -> Result<(Vec<Samples>, Vec<Samples>)> {
    let mut wall = vec![Samples::default(); columns.len()];
    let mut cpu = wall.clone();
    for round in 0..=rounds {
        for (place, column) in columns.iter().enumerate() {
            let run = visit(column, round)?;
            if round > 0 {
                wall[place].push(run.wall);
                cpu[place].push(run.cpu);
            }
        }
    }
    Ok((wall, cpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_visit_all_columns_and_the_first_one_does_not_count() {
        let mut visits = Vec::new();
        let (wall, cpu) = interleave(&["a", "b"], 2, |column, round| {
            visits.push((*column, round));
            Ok(Run { wall: round as f64, cpu: 0.5, peak: 0.0 })
        })
        .unwrap();
        assert_eq!(visits, [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]);
        assert_eq!((wall[1].min(), wall[1].median(), cpu.len()), (Some(1.0), Some(1.5), 2));
    }
}
