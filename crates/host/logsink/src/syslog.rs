//! Syslog: RFC 3164, RFC 5424, and what the C library's `syslog` writes to `/dev/log`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fault::{Fault, Result};
use human::Instant;
use jiff::tz::TimeZone;
use logdriver::Stream;

use crate::address::{self, HostPort};
use crate::info::Info;
use crate::message::Message;
use crate::options::{Options, known, text};
use crate::reason::reason;
use crate::tls::Tls;

const OPTIONS: [&str; 12] = [
    "env",
    "env-regex",
    "labels",
    "labels-regex",
    "syslog-address",
    "syslog-facility",
    "syslog-format",
    "syslog-tls-ca-cert",
    "syslog-tls-cert",
    "syslog-tls-key",
    "syslog-tls-skip-verify",
    "tag",
];
/// Numbered from 0 (RFC 5424, section 6.2.1); 12 to 15 have no name.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "",
    "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const DAEMON: u8 = 3;
const PORT: &str = "514";
const SEVERITY_ERROR: u8 = 3;
const SEVERITY_INFORMATIONAL: u8 = 6;

/// Where and how.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) receiver: Receiver,
    format: Format,
    facility: u8,
}

/// Who takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// This host's own, at one of the usual places.
    Local,
    Unix(PathBuf),
    Unixgram(PathBuf),
    Udp(HostPort),
    Tcp(HostPort),
    Tls(HostPort, Tls),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Unix,
    Rfc3164,
    Rfc5424 { micro: bool },
}

impl Config {
    pub(crate) fn parse(options: &Options) -> Result<Self> {
        known(options, "syslog", &OPTIONS)?;
        let receiver = receiver(options)?;
        let format = match options.get("syslog-format").map_or("", String::as_str) {
            "" => Format::Unix,
            "rfc3164" => Format::Rfc3164,
            "rfc5424" => Format::Rfc5424 { micro: false },
            "rfc5424micro" => Format::Rfc5424 { micro: true },
            _ => return Err(Fault::invalid("Invalid syslog format")),
        };
        let facility = text(options, "syslog-facility").map_or(Ok(DAEMON), facility)?;
        Ok(Self { receiver, format, facility })
    }

    /// Refuses a socket in the file system that is not there.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.receiver {
            Receiver::Unix(path) | Receiver::Unixgram(path) => exists(path),
            _ => Ok(()),
        }
    }

    /// What is sent for a message; nothing for an empty line.
    pub(crate) fn encode(&self, info: &Info, message: &Message, zone: &TimeZone) -> Option<Vec<u8>> {
        if message.line.is_empty() {
            return None;
        }
        let severity = if message.stream == Stream::Stderr { SEVERITY_ERROR } else { SEVERITY_INFORMATIONAL };
        let priority = self.facility * 8 + severity;
        let (at, process, host) = (Instant::from_nanos(message.time), std::process::id(), &info.hostname);
        // A tag made of labels must not begin a message of its own.
        let tag = info.tag.replace(char::is_control, "_");
        let mut out = match self.format {
            Format::Unix => format!("<{priority}>{} {tag}[{process}]: ", human::stamp(at, zone)),
            Format::Rfc3164 => format!("<{priority}>{} {host} {tag}[{process}]: ", human::stamp(at, zone)),
            Format::Rfc5424 { micro } => {
                let time = if micro { human::rfc3339_micro(at, zone) } else { human::rfc3339_seconds(at, zone) };
                format!("<{priority}>1 {time} {host} {tag} {process} {tag} - ")
            }
        };
        let _ = writeln!(out, "{}", String::from_utf8_lossy(&message.line));
        // Over TLS a message has its length in front (RFC 5425, section 4.3); elsewhere it ends with its line.
        let counted = matches!((&self.receiver, self.format), (Receiver::Tls(..), Format::Rfc5424 { .. }));
        Some(if counted { format!("{} {out}", out.len()) } else { out }.into_bytes())
    }
}

fn facility(name: &str) -> Result<u8> {
    let named = FACILITIES.iter().position(|known| *known == name);
    let found = named.or_else(|| name.parse().ok().filter(|&number: &usize| number < FACILITIES.len()));
    found.map(|number| number as u8).ok_or_else(|| Fault::invalid("invalid syslog facility"))
}

fn receiver(options: &Options) -> Result<Receiver> {
    let Some(address) = text(options, "syslog-address") else { return Ok(Receiver::Local) };
    let form = || Fault::invalid(format!("syslog-address should be in form proto://address, got {address}"));
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    if !matches!(scheme, "unix" | "unixgram" | "udp" | "tcp" | "tcp+tls") {
        return Err(form());
    }
    let url = address::split(address).ok_or_else(form)?.map_err(Fault::invalid)?;
    if scheme.starts_with("unix") {
        let path = PathBuf::from(url.path);
        return Ok(if scheme == "unix" { Receiver::Unix(path) } else { Receiver::Unixgram(path) });
    }
    let parsed = address::host_port(url.authority).map_err(Fault::invalid)?;
    let receiver = HostPort { port: parsed.port.or_else(|| Some(PORT.into())), ..parsed };
    Ok(match scheme {
        "udp" => Receiver::Udp(receiver),
        "tcp" => Receiver::Tcp(receiver),
        _ => Receiver::Tls(receiver, tls(options)),
    })
}

fn exists(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::invalid(format!("stat {}: {}", path.display(), reason(&error)))),
    }
}

fn tls(options: &Options) -> Tls {
    let path = |name: &str| text(options, name).map(PathBuf::from);
    let (certificate, key) = (path("syslog-tls-cert"), path("syslog-tls-key"));
    Tls {
        authorities: path("syslog-tls-ca-cert"),
        // Where one of the two is missing, reading it says so.
        identity: (certificate.is_some() || key.is_some())
            .then(|| (certificate.unwrap_or_default(), key.unwrap_or_default())),
        // Docker takes any value but the empty one.
        trusts_all: text(options, "syslog-tls-skip-verify").is_some(),
        name: None,
    }
}

#[cfg(test)]
#[path = "syslog_test.rs"]
mod tests;
