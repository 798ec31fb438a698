//! Fluentd's forward protocol, version 1, in message mode: one array of MessagePack for each record.
//!
//! <https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1>

use std::path::PathBuf;
use std::time::Duration;

use fault::{Fault, Result};
use logdriver::Stream;
use rmp::encode;

use crate::address::{self, HostPort};
use crate::info::Info;
use crate::message::Message;
use crate::options::{Options, duration, known, switch, text};
use crate::plan::Patience;

const OPTIONS: [&str; 15] = [
    "env",
    "env-regex",
    "fluentd-address",
    "fluentd-async",
    "fluentd-async-connect",
    "fluentd-async-reconnect-interval",
    "fluentd-buffer-limit",
    "fluentd-max-retries",
    "fluentd-request-ack",
    "fluentd-retry-wait",
    "fluentd-sub-second-precision",
    "fluentd-write-timeout",
    "labels",
    "labels-regex",
    "tag",
];
const HOST: &str = "127.0.0.1";
const PORT: u16 = 24224;
/// How many bytes are read ahead of the receiver.
const BUFFER: usize = 1 << 20;
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// A connection is renewed no more and no less often than this.
const INTERVAL: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(10);

/// Where and how.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) receiver: Receiver,
    /// Whether a container starts though nobody listens.
    pub(crate) is_async: bool,
    precise: bool,
    /// Whether each message is confirmed by the receiver.
    pub(crate) acknowledged: bool,
    pub(crate) buffer: usize,
    pub(crate) patience: Patience,
    /// After how long a connection is made anew.
    pub(crate) interval: Option<Duration>,
    /// How long a write may take.
    pub(crate) timeout: Option<Duration>,
}

/// Who takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    Unix(PathBuf),
    Tcp(HostPort),
    Tls(HostPort),
}

impl Config {
    pub(crate) fn parse(options: &Options) -> Result<Self> {
        known(options, "fluentd", &OPTIONS)?;
        let address = options.get("fluentd-address").map_or("", String::as_str);
        let receiver =
            receiver(address).map_err(|why| Fault::invalid(format!("invalid fluentd-address ({address}): {why}")))?;
        if options.contains_key("fluentd-async") && options.contains_key("fluentd-async-connect") {
            let why = "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect'";
            return Err(Fault::invalid(why));
        }
        let buffer = text(options, "fluentd-buffer-limit").map(human::parse_binary_size).transpose();
        let buffer = buffer.map_err(|error| Fault::invalid(error.to_string()))?;
        let limit = text(options, "fluentd-max-retries").map(|value| human::parse_uint(value, 10, 32)).transpose();
        let limit = limit.map_err(Fault::invalid)?;
        Ok(Self {
            receiver,
            is_async: switch(options, "fluentd-async")? || switch(options, "fluentd-async-connect")?,
            precise: switch(options, "fluentd-sub-second-precision")?,
            acknowledged: switch(options, "fluentd-request-ack")?,
            buffer: buffer.and_then(|size| usize::try_from(size).ok()).unwrap_or(BUFFER),
            patience: Patience {
                first: duration(options, "fluentd-retry-wait")?.unwrap_or(RETRY_WAIT),
                limit: limit.and_then(|limit| u32::try_from(limit).ok()),
            },
            interval: interval(options)?,
            timeout: duration(options, "fluentd-write-timeout")?.filter(|timeout| !timeout.is_zero()),
        })
    }

