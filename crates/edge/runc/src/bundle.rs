//! Bundles: a folder with a specification, and a root file system somewhere.

use std::fs;
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use oci::runtime::Spec;
use rustix::fs::{Mode, OFlags};

use crate::error::{Error, Step as _};

/// Name of the specification's file.
pub const CONFIG: &str = "config.json";

/// Largest specification in bytes: the largest that engines write, with a whole filter, has some hundred thousand.
const LARGEST: u64 = 64 << 20;

/// Bytes of a specification as engines write it.
const USUAL: usize = 32 << 10;

/// A bundle.
#[derive(Debug)]
pub struct Bundle {
    /// Absolute.
    pub path: PathBuf,
    /// What is to be made.
    pub spec: Spec,
    /// The specification as it stands in its file.
    pub text: Vec<u8>,
}

impl Bundle {
    /// Reads the bundle at `path`, or in the working directory.
    pub fn read(path: Option<&str>) -> Result<Self, Error> {
        let path = path.unwrap_or(".");
        let path = fs::canonicalize(path).step(format_args!("open bundle `{path}`"))?;
        let (spec, text) = read_spec(&path.join(CONFIG))?;
        Ok(Self { path, spec, text })
    }

    /// The root file system, absolute, with links resolved.
    pub fn rootfs(&self) -> Result<PathBuf, Error> {
        let root = self.spec.root.as_ref().filter(|root| !root.path.as_os_str().is_empty());
        let root = root.ok_or_else(|| Error::new("root must be specified"))?;
        let path = self.path.join(&root.path);
        let step = || format!("root file system `{}`", path.display());
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&path, flags, Mode::empty()).step(step())?;
        fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd())).step(step())
    }
}

/// Reads a specification; its text too.
pub fn read_spec(file: &Path) -> Result<(Spec, Vec<u8>), Error> {
    let step = || format!("read `{}`", file.display());
    let open = match fs::File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(format!("JSON specification file {} not found", file.display())));
        }
        open => open.step(step())?,
    };
    let mut text = Vec::with_capacity(USUAL);
    open.take(LARGEST + 1).read_to_end(&mut text).step(step())?;
    if text.len() as u64 > LARGEST {
        return Err(Error::new(format!("{}: more than {LARGEST} bytes are no specification", step())));
    }
    let spec: Spec = serde_json::from_slice(&text).step(step())?;
    check_version(&spec.oci_version)?;
    Ok((spec, text))
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
