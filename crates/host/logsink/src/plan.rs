//! A container's logging, read from the driver's name and its options.

use std::time::Duration;

use fault::{Fault, Result};

use crate::attributes::Attributes;
use crate::info::Info;
use crate::options::{self, Options, known};
use crate::store::Store;
use crate::{fluentd, gelf, journald, splunk, syslog, tag};

/// The drivers that there are, in order; besides them there is `none`.
pub const DRIVERS: [&str; 7] = ["fluentd", "gelf", "journald", "json-file", "local", "splunk", "syslog"];
/// Docker's drivers whose services are not spoken to.
const MISSING: [&str; 2] = ["awslogs", "gcplogs"];
/// Options that every driver has.
const COMMON: [&str; 6] =
    ["mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"];
/// What is kept in memory for a slow receiver unless `max-buffer-size` says otherwise, in bytes; Docker's size.
const BUFFER: usize = 1 << 20;
/// A container's records are tagged with its short id unless `tag` says otherwise.
const TAG: &str = "{{.ID}}";

/// What becomes of what a container prints.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The log file that its shim writes; nothing for `none`.
    pub store: Option<Store>,
    /// Whether the log file may be shown.
    pub readable: bool,
    /// Where the daemon brings its records.
    pub target: Option<Target>,
    /// What happens when they are more than the receiver takes.
    pub mode: Mode,
    /// Which labels and variables go with them.
    pub attributes: Attributes,
    /// The template of their tag; empty where there is none.
    pub tag: String,
}

/// What happens to records while the receiver takes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They wait in the log file, as long as it holds them.
    Blocking,
    /// They wait in memory, in so many bytes; those that find no room are lost, and counted.
    NonBlocking(usize),
}

/// How often a receiver that fails is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The first pause; later ones are longer.
    pub first: Duration,
    /// After so many tries records are given up; never where nothing is said.
    pub limit: Option<u32>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), limit: None }
    }
}

/// A receiver.
#[derive(Clone, Debug)]
pub enum Target {
    /// Syslog.
    Syslog(syslog::Config),
    /// Graylog and others that read GELF.
    Gelf(gelf::Config),
    /// Fluentd, Fluent Bit and others that read the forward protocol.
    Fluentd(fluentd::Config),
    /// Splunk's HTTP event collector.
    Splunk(Box<splunk::Config>),
    /// The journal of this host.
    Journald,
}

impl Target {
    /// How often it is tried.
    pub fn patience(&self) -> Patience {
        match self {
            Self::Gelf(config) => config.patience,
            Self::Fluentd(config) => config.patience,
            Self::Syslog(_) | Self::Splunk(_) | Self::Journald => Patience::default(),
        }
    }

    /// How many bytes are read ahead of it.
    fn buffer(&self) -> usize {
        match self {
            Self::Fluentd(config) => config.buffer,
            _ => BUFFER,
        }
    }
}

impl Plan {
    /// Reads the options of a driver, with Docker's words for what it does not take.
    pub fn parse(driver: &str, all: &Options) -> Result<Self> {
        if driver == "none" {
            return Self::new(None, None, &Options::new(), Mode::Blocking);
        }
        if MISSING.contains(&driver) {
            let why = format!("logging driver {driver:?} is not there: Gantry does not speak to its service");
            return Err(Fault::not_implemented(why));
        }
        if !DRIVERS.contains(&driver) {
            let why = format!("error looking up logging plugin {driver}: plugin {driver:?} not found");
            return Err(Fault::invalid(why));
        }
        let mode = mode(all)?;
        let hidden = hidden(all)?;
        let own: Options = all.iter().filter(|(name, _)| !COMMON.contains(&name.as_str())).map(own).collect();
        let (store, target) = match driver {
            "json-file" => {
                let names = ["compress", "env", "env-regex", "labels", "labels-regex", "max-file", "max-size", "tag"];
                known(&own, driver, &names)?;
                (Store::json_file(&own)?, None)
            }
            "local" => {
                known(&own, driver, &["compress", "max-file", "max-size"]).map_err(local_words)?;
                (Store::local(&own, "")?, None)
            }
            _ => (Store::local(all, "cache-")?, Some(target(driver, &own)?)),
        };
        // Docker reads the journal itself, whatever is said of a cache.
        let readable = target.is_none() || driver == "journald" || !hidden;
        Ok(Self { readable, ..Self::new(Some(store), target, &own, mode)? })
    }

