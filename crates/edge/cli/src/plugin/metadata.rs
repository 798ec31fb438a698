//! What a plugin says of itself.

use crate::exit::go_errno;
use serde::Deserialize;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a plugin may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of it is read, in bytes.
const LIMIT: u64 = 1 << 20;
/// The only version of the structure.
const SCHEMA: &str = "0.1.0";

/// The answer, as docker's client reads it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Metadata {
    /// The structure's version.
    pub schema_version: String,
    /// Who made it.
    pub vendor: String,
    /// Its version.
    pub version: String,
    /// What the help says about it.
    pub short_description: String,
    /// Where more is told.
    #[serde(rename = "URL")]
    pub url: String,
}

/// Asks the program; the error is docker's text.
pub fn ask(path: &Path) -> Result<Metadata, String> {
    let text = run(path).map_err(|why| format!("failed to fetch metadata: {why}"))?;
    let metadata: Metadata = api::json::from_slice(&text).map_err(|error| format!("invalid metadata: {error}"))?;
    if metadata.schema_version != SCHEMA {
        return Err(format!(
            "plugin SchemaVersion {} is not valid, must be {SCHEMA}",
            human::quote(&metadata.schema_version)
        ));
    }
    if metadata.vendor.is_empty() {
        return Err("plugin metadata does not define a vendor".into());
    }
    Ok(metadata)
}

fn run(path: &Path) -> Result<Vec<u8>, String> {
    let mut command = Command::new(path);
    command.arg("docker-cli-plugin-metadata").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn();
    let mut child = child.map_err(|error| format!("fork/exec {}: {}", path.display(), go_errno(&error)))?;
    let answer = read(&mut child);
    if answer.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    match (answer, status.code()) {
        (None, _) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        (Some(text), Some(0)) => Ok(text),
        (Some(_), Some(code)) => Err(format!("exit status {code}")),
        (Some(_), None) => Err(status.to_string()),
    }
}

/// What it prints until it closes its output; `None` where that takes too long.
fn read(child: &mut Child) -> Option<Vec<u8>> {
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = output.take(LIMIT).read_to_end(&mut text);
        // Nobody receives what comes too late.
        let _ = sender.send(text);
    });
    receiver.recv_timeout(PATIENCE).ok()
}
