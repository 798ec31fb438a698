//! `--docker`: where the daemon of a context is.

use super::load;
use crate::config::context::{Material, Meta, certificates, material};
use crate::exit::{Exit, go_error};
use crate::flag::{Flag, Kind, Matches};
use crate::session::Session;
use client::{Certificates, Tls};
use std::path::Path;

/// The flag.
pub const FLAG: Flag =
    Flag::new("docker", Kind::CheckedList("stringToString", check), "set the docker endpoint").default("[]");

/// Help before the flags; `COMMAND` is the command's name.
macro_rules! about {
    ($first:literal, $command:literal) => {
        concat!(
            $first,
            "\n\nDocker endpoint config:\n\n\
             NAME                DESCRIPTION\n\
             from                Copy named context's Docker endpoint configuration\n\
             host                Docker endpoint on which to connect\n\
             ca                  Trust certs signed only by this CA\n\
             cert                Path to TLS certificate file\n\
             key                 Path to TLS key file\n\
             skip-tls-verify     Skip TLS certificate validation\n\n\
             Example:\n\n\
             $ docker context ",
            $command,
            " my-context --description \"some description\" --docker \
             \"host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file\""
        )
    };
}
pub(super) use about;

fn check(value: &str) -> Result<(), String> {
    pairs(value).map(drop)
}

/// `key=value`, separated by commas where there are several, as `pflag` reads a map.
fn pairs(value: &str) -> Result<Vec<(&str, &str)>, String> {
    let parts: Vec<&str> = if value.matches('=').count() == 1 { vec![value] } else { value.split(',').collect() };
    parts.into_iter().map(|part| part.split_once('=').ok_or(format!("{part} must be formatted as key=value"))).collect()
}

/// Whether the flag was given.
pub fn is_given(matches: &Matches) -> bool {
    matches.changed("docker")
}

/// Puts what the flag says into a context, and gives its certificates.
pub fn apply(session: &Session, matches: &Matches, meta: &mut Meta) -> Result<Material, Exit> {
    let failed = |why: String| Exit::failure(format!("unable to create docker endpoint config: {why}"));
    let given = matches.list("docker");
    let mut settings = Settings::default();
    for value in &given {
        for (key, value) in pairs(value).map_err(failed)? {
            settings.set(key, value).map_err(failed)?;
        }
    }
    if let Some(from) = &settings.from {
        let (other, files) = load(session, from).map_err(|exit| failed(exit.message))?;
        meta.endpoints = other.endpoints;
        return Ok(files);
    }
    let read = |path: &Option<String>| match path {
        None => Ok(None),
        Some(path) => std::fs::read(path).map(Some).map_err(|error| failed(go_error("open", Path::new(path), &error))),
    };
    let files = Certificates {
        ca: read(&settings.ca)?,
        cert: read(&settings.cert)?,
        key: read(&settings.key)?,
        skip_verify: settings.skip_verify,
    };
    meta.set_endpoint(&settings.host, settings.skip_verify);
    let files = material(&files);
    if let Some(found) = certificates(meta, &files) {
        Tls::new(&found).map_err(|error| failed(format!("invalid docker endpoint options: {error}")))?;
    }
    Ok(files)
}

#[derive(Default)]
struct Settings {
    from: Option<String>,
    host: String,
    ca: Option<String>,
    cert: Option<String>,
    key: Option<String>,
    skip_verify: bool,
}

impl Settings {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let text = Some(value.to_owned()).filter(|value| !value.is_empty());
        match key {
            "from" => self.from = text,
            "host" => self.host = value.into(),
            "ca" => self.ca = text,
            "cert" => self.cert = text,
            "key" => self.key = text,
            "skip-tls-verify" if value.is_empty() => self.skip_verify = false,
            "skip-tls-verify" => {
                let wrong = |_| format!("skip-tls-verify: parsing {}: invalid syntax", human::quote(value));
                self.skip_verify = human::parse_bool(value).map_err(wrong)?;
            }
            other => return Err(format!("unrecognized config key: {other}")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_as_pflag_reads_them() {
        assert_eq!(pairs("host=a,b").unwrap(), [("host", "a,b")]);
        assert_eq!(pairs("host=a,ca=b").unwrap(), [("host", "a"), ("ca", "b")]);
        assert_eq!(check("hos").unwrap_err(), "hos must be formatted as key=value");
        assert_eq!(check("a=b,c=d,e").unwrap_err(), "e must be formatted as key=value");
    }

    #[test]
    fn wrong_settings_are_refused() {
        let refusal = |key: &str, value: &str| Settings::default().set(key, value).unwrap_err();
        assert_eq!(refusal("bad", "1"), "unrecognized config key: bad");
        assert_eq!(refusal("skip-tls-verify", "maybe"), "skip-tls-verify: parsing \"maybe\": invalid syntax");
    }
}
