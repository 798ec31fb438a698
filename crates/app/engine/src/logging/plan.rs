//! A container's logging, from its record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use api::container::{HostConfig, LogConfig};
use container::record::Record;
use fault::{Fault, Result, Step};
use logsink::{Info, Options, Plan, Store};
use shim_proto::LogFile;

use super::cursor::Cursor;
use crate::inner::Inner;
use crate::settings::Settings;

/// Options of the local copy, which the daemon's defaults set for every driver.
const CACHE: &str = "cache-";

/// Refuses defaults for containers that name no driver where no container could start with them.
pub fn check_default(driver: &str, options: &BTreeMap<String, String>) -> Result<()> {
    Plan::parse(driver, options)
        .and_then(|plan| plan.check())
        .map_err(|fault| Fault::new(fault.kind(), format!("failed to set log opts: {fault}")))
}

/// Fills in the daemon's defaults, which are for the default driver alone, and checks all.
pub(crate) fn merge_defaults(settings: &Settings, host: &mut HostConfig) -> Result<()> {
    let LogConfig { kind, config } = &mut host.log_config;
    if kind.is_empty() {
        kind.clone_from(&settings.log_driver);
    }
    let options = config.get_or_insert_default();
    for (name, value) in &settings.log_options {
        if *kind == settings.log_driver || name.starts_with(CACHE) {
            options.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    Plan::parse(kind, options)?.check()
}

/// What becomes of what a container prints.
pub(super) fn plan(record: &Record) -> Result<Plan> {
    let config = &record.host_config.log_config;
    // Written down by a daemon that knew a driver which is none any more; without one there is nothing to say.
    let driver = if config.kind.is_empty() { "json-file" } else { &config.kind };
    Plan::parse(driver, &options(record))
}

fn options(record: &Record) -> Options {
    record.host_config.log_config.config.clone().unwrap_or_default()
}

/// Where a container's log file is; Docker's places.
pub(crate) fn path(engine: &Inner, record: &Record) -> PathBuf {
    let folder = engine.container_dir(&record.id);
    match record.host_config.log_config.kind.as_str() {
        "json-file" | "" => folder.join(format!("{}-json.log", record.id)),
        _ => folder.join("local-logs").join("container.log"),
    }
}

/// The same as `inspect` tells it: the other drivers' files are their own affair, as with the original.
pub(crate) fn shown_path(engine: &Inner, record: &Record) -> String {
    match record.host_config.log_config.kind.as_str() {
        "json-file" => path(engine, record).display().to_string(),
        _ => String::new(),
    }
}

/// Whether `logs` may show the log file.
pub(crate) fn is_readable(record: &Record) -> bool {
    // Options that are not understood any more hide nothing.
    plan(record).map_or(true, |plan| plan.readable)
}

/// What the shim is told of the log file; nothing where none is written.
pub(crate) fn file(engine: &Inner, record: &Record) -> Result<Option<LogFile>> {
    let plan = plan(record)?;
    let Some(Store { max_size, max_files, .. }) = plan.store else { return Ok(None) };
    let path = path(engine, record);
    if let Some(folder) = path.parent() {
        crate::inner::make_dir(folder, 0o710)?;
    }
    let info = info(engine, record, &plan)?;
    let (first_number, attrs) = match plan.target {
        None => (None, attributes(info)),
        Some(_) => {
            let last = logdriver::last_number(&path).step("read the container's log")?.unwrap_or_default();
            // What goes with each record on its way need not stand in each record here.
            (Some(last.max(Cursor::read(engine, record).number) + 1), BTreeMap::new())
        }
    };
    Ok(Some(LogFile { path, max_size, max_files, first_number, attrs }))
}

/// What each record of a log says that goes nowhere else.
fn attributes(info: Info) -> BTreeMap<String, String> {
    let tag = (!info.tag.is_empty()).then(|| ("tag".to_owned(), info.tag));
    info.attributes.into_iter().chain(tag).collect()
}

/// What its records say of a container.
pub(super) fn info(engine: &Inner, record: &Record, plan: &Plan) -> Result<Info> {
    let command = record.command();
    let (entrypoint, args) = command.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let labels = record.config.labels.clone().unwrap_or_default();
    let env = record.config.env.clone().unwrap_or_default();
    let mut info = Info {
        id: record.id.to_string(),
        name: record.name.clone(),
        image_id: record.image_id.to_string(),
        image_name: record.config.image.clone(),
        entrypoint: entrypoint.to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        created: record.created_at,
        options: options(record),
        hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        attributes: plan.attributes.of(&labels, &env),
        env,
        labels,
        log_path: shown_path(engine, record),
        tag: String::new(),
    };
    info.tag = logsink::tag(&plan.tag, &info)?;
    Ok(info)
}
