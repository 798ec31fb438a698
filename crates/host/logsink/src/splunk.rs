//! Splunk's HTTP event collector: JSON objects behind one another in the body of a request.
//!
//! <https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector>

use std::collections::BTreeMap;
use std::io::Write;

use fault::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use logdriver::Stream;
use serde::Serialize;
use serde_json::Value;

use crate::address;
use crate::info::Info;
use crate::message::Message;
use crate::options::{Options, known, refused, text};
use crate::tls::Tls;

const OPTIONS: [&str; 18] = [
    "env",
    "env-regex",
    "labels",
    "labels-regex",
    "splunk-caname",
    "splunk-capath",
    "splunk-format",
    "splunk-gzip",
    "splunk-gzip-level",
    "splunk-index",
    "splunk-index-acknowledgment",
    "splunk-insecureskipverify",
    "splunk-source",
    "splunk-sourcetype",
    "splunk-token",
    "splunk-url",
    "splunk-verify-connection",
    "tag",
];
const PATH: &str = "/services/collector/event/1.0";

/// Where and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The collector.
    pub(crate) url: String,
    pub(crate) token: String,
    source: Option<String>,
    source_type: Option<String>,
    index: Option<String>,
    format: Format,
    /// How hard bodies are packed, where they are.
    packing: Option<Compression>,
    /// Whether a container does not start where nobody answers.
    pub(crate) verifies_connection: bool,
    /// Whether requests bear the name of a channel, by which the collector counts what it has indexed.
    pub(crate) has_channel: bool,
    pub(crate) tls: Tls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Inline,
    Json,
    Raw,
}

#[derive(Serialize)]
struct Event<'a> {
    event: Value,
    time: String,
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sourcetype: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    line: Value,
    source: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    tag: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attrs: &'a BTreeMap<String, String>,
}

impl Config {
    pub(crate) fn parse(options: &Options) -> Result<Self> {
        known(options, "splunk", &OPTIONS)?;
        let own = |name: &str| text(options, name).map(str::to_owned);
        let switch =
            |name: &str, otherwise: bool| text(options, name).map_or(Ok(otherwise), human::parse_bool).map_err(refused);
        let url = url(options)?;
        let token = own("splunk-token").ok_or_else(|| refused("splunk: splunk-token is expected"))?;
        let tls = Tls {
            authorities: own("splunk-capath").map(Into::into),
            identity: None,
            trusts_all: switch("splunk-insecureskipverify", false)?,
            name: own("splunk-caname"),
        };
        let level = level(options)?;
        Ok(Self {
            url,
            token,
            source: own("splunk-source"),
            source_type: own("splunk-sourcetype"),
            index: own("splunk-index"),
            format: format(options)?,
            packing: switch("splunk-gzip", false)?.then_some(level),
            verifies_connection: switch("splunk-verify-connection", true)?,
            has_channel: switch("splunk-index-acknowledgment", false)?,
            tls,
        })
    }

    /// Whether bodies are packed.
    pub(crate) fn is_packed(&self) -> bool {
        self.packing.is_some()
    }

    /// The body of one request with all messages; empty where none of them has text.
    pub(crate) fn encode(&self, info: &Info, messages: &[Message]) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        for message in messages {
            if let Some(event) = self.event(info, message) {
                serde_json::to_writer(&mut body, &self.envelope(info, message, event))?;
            }
        }
        match self.packing {
            Some(level) if !body.is_empty() => {
                let mut out = GzEncoder::new(Vec::new(), level);
                out.write_all(&body)?;
                out.finish()
            }
            _ => Ok(body),
        }
    }

    fn envelope<'a>(&'a self, info: &'a Info, message: &Message, event: Value) -> Event<'a> {
        let (seconds, nanos) = (message.time.div_euclid(1_000_000_000), message.time.rem_euclid(1_000_000_000));
        Event {
            event,
            time: format!("{seconds}.{:06}", nanos / 1000),
            host: &info.hostname,
            source: self.source.as_deref(),
            sourcetype: self.source_type.as_deref(),
            index: self.index.as_deref(),
        }
    }

    /// What the event says; nothing for a line of blanks, which the collector refuses as raw text.
    fn event(&self, info: &Info, message: &Message) -> Option<Value> {
        let text = String::from_utf8_lossy(&message.line);
        if self.format == Format::Raw {
            let tag = Some(info.tag.as_str()).filter(|tag| !tag.is_empty()).map(str::to_owned);
            let attributes = info.attributes.iter().map(|(name, value)| format!("{name}={value}"));
            let prefix: String = tag.into_iter().chain(attributes).map(|word| word + " ").collect();
            return (!text.trim().is_empty()).then(|| Value::from(prefix + &text));
        }
        let json = (self.format == Format::Json).then(|| serde_json::from_str(&text).ok()).flatten();
        let line = Line {
            line: json.unwrap_or_else(|| Value::from(&*text)),
            source: if message.stream == Stream::Stderr { "stderr" } else { "stdout" },
            tag: &info.tag,
            attrs: &info.attributes,
        };
        serde_json::to_value(line).ok()
    }
}

fn url(options: &Options) -> Result<String> {
    let given = text(options, "splunk-url").ok_or_else(|| refused("splunk: splunk-url is expected"))?;
    let form = || refused("splunk: expected format scheme://dns_name_or_ip:port for splunk-url");
    let wrong = |_| refused(format!("splunk: failed to parse {given} as url value in splunk-url"));
    let url = address::split(given).ok_or_else(form)?.map_err(wrong)?;
    let fine = matches!(url.scheme, "http" | "https") && matches!(url.path, "" | "/") && url.rest.is_empty();
    if !fine || url.authority.is_empty() {
        return Err(form());
    }
    Ok(format!("{}://{}{PATH}", url.scheme, url.authority))
}

fn format(options: &Options) -> Result<Format> {
    match text(options, "splunk-format").unwrap_or("inline") {
        "inline" => Ok(Format::Inline),
        "json" => Ok(Format::Json),
        "raw" => Ok(Format::Raw),
        other => Err(refused(format!("unknown format specified {other}, supported formats are inline, json and raw"))),
    }
}

fn level(options: &Options) -> Result<Compression> {
    let Some(value) = text(options, "splunk-gzip-level") else { return Ok(Compression::default()) };
    match human::parse_int(value, 10, 32).map_err(refused)? {
        -1 => Ok(Compression::default()),
        level @ 0..=9 => Ok(Compression::new(level as u32)),
        _ => Err(refused(format!(
            "not supported level '{value}' for splunk-gzip-level (supported values between -1 and 9)"
        ))),
    }
}

#[cfg(test)]
#[path = "splunk_test.rs"]
mod tests;