    /// What is sent for a message. `chunk`: the name by which the receiver confirms it.
    pub(crate) fn encode(&self, info: &Info, message: &Message, chunk: Option<&str>) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.line.len() + 300);
        // Writing to memory does not fail.
        let _ = self.write(&mut out, info, message, chunk);
        out
    }

    fn write(&self, out: &mut Vec<u8>, info: &Info, message: &Message, chunk: Option<&str>) -> std::io::Result<()> {
        encode::write_array_len(out, 4)?;
        encode::write_str(out, &info.tag)?;
        let (seconds, nanos) = (message.time.div_euclid(1_000_000_000), message.time.rem_euclid(1_000_000_000));
        if self.precise {
            // EventTime: extension 0, seconds and nanoseconds in 32 bits each.
            encode::write_ext_meta(out, 8, 0)?;
            out.extend((seconds as u32).to_be_bytes());
            out.extend((nanos as u32).to_be_bytes());
        } else {
            encode::write_sint(out, seconds)?;
        }
        let fields = fields(info, message);
        encode::write_map_len(out, fields.len() as u32)?;
        for (name, value) in &fields {
            encode::write_str(out, name)?;
            encode::write_str(out, value)?;
        }
        encode::write_map_len(out, u32::from(chunk.is_some()))?;
        if let Some(chunk) = chunk {
            encode::write_str(out, "chunk")?;
            encode::write_str(out, chunk)?;
        }
        Ok(())
    }
}

/// The message that a receiver confirms: `{"ack": chunk}`; nothing where it is not all there yet.
pub(crate) fn acknowledgement(answer: &[u8]) -> Option<&str> {
    let mut rest = answer;
    let pairs = rmp::decode::read_map_len(&mut rest).ok()?;
    let (name, rest) = rmp::decode::read_str_from_slice(rest).ok()?;
    let (chunk, _) = rmp::decode::read_str_from_slice(rest).ok()?;
    Some(chunk).filter(|_| pairs == 1 && name == "ack")
}

fn fields(info: &Info, message: &Message) -> Vec<(String, String)> {
    let source = if message.stream == Stream::Stderr { "stderr" } else { "stdout" };
    let mut all = vec![
        ("container_id".to_owned(), info.id.clone()),
        ("container_name".to_owned(), format!("/{}", info.name)),
        ("source".to_owned(), source.to_owned()),
        ("log".to_owned(), String::from_utf8_lossy(&message.line).into_owned()),
    ];
    all.extend(info.attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
    if let Some(partial) = &message.partial {
        all.extend([
            ("partial_message".to_owned(), "true".to_owned()),
            ("partial_id".to_owned(), partial.id.clone()),
            ("partial_ordinal".to_owned(), partial.ordinal.to_string()),
            ("partial_last".to_owned(), partial.last.to_string()),
        ]);
    }
    all
}

fn receiver(address: &str) -> Result<Receiver, String> {
    let address = if address.contains("://") { address.to_owned() } else { format!("tcp://{address}") };
    let url = address::split(&address).ok_or("no scheme")??;
    match url.scheme {
        "unix" if url.path.trim_start_matches('/').is_empty() => return Err("path is empty".into()),
        "unix" => return Ok(Receiver::Unix(url.path.into())),
        "tcp" | "tls" => {}
        other => return Err(format!("unsupported scheme: '{other}'")),
    }
    if !url.path.is_empty() {
        return Err("should not contain a path element".into());
    }
    let given = address::host_port(url.authority)?;
    let port = given.port.as_deref().map_or(Ok(u64::from(PORT)), |port| human::parse_uint(port, 10, 16));
    let port = port.map_err(|error| format!("invalid port: {error}"))?;
    let host = if given.host.is_empty() { HOST.to_owned() } else { given.host };
    let receiver = HostPort { host, port: Some(port.to_string()) };
    Ok(if url.scheme == "tls" { Receiver::Tls(receiver) } else { Receiver::Tcp(receiver) })
}

fn interval(options: &Options) -> Result<Option<Duration>> {
    let name = "fluentd-async-reconnect-interval";
    let interval = duration(options, name)?.filter(|interval| !interval.is_zero());
    match interval {
        Some(interval) if !INTERVAL.contains(&interval) => Err(Fault::invalid(format!(
            "invalid value for {name}: value ({}) must be between 100ms and 10s",
            text(options, name).unwrap_or_default()
        ))),
        interval => Ok(interval),
    }
}

#[cfg(test)]
#[path = "fluentd_test.rs"]
mod tests;
