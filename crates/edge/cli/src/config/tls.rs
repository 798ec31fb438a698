//! Which certificates the flags and the environment ask for.

use crate::exit::go_error;
use client::Certificates;
use std::path::{Path, PathBuf};

/// The global flags about encryption; an absent one was not given.
#[derive(Clone, Debug, Default)]
pub struct TlsFlags {
    /// `--tls`.
    pub tls: Option<bool>,
    /// `--tlsverify`.
    pub verify: Option<bool>,
    /// `--tlscacert`.
    pub ca: Option<PathBuf>,
    /// `--tlscert`.
    pub cert: Option<PathBuf>,
    /// `--tlskey`.
    pub key: Option<PathBuf>,
}

impl TlsFlags {
    /// Whether a connection must be encrypted. Naming `--tlsverify` asks for it, whether on or off.
    pub fn asks(&self, env: &dyn Fn(&str) -> Option<String>) -> bool {
        self.tls.unwrap_or_else(|| env("DOCKER_TLS").is_some()) || self.verify.is_some() || self.verifies(env)
    }

    fn verifies(&self, env: &dyn Fn(&str) -> Option<String>) -> bool {
        self.verify.unwrap_or_else(|| env("DOCKER_TLS_VERIFY").is_some())
    }

    /// Reads the files: those that were named, else `ca.pem`, `cert.pem` and `key.pem` of `DOCKER_CERT_PATH` or the
    /// configuration. Only the pair may be missing there. The error is docker's text.
    pub fn read(&self, directory: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Certificates, String> {
        let folder = env("DOCKER_CERT_PATH").map_or_else(|| directory.to_path_buf(), PathBuf::from);
        let pair = |named: &Option<PathBuf>, name: &str| match named {
            Some(path) => read(path).map(Some),
            None if !folder.join(name).exists() => Ok(None),
            None => read(&folder.join(name)).map(Some),
        };
        Ok(Certificates {
            ca: Some(read(&self.ca.clone().unwrap_or_else(|| folder.join("ca.pem")))?),
            cert: pair(&self.cert, "cert.pem")?,
            key: pair(&self.key, "key.pem")?,
            skip_verify: !self.verifies(env),
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| go_error("open", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_environment() {
        let asks = |flags: TlsFlags, set: &'static str| flags.asks(&move |name| (name == set).then(|| "1".into()));
        assert!(!asks(TlsFlags::default(), ""));
        assert!(asks(TlsFlags::default(), "DOCKER_TLS"));
        assert!(asks(TlsFlags::default(), "DOCKER_TLS_VERIFY"));
        assert!(!asks(TlsFlags { tls: Some(false), ..TlsFlags::default() }, "DOCKER_TLS"));
        assert!(asks(TlsFlags { verify: Some(false), ..TlsFlags::default() }, ""));
    }

    #[test]
    fn the_authority_must_be_there_and_the_pair_only_when_named() {
        let folder = tempfile::tempdir().unwrap();
        let env = |name: &str| (name == "DOCKER_TLS_VERIFY").then(|| "1".to_owned());
        let missing = TlsFlags::default().read(folder.path(), &env).unwrap_err();
        assert_eq!(missing, format!("open {}/ca.pem: no such file or directory", folder.path().display()));
        std::fs::write(folder.path().join("ca.pem"), "ca").unwrap();
        std::fs::write(folder.path().join("key.pem"), "key").unwrap();
        let expected = Certificates { ca: Some("ca".into()), cert: None, key: Some("key".into()), skip_verify: false };
        assert_eq!(TlsFlags::default().read(folder.path(), &env).unwrap(), expected);
        let named = TlsFlags { cert: Some("/no/such".into()), ..TlsFlags::default() };
        assert_eq!(named.read(folder.path(), &env).unwrap_err(), "open /no/such: no such file or directory");
    }
}
