//! Docker contexts: named endpoints, in docker's own store.
//!
//! ```text
//! contexts/meta/<sha256 of the name>/meta.json                 Meta
//! contexts/tls/<sha256 of the name>/<endpoint>/<file>.pem      Material, for the owner's eyes only
//! ```

mod archive;
mod zip;

pub use archive::{export, import};

use client::Certificates;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why a context cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// It does not exist.
    #[error("context {name}: context not found: open {path}: {cause}", name = human::quote(.name))]
    NotFound {
        /// The context's name.
        name: String,
        /// Where it would be.
        path: String,
        /// The reason.
        cause: String,
    },
    /// Its file says nothing of use.
    #[error("context {name}: {cause}", name = human::quote(.name))]
    Malformed {
        /// The context's name.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// Its name is not one.
    #[error("context name {name} is invalid, names are validated against regexp \"^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$\"", name = human::quote(.0))]
    Name(String),
    /// Its name is taken by the context that needs no file.
    #[error("\"default\" is a reserved context name")]
    Reserved,
    /// It exists already.
    #[error("context {name} already exists", name = human::quote(.0))]
    Exists(String),
    /// The store cannot be read or written.
    #[error("{0}")]
    Io(String),
    /// An archive is none of a context's.
    #[error("{0}")]
    Archive(String),
}

/// What `meta.json` says. What other clients wrote there stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Meta {
    /// The context's name.
    pub name: String,
    /// `Description`, and whatever else.
    pub metadata: Map<String, Value>,
    /// Endpoints by name; docker's is `docker`.
    pub endpoints: BTreeMap<String, Map<String, Value>>,
}

/// Files by endpoint and name.
pub type Material = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// The endpoint that counts.
const DOCKER: &str = "docker";

impl Meta {
    /// A context whose daemon listens at `host`.
    pub fn new(name: &str, host: &str, skip_verify: bool) -> Meta {
        let mut meta = Meta { name: name.into(), ..Meta::default() };
        meta.set_endpoint(host, skip_verify);
        meta
    }

    /// What the list says about it.
    pub fn description(&self) -> &str {
        self.metadata.get("Description").and_then(Value::as_str).unwrap_or("")
    }

    /// Says something else about it.
    pub fn describe(&mut self, text: &str) {
        if !text.is_empty() {
            self.metadata.insert("Description".into(), text.into());
        }
    }

    /// The daemon's address; empty for the default one.
    pub fn host(&self) -> &str {
        self.endpoints.get(DOCKER).and_then(|endpoint| endpoint.get("Host")?.as_str()).unwrap_or("")
    }

    fn skip_verify(&self) -> bool {
        self.endpoints.get(DOCKER).and_then(|endpoint| endpoint.get("SkipTLSVerify")?.as_bool()).unwrap_or(false)
    }

    /// Gives it another daemon.
    pub fn set_endpoint(&mut self, host: &str, skip_verify: bool) {
        let mut endpoint = Map::new();
        if !host.is_empty() {
            endpoint.insert("Host".into(), host.into());
        }
        endpoint.insert("SkipTLSVerify".into(), skip_verify.into());
        self.endpoints.insert(DOCKER.into(), endpoint);
    }
}

/// The files as one thing; nothing where there are none and everybody is to be verified.
pub fn certificates(meta: &Meta, material: &Material) -> Option<Certificates> {
    let files = material.get(DOCKER);
    let file = |name: &str| files.and_then(|files| files.get(name).cloned());
    let found = Certificates {
        ca: file("ca.pem"),
        cert: file("cert.pem"),
        key: file("key.pem"),
        skip_verify: meta.skip_verify(),
    };
    (found != Certificates::default()).then_some(found)
}

/// The files of docker's endpoint.
pub fn material(certificates: &Certificates) -> Material {
    let files = [("ca.pem", &certificates.ca), ("cert.pem", &certificates.cert), ("key.pem", &certificates.key)];
    let files: BTreeMap<String, Vec<u8>> =
        files.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?))).collect();
    if files.is_empty() { Material::new() } else { [(DOCKER.to_owned(), files)].into() }
}

