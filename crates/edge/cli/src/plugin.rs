//! Plugins: programs `docker-<name>` that add commands.
//!
//! ```text
//! docker-x docker-cli-plugin-metadata   prints what it is, as JSON
//! docker-x [global flags] x …           takes our place
//! ```
//!
//! Folders are looked into only for commands that are unknown, for the root's help, for offers to shells and for `info`.

mod metadata;

use crate::config::ConfigFile;
use crate::face::Face;
use crate::session::Session;
use crate::tree::{ROOT, find};
pub use metadata::Metadata;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a plugin's file name begins with.
const PREFIX: &str = "docker-";
/// Where every user's plugins are.
const SYSTEM: [&str; 4] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];
/// Tells the plugin what we are called.
const ORIGINAL: &str = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND";

/// A file that may be a plugin.
#[derive(Debug)]
pub struct Plugin {
    /// The command it adds.
    pub name: String,
    /// The program.
    pub path: PathBuf,
    /// What it says of itself, or why it is none; the texts are docker's.
    pub metadata: Result<Metadata, String>,
}

/// The folders, the strongest first.
fn folders(config: &ConfigFile) -> Vec<PathBuf> {
    let own = [config.directory.join("cli-plugins")];
    let system = SYSTEM.iter().map(PathBuf::from);
    config.cli_plugins_extra_dirs.iter().cloned().chain(own).chain(system).collect()
}

/// The plugin that adds this command.
pub fn of(config: &ConfigFile, name: &str) -> Option<Plugin> {
    if !is_name(name) {
        return None;
    }
    let file = format!("{PREFIX}{name}");
    let path = folders(config).into_iter().map(|folder| folder.join(&file)).find(|path| path.is_file())?;
    let plugin = look(name, path);
    plugin.metadata.is_ok().then_some(plugin)
}

/// All candidates by name; of those of one name the strongest.
pub fn all(config: &ConfigFile) -> Vec<Plugin> {
    let mut found = BTreeMap::new();
    for folder in folders(config) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) = file.strip_prefix(PREFIX) {
                found.entry(name.to_owned()).or_insert_with(|| entry.path());
            }
        }
    }
    found.into_iter().map(|(name, path)| look(&name, path)).collect()
}

fn look(name: &str, path: PathBuf) -> Plugin {
    let metadata = if !is_name(name) {
        Err(format!("plugin candidate {} did not match \"^[a-z][a-z0-9]*$\"", human::quote(name)))
    } else if find(ROOT, name).is_some() {
        Err(format!("plugin {} duplicates builtin command", human::quote(name)))
    } else {
        metadata::ask(&path)
    };
    Plugin { name: name.into(), path, metadata }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Lets the plugin take our place; comes back only where it cannot be run.
pub fn take_over(session: &Session, path: &Path, args: &[OsString]) -> io::Error {
    let mut command = Command::new(path);
    let own = std::env::args_os().next().unwrap_or_else(|| session.face.name().into());
    command.args(args).env(ORIGINAL, own);
    // Under our own name the daemon is not where plugins look by themselves.
    if session.face == Face::Gantry
        && let Ok(choice) = session.choice()
        && choice.is_default
    {
        command.env("DOCKER_HOST", choice.endpoint.to_string());
    }
    command.exec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn config(files: &[(&str, &str, &str, u32)]) -> (tempfile::TempDir, ConfigFile) {
        let home = tempfile::tempdir().unwrap();
        for (folder, name, text, mode) in files {
            let path = home.path().join(folder).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).unwrap();
        }
        let extra = vec![home.path().join("extra")];
        let config =
            ConfigFile { directory: home.path().into(), cli_plugins_extra_dirs: extra, ..ConfigFile::default() };
        (home, config)
    }

    const GOOD: &str = r#"echo '{"SchemaVersion":"0.1.0","Vendor":"Me","ShortDescription":"Says hey"}'"#;

    #[test]
    fn candidates_are_judged_in_dockers_words() {
        let (home, config) = config(&[
            ("cli-plugins", "docker-hey", "echo hidden by the one below; exit 1", 0o755),
            ("extra", "docker-hey", GOOD, 0o755),
            ("extra", "docker-BAD", GOOD, 0o755),
            ("extra", "docker-empty", "echo {}", 0o755),
            ("extra", "docker-fails", "exit 3", 0o755),
            ("extra", "docker-nobody", r#"echo '{"SchemaVersion":"0.1.0"}'"#, 0o755),
            ("extra", "docker-plain", GOOD, 0o644),
            ("extra", "docker-ps", GOOD, 0o755),
            ("extra", "other", GOOD, 0o755),
        ]);
        let found: Vec<String> = all(&config)
            .iter()
            .filter(|plugin| plugin.path.starts_with(home.path()))
            .map(|plugin| match &plugin.metadata {
                Ok(metadata) => format!("{}: {}", plugin.name, metadata.short_description),
                Err(why) => format!("{}! {why}", plugin.name),
            })
            .collect();
        let plain = home.path().join("extra/docker-plain");
        assert_eq!(
            found,
            [
                "BAD! plugin candidate \"BAD\" did not match \"^[a-z][a-z0-9]*$\"".to_owned(),
                "empty! plugin SchemaVersion \"\" is not valid, must be 0.1.0".into(),
                "fails! failed to fetch metadata: exit status 3".into(),
                "hey: Says hey".into(),
                "nobody! plugin metadata does not define a vendor".into(),
                format!("plain! failed to fetch metadata: fork/exec {}: permission denied", plain.display()),
                "ps! plugin \"ps\" duplicates builtin command".into(),
            ]
        );
        assert!(of(&config, "hey").is_some());
        for name in ["empty", "fails", "ps", "BAD", "../x", "nosuch"] {
            assert!(of(&config, name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_plugin_that_never_answers_is_not_waited_for() {
        let (_home, config) = config(&[("extra", "docker-slow", "exec sleep 1000", 0o755)]);
        let slow = all(&config).into_iter().find(|plugin| plugin.name == "slow").unwrap();
        assert_eq!(slow.metadata.unwrap_err(), "failed to fetch metadata: no answer within 5 s");
    }
}
