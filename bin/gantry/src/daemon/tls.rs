//! The options of encrypted TCP, by dockerd's rules.

use std::env;
use std::path::PathBuf;

use super::options::Values;

/// Which files encrypted TCP is served with; `None` where nothing asks for encryption.
///
/// Naming `--tlsverify` at all asks for it, whether on or off. With `--tls` alone clients are verified too.
pub fn read(values: &Values) -> Result<Option<server::Tls>, String> {
    if !values.switch("tls", false) && !values.has("tlsverify") {
        return Ok(None);
    }
    let folder = folder(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from));
    let file = |flag: &str, name: &str| {
        let path = values.text(flag).filter(|path| !path.is_empty()).map_or_else(|| folder.join(name), PathBuf::from);
        std::path::absolute(&path).map_err(|error| format!("path {path:?}: {error}"))
    };
    Ok(Some(server::Tls {
        ca: file("tlscacert", "ca.pem")?,
        cert: file("tlscert", "cert.pem")?,
        key: file("tlskey", "key.pem")?,
        verify: values.switch("tlsverify", true),
    }))
}

/// Where certificates lie unless that is said: `DOCKER_CERT_PATH`, else the client's configuration.
fn folder(env: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    let configured = env("DOCKER_CERT_PATH").or_else(|| env("DOCKER_CONFIG"));
    configured.unwrap_or_else(|| env("HOME").unwrap_or_else(|| "/root".into()).join(".docker"))
}

#[cfg(test)]
mod tests {
    use super::super::options::{Request, parse};
    use super::*;

    fn files(args: &[&str]) -> Option<server::Tls> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        match parse(&args) {
            Ok(Request::Run(values)) => read(&values).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn clients_are_verified_unless_that_is_switched_off() {
        let verify = |args: &[&str]| files(args).map(|tls| tls.verify);
        assert_eq!(verify(&[]), None);
        assert_eq!(verify(&["--tls=false"]), None);
        assert_eq!(verify(&["--tls"]), Some(true));
        assert_eq!(verify(&["--tlsverify"]), Some(true));
        assert_eq!(verify(&["--tlsverify=false"]), Some(false));
        assert_eq!(verify(&["--tls", "--tlsverify=false"]), Some(false));
        assert_eq!(files(&["--tls", "--tlscert", "/c"]).unwrap().cert, PathBuf::from("/c"));
    }

    #[test]
    fn the_folder_is_dockers() {
        let known = |given: &'static [(&str, &str)]| {
            folder(move |name| given.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value)))
        };
        assert_eq!(known(&[("HOME", "/h")]), PathBuf::from("/h/.docker"));
        assert_eq!(known(&[("HOME", "/h"), ("DOCKER_CONFIG", "/c")]), PathBuf::from("/c"));
        assert_eq!(known(&[("DOCKER_CERT_PATH", "/p"), ("DOCKER_CONFIG", "/c")]), PathBuf::from("/p"));
    }
}
