//! Bundles: a folder with a specification, and a root file system somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use oci::runtime::Spec;

use crate::error::{Error, Step as _};

/// Name of the specification's file.
pub const CONFIG: &str = "config.json";

/// Largest specification in bytes: the largest that engines write, with a whole filter, has some hundred thousand.
const LARGEST: u64 = 64 << 20;

/// A bundle.
#[derive(Debug)]
pub struct Bundle {
    /// Absolute.
    pub path: PathBuf,
    /// What is to be made.
    pub spec: Spec,
}

impl Bundle {
    /// Reads the bundle at `path`, or in the working directory.
    pub fn read(path: Option<&str>) -> Result<Self, Error> {
        let path = path.unwrap_or(".");
        let path = fs::canonicalize(path).step(format_args!("open bundle `{path}`"))?;
        let spec = read_spec(&path.join(CONFIG))?;
        Ok(Self { path, spec })
    }

    /// The root file system, absolute, with links resolved.
    pub fn rootfs(&self) -> Result<PathBuf, Error> {
        let root = self.spec.root.as_ref().filter(|root| !root.path.as_os_str().is_empty());
        let root = root.ok_or_else(|| Error::new("root must be specified"))?;
        let path = self.path.join(&root.path);
        let found = fs::canonicalize(&path).step(format_args!("root file system `{}`", path.display()))?;
        match found.is_dir() {
            true => Ok(found),
            false => Err(Error::new(format!("root file system `{}`: not a directory", path.display()))),
        }
    }
}

/// Reads a specification.
pub fn read_spec(file: &Path) -> Result<Spec, Error> {
    let size = match fs::metadata(file) {
        Ok(data) => data.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(format!("JSON specification file {} not found", file.display())));
        }
        Err(error) => return Err(error).step(format_args!("read `{}`", file.display())),
    };
    if size > LARGEST {
        return Err(Error::new(format!("read `{}`: {size} bytes are too many for a specification", file.display())));
    }
    let bytes = fs::read(file).step(format_args!("read `{}`", file.display()))?;
    let spec: Spec = serde_json::from_slice(&bytes).step(format_args!("read `{}`", file.display()))?;
    check_version(&spec.oci_version)?;
    Ok(spec)
}

/// The specification has had one major version; what another one will mean is not known.
fn check_version(version: &str) -> Result<(), Error> {
    let major = version.split('.').next().unwrap_or_default();
    let whole = version.split(['-', '+']).next().unwrap_or_default();
    let numbers = whole.split('.').all(|part| part.parse::<u32>().is_ok()) && whole.split('.').count() == 3;
    match (version, major, numbers) {
        ("", ..) => Err(Error::new("ociVersion: missing")),
        (_, "0" | "1", true) => Ok(()),
        (_, _, true) => Err(Error::new(format!("ociVersion: {version} is not supported, only 1.x is"))),
        _ => Err(Error::new(format!("ociVersion: {version:?} is no version"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["1.0.2", "1.2.0-dev", "1.0.2-dev+x", "0.6.0"] {
            assert!(check_version(good).is_ok(), "{good}");
        }
        for bad in ["", "2.0.0", "1", "1.x.0", "one"] {
            assert!(check_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_missing_or_broken_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let error = Bundle::read(Some(&path)).unwrap_err().to_string();
        assert_eq!(error, format!("JSON specification file {path}/config.json not found"));
        fs::write(folder.path().join(CONFIG), "{").unwrap();
        assert!(Bundle::read(Some(&path)).unwrap_err().to_string().contains("config.json`: EOF"));
        fs::write(folder.path().join(CONFIG), r#"{"ociVersion":"1.0.2","root":{"path":"nowhere"}}"#).unwrap();
        let bundle = Bundle::read(Some(&path)).unwrap();
        assert!(bundle.rootfs().unwrap_err().to_string().ends_with("nowhere`: no such file or directory"));
        assert!(Bundle::read(Some("/no/such")).unwrap_err().to_string().starts_with("open bundle `/no/such`"));
    }
}