    fn new(store: Option<Store>, target: Option<Target>, own: &Options, mode: Mode) -> Result<Self> {
        let tag = match (own.get("tag").map(String::as_str), &target) {
            // Only there an empty tag is none.
            (Some(""), Some(Target::Splunk(_))) | (None | Some(""), None) => "",
            (None | Some(""), Some(_)) => TAG,
            (Some(tag), _) => tag,
        };
        let mode = match (mode, &target) {
            (Mode::NonBlocking(0), target) => Mode::NonBlocking(target.as_ref().map_or(BUFFER, Target::buffer)),
            (mode, _) => mode,
        };
        let readable = store.is_some();
        let plan = Self { store, readable, target, mode, attributes: Attributes::parse(own)?, tag: tag.to_owned() };
        // A template can be wrong in itself, whatever the container is.
        tag::tag(&plan.tag, &Info::sample())?;
        Ok(plan)
    }

    /// Refuses what can be seen now not to be there. For a container that is made, not for one that was.
    pub fn check(&self) -> Result<()> {
        match &self.target {
            Some(Target::Syslog(config)) => config.check(),
            _ => Ok(()),
        }
    }

    /// How many bytes of records are read ahead of the receiver.
    pub fn buffer(&self) -> usize {
        match (self.mode, &self.target) {
            (Mode::NonBlocking(bytes), _) => bytes,
            (Mode::Blocking, Some(target)) => target.buffer(),
            (Mode::Blocking, None) => BUFFER,
        }
    }
}

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

/// This driver alone has the words the other way round.
fn local_words(fault: Fault) -> Fault {
    Fault::new(fault.kind(), fault.message().replace("local log driver", "log driver local"))
}

fn target(driver: &str, own: &Options) -> Result<Target> {
    Ok(match driver {
        "syslog" => Target::Syslog(syslog::Config::parse(own)?),
        "gelf" => Target::Gelf(gelf::Config::parse(own)?),
        "fluentd" => Target::Fluentd(fluentd::Config::parse(own)?),
        "splunk" => Target::Splunk(Box::new(splunk::Config::parse(own)?)),
        _ => {
            journald::check(own)?;
            Target::Journald
        }
    })
}

/// A ring without a size has room for nothing here; the driver's own size takes its place.
fn mode(all: &Options) -> Result<Mode> {
    let mode = all.get("mode").map_or("", String::as_str);
    let mode = match mode {
        "" | "blocking" => Mode::Blocking,
        "non-blocking" => Mode::NonBlocking(0),
        other => return Err(Fault::invalid(format!("logger: logging mode not supported: {other}"))),
    };
    let Some(size) = all.get("max-buffer-size") else { return Ok(mode) };
    if mode == Mode::Blocking {
        let why = "logger: max-buffer-size option is only supported with 'mode=non-blocking'";
        return Err(Fault::invalid(why));
    }
    let size = human::parse_binary_size(size)
        .map_err(|error| Fault::invalid(format!("error parsing option max-buffer-size: {error}")))?;
    Ok(Mode::NonBlocking(usize::try_from(size).unwrap_or(usize::MAX)))
}

fn hidden(all: &Options) -> Result<bool> {
    let Some(value) = options::text(all, "cache-disabled") else { return Ok(false) };
    human::parse_bool(value).map_err(|_| Fault::invalid(format!("invalid value for option cache-disabled: {value}")))
}

#[cfg(test)]
#[path = "plan_test.rs"]
mod tests;
