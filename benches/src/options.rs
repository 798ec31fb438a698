//! What the command line says.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::section;

/// The choices.
#[derive(Debug)]
pub struct Options {
    /// Our binary.
    pub gantry: PathBuf,
    /// The incumbent's client.
    pub docker: PathBuf,
    /// Where the engines keep their state.
    pub scratch: PathBuf,
    /// How many rounds to measure, in percent of the usual number.
    pub rounds: usize,
    /// The page to write the figures to.
    pub record: Option<PathBuf>,
    sections: Vec<String>,
}

impl Options {
    /// Reads the words of the command line.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            gantry: release_build()?,
            docker: "docker".into(),
            scratch: "/dev/shm".into(),
            rounds: 100,
            record: None,
            sections: Vec::new(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word}: a value is missing"));
            match word.as_str() {
                "--gantry" => options.gantry = value()?.into(),
                "--docker" => options.docker = value()?.into(),
                "--scratch" => options.scratch = value()?.into(),
                "--rounds" => options.rounds = value()?.parse().context("--rounds")?,
                "--record" => options.record = Some(value()?.into()),
                name if section::ALL.iter().any(|(known, _)| *known == name) => options.sections.push(word),
                other => bail!("{other}: no such option or section"),
            }
        }
        Ok(options)
    }

    /// Whether a section is to be measured.
    pub fn wants(&self, section: &str) -> bool {
        self.sections.is_empty() || self.sections.iter().any(|name| name == section)
    }
}

/// The optimised binary beside our own build.
fn release_build() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find our own file")?;
    let target = own.parent().and_then(|folder| folder.parent()).context("find the folder of builds")?;
    Ok(target.join("release/gantry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        Options::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn sections_that_are_not_named_are_left_out() {
        let all = parse(&[]).unwrap();
        assert!(all.wants("pull") && all.wants("run") && all.gantry.ends_with("release/gantry"));
        let some = parse(&["--rounds", "30", "run"]).unwrap();
        assert!(some.rounds == 30 && some.wants("run") && !some.wants("pull"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse(&["walk"]).is_err());
        assert!(parse(&["--rounds"]).is_err());
        assert!(parse(&["--rounds", "many"]).is_err());
    }
}
