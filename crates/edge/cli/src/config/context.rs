//! Docker contexts: named endpoints under `contexts/meta`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

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
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Meta {
    endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Endpoint {
    host: String,
}

/// The address of the context `name`.
pub fn endpoint_of(directory: &Path, name: &str) -> Result<String, ContextError> {
    if !is_name(name) {
        return Err(ContextError::Name(name.into()));
    }
    let path = directory.join("contexts/meta").join(sha256(name)).join("meta.json");
    let text = std::fs::read(&path).map_err(|error| ContextError::NotFound {
        name: name.into(),
        path: path.display().to_string(),
        cause: crate::exit::go_errno(&error),
    })?;
    let malformed = |cause: String| ContextError::Malformed { name: name.into(), cause };
    let meta: Meta = api::json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    let docker = meta.endpoints.get("docker").ok_or_else(|| malformed("no endpoint for docker".into()))?;
    Ok(docker.host.clone())
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
        assert_eq!(endpoint_of(folder.path(), "foo").unwrap(), "unix:///x.sock");
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
}
