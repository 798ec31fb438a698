//! `config.json`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The keys this client reads; it leaves the others alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConfigFile {
    /// The directory of the file.
    #[serde(skip)]
    pub directory: PathBuf,
    /// Stored credentials by registry.
    pub auths: BTreeMap<String, StoredAuth>,
    /// The helper program for all registries.
    pub creds_store: String,
    /// Helper programs by registry.
    pub cred_helpers: BTreeMap<String, String>,
    /// Headers of every request to the daemon.
    #[serde(rename = "HttpHeaders")]
    pub http_headers: BTreeMap<String, String>,
    /// Default format of `ps`.
    pub ps_format: String,
    /// Default format of `images`.
    pub images_format: String,
    /// Filters of every prune.
    pub prune_filters: Vec<String>,
    /// Default format of `stats`.
    pub stats_format: String,
    /// Default format of `volume ls`.
    pub volumes_format: String,
    /// Default format of `network ls`.
    pub networks_format: String,
    /// Keys that leave a container running.
    pub detach_keys: String,
    /// The context in use.
    pub current_context: String,
    /// Folders with plugins, before the usual ones.
    #[serde(rename = "cliPluginsExtraDirs")]
    pub cli_plugins_extra_dirs: Vec<PathBuf>,
    /// Commands that are another's; docker allows `builder` alone.
    pub aliases: BTreeMap<String, String>,
    /// Proxies for containers, by daemon.
    pub proxies: BTreeMap<String, Proxy>,
}

/// One entry of `auths`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StoredAuth {
    /// Base64 of `name:password`.
    pub auth: String,
    /// Name in plain text.
    pub username: String,
    /// Password in plain text.
    pub password: String,
    /// A refresh token.
    pub identitytoken: String,
    /// A bearer token.
    pub registrytoken: String,
}

/// Proxies that containers get as variables.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Proxy {
    /// For `http`.
    pub http_proxy: String,
    /// For `https`.
    pub https_proxy: String,
    /// Hosts reached directly.
    pub no_proxy: String,
    /// For `ftp`.
    pub ftp_proxy: String,
    /// For everything.
    pub all_proxy: String,
}

impl ConfigFile {
    /// Reads the file in `directory`. One that is missing is empty; one that cannot be read is too, and a warning
    /// says why, as docker's client does.
    pub fn load(directory: &Path) -> (ConfigFile, Option<String>) {
        let path = directory.join("config.json");
        let (mut config, warning) = match std::fs::read(&path) {
            Ok(bytes) => match api::json::from_slice(&bytes) {
                Ok(config) => (config, None),
                Err(error) => (ConfigFile::default(), Some(error.to_string())),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (ConfigFile::default(), None),
            Err(error) => (ConfigFile::default(), Some(crate::exit::go_error("open", &path, &error))),
        };
        config.directory = directory.to_path_buf();
        let warning = warning.map(|why| format!("WARNING: Error loading config file: {}: {why}", path.display()));
        (config, warning)
    }

    /// Writes the context in use into the file; empty for none. All else in it stays as it is.
    pub fn save_current_context(&self, name: &str) -> Result<(), String> {
        let path = self.directory.join("config.json");
        let failed = |verb: &str, error: &std::io::Error| crate::exit::go_error(verb, &path, error);
        // Where the file is a link, what it leads to is replaced.
        let path = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let mut root = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => serde_json::json!({"auths": {}}),
            Err(error) => return Err(failed("open", &error)),
        };
        let Some(keys) = root.as_object_mut() else { return Err(format!("{}: not an object", path.display())) };
        match name {
            "" => keys.shift_remove("currentContext"),
            name => keys.insert("currentContext".into(), name.into()),
        };
        std::fs::create_dir_all(&self.directory).map_err(|error| failed("mkdir", &error))?;
        let beside = path.with_extension(format!("tmp{}", std::process::id()));
        // Credentials may be in it.
        let file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside);
        let written = file.and_then(|mut file| file.write_all(&indented(&root)));
        written.and_then(|()| std::fs::rename(&beside, &path)).map_err(|error| failed("write", &error))
    }

    /// The directory in use: `--config`, `DOCKER_CONFIG`, `~/.docker`.
    pub fn directory(flag: &str) -> PathBuf {
        if !flag.is_empty() {
            return flag.into();
        }
        match std::env::var_os("DOCKER_CONFIG").filter(|value| !value.is_empty()) {
            Some(directory) => directory.into(),
            None => home().join(".docker"),
        }
    }
}

/// JSON as docker's client writes its configuration.
fn indented(json: &serde_json::Value) -> Vec<u8> {
    use serde::Serialize;
    let mut text = Vec::new();
    let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    // Writing JSON to memory does not fail.
    let _ = json.serialize(&mut serde_json::Serializer::with_formatter(&mut text, tabs));
    text
}

/// The user's home: `HOME`, else what `/etc/passwd` says. The C library's lookup is not used: a static program must not.
fn home() -> PathBuf {
    if let Some(home) = std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        return home.into();
    }
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry =
        passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields.get(2) == Some(&&*uid));
    entry.and_then(|fields| fields.get(5).map(PathBuf::from)).unwrap_or_else(|| "/".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_left_alone_and_nulls_are_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"auths":{"r:5000":{"auth":"dTpw"}},"psFormat":"{{.ID}}","plugins":{"x":{}},"credHelpers":null}"#;
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        let (config, warning) = ConfigFile::load(folder.path());
        assert_eq!(warning, None);
        assert_eq!(config.ps_format, "{{.ID}}");
        assert_eq!(config.auths["r:5000"].auth, "dTpw");
    }

    #[test]
    fn a_broken_file_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), "{").unwrap();
        let (_, warning) = ConfigFile::load(folder.path());
        assert!(warning.unwrap().starts_with("WARNING: Error loading config file: "));
        assert_eq!(ConfigFile::load(Path::new("/nonexistent")).1, None);
    }

    #[test]
    fn the_context_in_use_is_written_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (config, _) = ConfigFile::load(folder.path());
        let text = || std::fs::read_to_string(folder.path().join("config.json")).unwrap();
        config.save_current_context("one").unwrap();
        assert_eq!(text(), "{\n\t\"auths\": {},\n\t\"currentContext\": \"one\"\n}");
        std::fs::write(folder.path().join("config.json"), r#"{"new":[1],"currentContext":"a","auths":{}}"#).unwrap();
        config.save_current_context("").unwrap();
        assert_eq!(text(), "{\n\t\"new\": [\n\t\t1\n\t],\n\t\"auths\": {}\n}");
        std::fs::write(folder.path().join("config.json"), "{").unwrap();
        assert!(config.save_current_context("x").is_err());
        assert_eq!(text(), "{");
    }
}
