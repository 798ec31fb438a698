//! Reads the configuration again, at SIGHUP.

use anyhow::{Result, anyhow};
use engine::Engine;

use super::logging::SetLevel;
use super::options::{self, Request, Values};
use super::{read_config_file, settings};

/// The options that the running daemon takes: those of dockerd, as far as they mean something here.
const TAKEN: [&str; 9] = [
    "add-runtime",
    "debug",
    "default-runtime",
    "insecure-registry",
    "label",
    "live-restore",
    "log-level",
    "registry-mirror",
    "shutdown-timeout",
];

/// How this daemon was called, and what it was told last.
pub struct Reload {
    pub program: String,
    pub args: Vec<String>,
    pub values: Values,
    pub set_level: SetLevel,
}

impl Reload {
    /// Takes what the configuration says now: all of it, or, where it is wrong, nothing.
    pub fn again(&mut self, engine: &Engine) {
        match self.read() {
            Ok((values, settings)) => {
                (self.set_level)(settings.logging.level);
                engine.reload(settings.engine.live);
                for flag in later(&self.values, &values) {
                    tracing::warn!("option --{flag} has changed, which counts when the daemon starts again");
                }
                self.values = values;
                tracing::info!("the configuration was read again");
            }
            Err(error) => tracing::error!("the configuration was read again, and stays as it was: {error:#}"),
        }
    }

    fn read(&self) -> Result<(Values, settings::Settings)> {
        let Request::Run(mut values) = options::parse(&self.args).map_err(|message| anyhow!(message))? else {
            return Err(anyhow!("the command line asks for no daemon"));
        };
        read_config_file(&mut values)?;
        values.check().map_err(|message| anyhow!(message))?;
        let settings = settings::read(&self.program, &values).map_err(|message| anyhow!(message))?;
        Ok((values, settings))
    }
}

/// What has changed and is not taken now.
fn later(before: &Values, now: &Values) -> Vec<&'static str> {
    before.difference(now).into_iter().filter(|flag| !TAKEN.contains(flag)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Values {
        let mut values = Values::default();
        values.merge_file(text).unwrap();
        values
    }

    #[test]
    fn what_counts_later_is_told_and_all_names_are_options() {
        let now = values(r#"{"debug": true, "bip": "10.0.0.1/24", "labels": ["a=b"]}"#);
        assert_eq!(later(&values("{}"), &now), ["bip"]);
        assert_eq!(later(&now, &now), Vec::<&str>::new());
        for flag in TAKEN {
            assert!(super::super::flags::TABLE.iter().any(|option| option.flag == flag), "{flag}");
        }
    }
}
