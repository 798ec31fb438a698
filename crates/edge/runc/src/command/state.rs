//! `state`: tells where a container is in its life.

use std::collections::BTreeMap;
use std::path::Path;

use oci::state::Status;
use serde::Serialize;

use super::{Command, ONE};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command =
    Command { name: "state", about: "tell where a container is in its life, as JSON", run: state, ..ONE };

/// What runc tells of a container: more than the specification's state.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told<'a> {
    oci_version: &'a str,
    id: &'a str,
    pid: i32,
    status: Status,
    bundle: &'a Path,
    rootfs: &'a Path,
    created: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
    owner: &'a str,
}

impl<'a> Told<'a> {
    /// What is told of a container with this owner.
    pub fn of(container: &'a Container, owner: &'a str) -> Self {
        let status = container.status();
        let record = &container.record;
        Self {
            oci_version: oci::state::VERSION,
            id: &record.id,
            pid: container.pid(status),
            status,
            bundle: &record.gantry.bundle,
            rootfs: &record.config.rootfs,
            created: &record.created,
            annotations: &record.gantry.annotations,
            owner,
        }
    }
}

fn state(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    print!("{}", serde_json::to_string_pretty(&Told::of(&container, "")).step("write the state")?);
    Ok(0)
}
