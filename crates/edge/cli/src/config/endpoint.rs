//! Which daemon is meant.

use super::{ConfigFile, TlsFlags, endpoint_of};
use crate::exit::Exit;
use crate::face::Face;
use client::{Certificates, Endpoint, EndpointError};

/// The global flags.
#[derive(Clone, Debug, Default)]
pub struct Globals {
    /// `--config`.
    pub config: String,
    /// `--context`.
    pub context: String,
    /// `--host`.
    pub hosts: Vec<String>,
    /// `--debug`.
    pub debug: bool,
    /// The flags about encryption.
    pub tls: TlsFlags,
}

/// The chosen endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Where the daemon listens.
    pub endpoint: Endpoint,
    /// What TCP is encrypted with.
    pub certificates: Option<Certificates>,
    /// The context's name, `default` when none was chosen.
    pub context: String,
    /// Whether nothing at all was configured, so that the program may start a daemon there.
    pub is_default: bool,
}

/// Chooses an endpoint: that of the context in use, and for the default one `--host`, `DOCKER_HOST`, the face's socket.
pub fn resolve(
    face: Face,
    globals: &Globals,
    config: &ConfigFile,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Choice, Exit> {
    let env = |name: &str| env(name).filter(|value| !value.is_empty());
    let name = context_name(globals, config, &env)?;
    if globals.hosts.len() > 1 {
        return Err(failed("specify only one -H"));
    }
    if name != "default" {
        let (address, certificates) = endpoint_of(&config.directory, &name).map_err(failed)?;
        return at(&host_address(&address, face, false), &name, certificates);
    }
    let named = globals.hosts.first().cloned().or_else(|| env("DOCKER_HOST").filter(|_| globals.context.is_empty()));
    let is_default = named.is_none() && !globals.tls.asks(&env);
    Ok(Choice { is_default, ..at_host(&named.unwrap_or_default(), face, globals, config, &env)? })
}

/// The context in use. Strongest first: `--context`, `--host` and `DOCKER_HOST` (which are no context), `DOCKER_CONTEXT`,
/// `currentContext`.
pub fn context_name(
    globals: &Globals,
    config: &ConfigFile,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Exit> {
    let env = |name: &str| env(name).filter(|value| !value.is_empty());
    let name = match &*globals.context {
        "" if !globals.hosts.is_empty() || env("DOCKER_HOST").is_some() => String::new(),
        "" => env("DOCKER_CONTEXT").unwrap_or_else(|| config.current_context.clone()),
        _ if !globals.hosts.is_empty() => {
            return Err(Exit::failure("conflicting options: cannot specify both --host and --context"));
        }
        name => name.to_owned(),
    };
    Ok(if name.is_empty() { "default".into() } else { name })
}

fn failed(error: impl std::fmt::Display) -> Exit {
    Exit::failure(format!("Failed to initialize: unable to resolve docker endpoint: {error}"))
}

/// A host that stands for itself, with the certificates that flags and environment name.
fn at_host(
    host: &str,
    face: Face,
    globals: &Globals,
    config: &ConfigFile,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Choice, Exit> {
    let tls = globals.tls.asks(env);
    let certificates = match tls {
        true => Some(globals.tls.read(&config.directory, env).map_err(failed)?),
        false => None,
    };
    at(&host_address(host, face, tls), "default", certificates)
}

/// A host given without a scheme is TCP; an empty one is the default, with encryption docker's own port for it.
fn host_address(host: &str, face: Face, tls: bool) -> String {
    match host.trim() {
        "" if tls => "tcp://localhost:2376".into(),
        "" => face.default_endpoint().into(),
        host if host.contains("://") => host.into(),
        host => format!("tcp://{host}"),
    }
}

/// Docker's client takes 2375 for the port that is left out, encrypted or not.
fn at(address: &str, context: &str, certificates: Option<Certificates>) -> Result<Choice, Exit> {
    let endpoint = Endpoint::parse(address, 2375).map_err(|error| match error {
        EndpointError::Ssh(error) => Exit::failure(format!("Failed to initialize: {error}")),
        error => failed(error),
    })?;
    Ok(Choice { endpoint, certificates, context: context.into(), is_default: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(globals: Globals, current: &str, env: &[(&str, &str)]) -> Result<(String, bool), String> {
        let config =
            ConfigFile { current_context: current.into(), directory: "/nonexistent".into(), ..ConfigFile::default() };
        let lookup = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
        resolve(Face::Gantry, &globals, &config, &lookup)
            .map(|choice| (choice.endpoint.to_string(), choice.is_default))
            .map_err(|exit| exit.message)
    }

    #[test]
    fn the_stronger_setting_wins() {
        let host = |host: &str| Globals { hosts: vec![host.into()], ..Globals::default() };
        let env = [("DOCKER_HOST", "unix:///e.sock"), ("DOCKER_CONTEXT", "c")];
        assert_eq!(choose(host("unix:///f.sock"), "c", &env).unwrap().0, "unix:///f.sock");
        assert_eq!(choose(Globals::default(), "c", &env).unwrap().0, "unix:///e.sock");
        assert_eq!(choose(Globals::default(), "", &[]), Ok(("unix:///run/gantry/gantry.sock".into(), true)));
        assert_eq!(choose(Globals::default(), "default", &[]), Ok(("unix:///run/gantry/gantry.sock".into(), true)));
        assert!(choose(Globals::default(), "", &env[1..]).unwrap_err().contains("context name \"c\" is invalid"));
        assert!(choose(Globals::default(), "cc", &[]).unwrap_err().contains("context not found"));
        assert_eq!(choose(host("10.0.0.1"), "", &[]).unwrap().0, "tcp://10.0.0.1:2375");
    }

    #[test]
    fn conflicts_and_unsafe_fallbacks_are_refused() {
        let both = Globals { hosts: vec!["x".into()], context: "c".into(), ..Globals::default() };
        assert_eq!(choose(both, "", &[]).unwrap_err(), "conflicting options: cannot specify both --host and --context");
        let tls = choose(Globals::default(), "", &[("DOCKER_HOST", "tcp://h"), ("DOCKER_TLS_VERIFY", "1")]);
        assert_eq!(
            tls.unwrap_err(),
            "Failed to initialize: unable to resolve docker endpoint: open /nonexistent/ca.pem: no such file or directory"
        );
        let foreign = Globals { hosts: vec!["foo://x".into()], ..Globals::default() };
        assert_eq!(
            choose(foreign, "", &[]).unwrap_err(),
            "Failed to initialize: unable to resolve docker endpoint: invalid bind address format: foo://x"
        );
    }
}