/// The contexts of a configuration.
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store of the configuration in `directory`.
    pub fn of(directory: &Path) -> Store {
        Store { root: directory.join("contexts") }
    }

    /// Where a context's `meta.json` is.
    pub fn meta_folder(&self, name: &str) -> PathBuf {
        self.root.join("meta").join(sha256(name))
    }

    /// Where a context's certificates are.
    pub fn tls_folder(&self, name: &str) -> PathBuf {
        self.root.join("tls").join(sha256(name))
    }

    /// All contexts, by name.
    pub fn list(&self) -> Result<Vec<Meta>, ContextError> {
        let folder = self.root.join("meta");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("open", &folder, &error)),
        };
        let files = entries.flatten().map(|entry| entry.path().join("meta.json"));
        let mut all = Vec::new();
        for file in files.filter(|file| file.exists()) {
            let text = fs::read(&file).map_err(|error| failed("open", &file, &error))?;
            let meta: Meta = api::json::from_slice(&text)
                .map_err(|error| ContextError::Io(format!("parse {}: {error}", file.display())))?;
            all.push(meta);
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// One context.
    pub fn load(&self, name: &str) -> Result<Meta, ContextError> {
        if !is_name(name) {
            return Err(ContextError::Name(name.into()));
        }
        let path = self.meta_folder(name).join("meta.json");
        let text = fs::read(&path).map_err(|error| ContextError::NotFound {
            name: name.into(),
            path: path.display().to_string(),
            cause: crate::exit::go_errno(&error),
        })?;
        api::json::from_slice(&text)
            .map_err(|error| ContextError::Malformed { name: name.into(), cause: error.to_string() })
    }

    /// The certificates of a context.
    pub fn material(&self, name: &str) -> Result<Material, ContextError> {
        let mut all = Material::new();
        for endpoint in names(&self.tls_folder(name))? {
            let folder = self.tls_folder(name).join(&endpoint);
            let mut files = BTreeMap::new();
            for file in names(&folder)? {
                let path = folder.join(&file);
                files.insert(file, fs::read(&path).map_err(|error| failed("open", &path, &error))?);
            }
            all.insert(endpoint, files);
        }
        Ok(all)
    }

    /// Whether a new context may have this name.
    pub fn check_new(&self, name: &str) -> Result<(), ContextError> {
        match name {
            "default" => Err(ContextError::Reserved),
            name if !is_name(name) => Err(ContextError::Name(name.into())),
            name if self.exists(name) => Err(ContextError::Exists(name.into())),
            _ => Ok(()),
        }
    }

    /// Whether there is one of this name.
    pub fn exists(&self, name: &str) -> bool {
        self.meta_folder(name).join("meta.json").exists()
    }

    /// Writes `meta.json`.
    pub fn save(&self, meta: &Meta) -> Result<(), ContextError> {
        let folder = self.meta_folder(&meta.name);
        fs::create_dir_all(&folder).map_err(|error| failed("mkdir", &folder, &error))?;
        // Maps of strings are always serialisable.
        write(&folder.join("meta.json"), &serde_json::to_vec(meta).unwrap_or_default(), 0o644)
    }

    /// Writes the certificates, and removes those that were there.
    pub fn save_material(&self, name: &str, material: &Material) -> Result<(), ContextError> {
        remove(&self.tls_folder(name))?;
        for (endpoint, files) in material {
            let folder = self.tls_folder(name).join(endpoint);
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|error| failed("mkdir", &folder, &error))?;
            files.iter().try_for_each(|(file, text)| write(&folder.join(file), text, 0o600))?;
        }
        Ok(())
    }

    /// Removes a context; one that is not there is gone already.
    pub fn remove(&self, name: &str) -> Result<(), ContextError> {
        remove(&self.meta_folder(name))?;
        remove(&self.tls_folder(name))
    }
}

fn remove(folder: &Path) -> Result<(), ContextError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", folder, &error)),
        _ => Ok(()),
    }
}

fn names(folder: &Path) -> Result<Vec<String>, ContextError> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed("open", folder, &error)),
    }
}

/// Whole or not at all: written beside, then renamed.
fn write(path: &Path, text: &[u8], mode: u32) -> Result<(), ContextError> {
    let beside = path.with_extension(format!("tmp{}", std::process::id()));
    let written = fs::File::options().write(true).create(true).truncate(true).mode(mode).open(&beside);
    let written = written.and_then(|mut file| io::Write::write_all(&mut file, text));
    written.and_then(|()| fs::rename(&beside, path)).map_err(|error| failed("write", path, &error))
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> ContextError {
    ContextError::Io(crate::exit::go_error(verb, path, error))
}

/// The address of the context `name`, and its certificates.
pub fn endpoint_of(directory: &Path, name: &str) -> Result<(String, Option<Certificates>), ContextError> {
    let store = Store::of(directory);
    let meta = store.load(name)?;
    if !meta.endpoints.contains_key(DOCKER) {
        return Err(ContextError::Malformed { name: name.into(), cause: "no endpoint for docker".into() });
    }
    let certificates = certificates(&meta, &store.material(name)?);
    Ok((meta.host().to_owned(), certificates))
}

fn is_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.+-".contains(c))
}

/// The name of a context's directory.
fn sha256(name: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_gives_its_endpoint() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("contexts/meta/2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
        std::fs::create_dir_all(&home).unwrap();
        let text =
            r#"{"Name":"foo","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///x.sock","SkipTLSVerify":false}}}"#;
        std::fs::write(home.join("meta.json"), text).unwrap();
        assert_eq!(endpoint_of(folder.path(), "foo").unwrap(), ("unix:///x.sock".into(), None));
    }

    #[test]
    fn missing_and_malformed_names_are_refused_as_docker_refuses_them() {
        let error = endpoint_of(Path::new("/root/.docker-none"), "foo").unwrap_err().to_string();
        assert_eq!(
            error,
            "context \"foo\": context not found: open /root/.docker-none/contexts/meta/\
             2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae/meta.json: no such file or directory"
        );
        assert!(endpoint_of(Path::new("/"), "../x").is_err());
    }

    #[test]
    fn what_is_written_is_dockers_and_what_others_wrote_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        let mut meta = Meta::new("foo", "tcp://h:1", false);
        meta.describe("mine");
        meta.metadata.insert("Other".into(), 1.into());
        store.save(&meta).unwrap();
        let text = std::fs::read_to_string(store.meta_folder("foo").join("meta.json")).unwrap();
        assert_eq!(
            text,
            r#"{"Name":"foo","Metadata":{"Description":"mine","Other":1},"Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":false}}}"#
        );
        let files = Certificates { ca: Some("ca".into()), ..Certificates::default() };
        store.save_material("foo", &material(&files)).unwrap();
        let path = store.tls_folder("foo").join("docker/ca.pem");
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(endpoint_of(folder.path(), "foo").unwrap(), ("tcp://h:1".into(), Some(files)));
        assert_eq!(store.load("foo").unwrap(), meta);
        assert_eq!(store.list().unwrap(), [meta]);
        assert_eq!(store.check_new("foo").unwrap_err().to_string(), "context \"foo\" already exists");
        store.save_material("foo", &Material::new()).unwrap();
        assert!(!path.exists());
        store.remove("foo").unwrap();
        store.remove("foo").unwrap();
        assert!(!store.exists("foo"));
    }
}
