//! Certificates that the administrator lays down for a registry, as Docker reads them from `/etc/docker/certs.d`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reqwest::{Certificate, Identity};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What the administrator laid down for one registry.
#[derive(Clone, Default)]
pub struct Certificates {
    /// Further authorities: `*.crt`.
    pub authorities: Vec<Certificate>,
    /// What this client is known by: `x.cert` with `x.key`.
    pub identity: Option<Identity>,
}

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// A file or the directory cannot be read.
    #[error("read `{path}`")]
    Read {
        /// The path.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A file is no certificate or key.
    #[error("`{path}` is not usable as a certificate or key")]
    Content {
        /// The path.
        path: PathBuf,
        /// What the reader said.
        #[source]
        source: reqwest::Error,
    },
    /// A certificate lacks its key; the text is Docker's.
    #[error("missing key {0} for client certificate; note that CA certificates should use the extension .crt")]
    Key(String),
}

impl Certificates {
    /// Reads the directory of a registry. One that is not there is empty.
    pub fn read(directory: &Path) -> Result<Self, CertificatesError> {
        let failed = |source| CertificatesError::Read { path: directory.to_owned(), source };
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Err(error) => return Err(failed(error)),
        };
        let mut paths =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        paths.sort();
        let mut certificates = Self::default();
        for path in paths {
            certificates.take(&path)?;
        }
        Ok(certificates)
    }

    fn take(&mut self, path: &Path) -> Result<(), CertificatesError> {
        let unusable = |source| CertificatesError::Content { path: path.to_owned(), source };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => {
                self.authorities.extend(Certificate::from_pem_bundle(&read(path)?).map_err(unusable)?);
            }
            Some("cert") => {
                let key = path.with_extension("key");
                if !key.exists() {
                    let name = key.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    return Err(CertificatesError::Key(name));
                }
                let both = [read(path)?, b"\n".to_vec(), read(&key)?].concat();
                self.identity = Some(Identity::from_pem(&both).map_err(unusable)?);
            }
            _ => {}
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificatesError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|source| CertificatesError::Read { path: path.to_owned(), source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_directory_is_empty_and_a_certificate_without_key_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let certificates = Certificates::read(&directory.path().join("none")).unwrap();
        assert!(certificates.authorities.is_empty() && certificates.identity.is_none());

        fs::write(directory.path().join("client.cert"), "x").unwrap();
        let error = Certificates::read(directory.path()).err().unwrap().to_string();
        assert_eq!(
            error,
            "missing key client.key for client certificate; note that CA certificates should use the extension .crt"
        );
    }

    #[test]
    fn rubbish_is_refused_with_its_path() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("client.cert"), "x").unwrap();
        fs::write(directory.path().join("client.key"), "x").unwrap();
        let error = Certificates::read(directory.path()).err().unwrap().to_string();
        assert!(error.ends_with("client.cert` is not usable as a certificate or key"), "{error}");
    }
}
