//! GELF 1.1: JSON, packed and in chunks over UDP, ended by a zero byte over TCP.
//!
//! <https://go2docs.graylog.org/current/getting_in_log_data/gelf.html>

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use fault::{Fault, Result};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use human::{Instant, quote};
use jiff::tz::TimeZone;
use logdriver::Stream;
use serde::Serialize;

use crate::address::{self, HostPort};
use crate::info::Info;
use crate::message::Message;
use crate::options::{Options, number, text};
use crate::plan::Patience;

/// How long a datagram is at most, in bytes: what passes every network whole.
const DATAGRAM: usize = 1420;
/// What each chunk begins with: two magic bytes, eight of the message's id, its number, their count.
const CHUNK_HEADER: usize = 12;
/// The format's bound.
const CHUNKS: usize = 128;
const LEVEL_ERROR: u8 = 3;
const LEVEL_INFORMATIONAL: u8 = 6;

/// Where and how.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) receiver: HostPort,
    pub(crate) is_tcp: bool,
    packing: Packing,
    level: Compression,
    pub(crate) patience: Patience,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zlib,
    None,
}

#[derive(Serialize)]
struct Record<'a> {
    version: &'static str,
    host: &'a str,
    short_message: &'a str,
    timestamp: f64,
    level: u8,
    #[serde(flatten)]
    extra: &'a BTreeMap<String, String>,
}

impl Config {
    pub(crate) fn parse(options: &Options) -> Result<Self> {
        let (receiver, is_tcp) = receiver(options)?;
        let mut config = Self {
            receiver,
            is_tcp,
            packing: if is_tcp { Packing::None } else { Packing::Gzip },
            level: Compression::fast(),
            patience: Patience::default(),
        };
        options.iter().try_for_each(|(name, value)| config.set(name, value))?;
        Ok(config)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let unknown = || {
            Fault::invalid(format!("unknown value {} for log opt {} for gelf log driver", quote(value), quote(name)))
        };
        match name {
            "env" | "env-regex" | "gelf-address" | "labels" | "labels-regex" | "tag" => {}
            "gelf-compression-level" | "gelf-compression-type" if self.is_tcp => {
                return Err(Fault::invalid("compression is only supported on UDP"));
            }
            "gelf-compression-level" => {
                self.level = match number(value) {
                    Ok(-1) => Compression::default(),
                    Ok(level @ 0..=9) => Compression::new(level as u32),
                    _ => return Err(unknown()),
                };
            }
            "gelf-compression-type" => {
                self.packing = match value {
                    "gzip" => Packing::Gzip,
                    "zlib" => Packing::Zlib,
                    "none" => Packing::None,
                    _ => return Err(unknown()),
                };
            }
            "gelf-tcp-max-reconnect" | "gelf-tcp-reconnect-delay" if !self.is_tcp => {
                return Err(Fault::invalid(format!("{} is only valid for TCP", quote(name))));
            }
            "gelf-tcp-max-reconnect" => self.patience.limit = Some(count(name, value)?),
            "gelf-tcp-reconnect-delay" => self.patience.first = Duration::from_secs(count(name, value)?.into()),
            _ => return Err(Fault::invalid(format!("unknown log opt {} for gelf log driver", quote(name)))),
        }
        Ok(())
    }

    /// The datagrams, or the piece of a stream, of a message; nothing for an empty line, and nothing for one that has no
    /// room in as many chunks as the format allows.
    pub(crate) fn encode(&self, info: &Info, message: &Message, id: [u8; 8]) -> Option<Vec<Vec<u8>>> {
        if message.line.is_empty() {
            return Some(Vec::new());
        }
        let mut json = serde_json::to_vec(&Record {
            version: "1.1",
            host: &info.hostname,
            short_message: &String::from_utf8_lossy(&message.line),
            timestamp: message.time.div_euclid(1_000_000) as f64 / 1000.0,
            level: if message.stream == Stream::Stderr { LEVEL_ERROR } else { LEVEL_INFORMATIONAL },
            extra: &extra(info),
        })
        .ok()?;
        if self.is_tcp {
            json.push(0);
            return Some(vec![json]);
        }
        chunks(pack(self.packing, self.level, json).ok()?, id)
    }
}

fn count(name: &str, value: &str) -> Result<u32> {
    let wrong = || Fault::invalid(format!("{} must be a positive integer", quote(name)));
    number(value).ok().and_then(|number| u32::try_from(number).ok()).ok_or_else(wrong)
}

fn receiver(options: &Options) -> Result<(HostPort, bool)> {
    let address =
        text(options, "gelf-address").ok_or_else(|| Fault::invalid("gelf-address is a required parameter"))?;
    let form = || Fault::invalid(format!("gelf-address should be in form proto://address, got {address}"));
    let url = match address::split(address) {
        Some(url) => url.map_err(Fault::invalid)?,
        None => return Err(form()),
    };
    let is_tcp = match url.scheme {
        "udp" => false,
        "tcp" => true,
        "unix" | "unixgram" | "tcp+tls" => return Err(Fault::invalid("gelf: endpoint needs to be TCP or UDP")),
        _ => return Err(form()),
    };
    let receiver = address::host_port(url.authority).ok().filter(|receiver| receiver.port.is_some());
    let receiver = receiver.ok_or_else(|| Fault::invalid("gelf: please provide gelf-address as proto://host:port"))?;
    Ok((receiver, is_tcp))
}

fn extra(info: &Info) -> BTreeMap<String, String> {
    let created = human::rfc3339_nano(Instant::from_nanos(info.created), &TimeZone::UTC);
    let own = [
        ("_container_id", info.id.clone()),
        ("_container_name", info.name.clone()),
        ("_image_id", info.image_id.clone()),
        ("_image_name", info.image_name.clone()),
        ("_command", info.command()),
        ("_tag", info.tag.clone()),
        ("_created", created),
    ];
    let named = |name: &str| if name.starts_with('_') { name.to_owned() } else { format!("_{name}") };
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(info.attributes.iter().map(|(name, value)| (named(name), value.clone()))).collect()
}

fn pack(packing: Packing, level: Compression, json: Vec<u8>) -> std::io::Result<Vec<u8>> {
    match packing {
        Packing::None => Ok(json),
        Packing::Gzip => {
            let mut out = GzEncoder::new(Vec::new(), level);
            out.write_all(&json)?;
            out.finish()
        }
        Packing::Zlib => {
            let mut out = ZlibEncoder::new(Vec::new(), level);
            out.write_all(&json)?;
            out.finish()
        }
    }
}

fn chunks(bytes: Vec<u8>, id: [u8; 8]) -> Option<Vec<Vec<u8>>> {
    if bytes.len() <= DATAGRAM {
        return Some(vec![bytes]);
    }
    let parts: Vec<_> = bytes.chunks(DATAGRAM - CHUNK_HEADER).collect();
    let total = u8::try_from(parts.len()).ok().filter(|&total| usize::from(total) <= CHUNKS)?;
    let chunk = |(number, part): (usize, &&[u8])| {
        let mut chunk = vec![0x1e, 0x0f];
        chunk.extend(id);
        chunk.extend([number as u8, total]);
        chunk.extend_from_slice(part);
        chunk
    };
    Some(parts.iter().enumerate().map(chunk).collect())
}

#[cfg(test)]
#[path = "gelf_test.rs"]
mod tests;
