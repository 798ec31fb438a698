//! The way to a receiver.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fault::{Fault, Result};
use jiff::tz::TimeZone;
use tokio::time::timeout;

use crate::info::Info;
use crate::message::Message;
use crate::options::refused;
use crate::plan::Target;
use crate::reason::reason;
use crate::tls::Tls;
use crate::wire::{Condition, Wire};
use crate::{fluentd, journald, splunk, syslog};

/// Where a host's own syslog listens: the first of these that takes a connection.
const SYSLOGS: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];
/// How long a collector may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// How much of an unfriendly answer is told, in characters.
const TOLD: usize = 200;
/// An acknowledgement is no longer, in bytes.
const ACKNOWLEDGEMENT: usize = 4096;

/// Some messages were not sent.
#[derive(Debug)]
pub struct Failure {
    /// How many were, from the first on.
    pub sent: usize,
    /// So many of the next ones will not be taken however often they are sent.
    pub hopeless: usize,
    /// Why.
    pub why: String,
}

impl Failure {
    fn new(why: impl Into<String>) -> Self {
        Self { sent: 0, hopeless: 0, why: why.into() }
    }
}

/// One container's way to its receiver.
pub struct Sink {
    target: Target,
    info: Info,
    zone: TimeZone,
    wire: Option<(Wire, Instant)>,
    http: Option<Http>,
}

struct Http {
    client: reqwest::Client,
    channel: String,
}

impl Sink {
    /// Not yet connected.
    pub fn new(target: Target, info: Info) -> Self {
        Self { target, info, zone: human::local_zone(), wire: None, http: None }
    }

    /// Connects where a container of this driver does not start without its receiver.
    pub async fn open(&mut self) -> Result<()> {
        let opened = match &self.target {
            Target::Fluentd(config) if config.is_async => return Ok(()),
            Target::Splunk(config) if !config.verifies_connection => self.http().map(drop).map_err(told),
            Target::Splunk(_) => self.verify().await,
            Target::Journald if !Path::new(journald::SOCKET).exists() => {
                Err(refused("journald is not enabled on this host"))
            }
            _ => self.connect().await.map_err(told),
        };
        // A receiver that is not there is no fault of the request.
        opened.map_err(|fault| Fault::system(fault.message()))
    }

    /// Sends messages in order.
    pub async fn send(&mut self, messages: &[Message]) -> Result<(), Failure> {
        let sent = match &self.target {
            Target::Splunk(_) => self.post(messages).await,
            _ => self.write(messages).await,
        };
        if sent.is_err() {
            self.wire = None;
        }
        sent
    }

    async fn connect(&mut self) -> Result<(), String> {
        let wire = match &self.target {
            Target::Syslog(config) => match &config.receiver {
                syslog::Receiver::Local => local_syslog().await,
                syslog::Receiver::Unix(path) => Wire::unix(path).await,
                syslog::Receiver::Unixgram(path) => Wire::unixgram(path),
                syslog::Receiver::Udp(receiver) => Wire::udp(receiver).await,
                syslog::Receiver::Tcp(receiver) => Wire::tcp(receiver).await,
                syslog::Receiver::Tls(receiver, tls) => Wire::tls(receiver, settings(tls).await?).await,
            },
            Target::Gelf(config) => {
                let connected =
                    if config.is_tcp { Wire::tcp(&config.receiver).await } else { Wire::udp(&config.receiver).await };
                let endpoint = config.receiver.show();
                connected.map_err(|why| format!("gelf: cannot connect to GELF endpoint: {endpoint} {why}"))
            }
            Target::Fluentd(config) => match &config.receiver {
                fluentd::Receiver::Unix(path) => Wire::unix(path).await,
                fluentd::Receiver::Tcp(receiver) => Wire::tcp(receiver).await,
                fluentd::Receiver::Tls(receiver) => Wire::tls(receiver, settings(&Tls::default()).await?).await,
            },
            Target::Journald => Wire::unixgram(Path::new(journald::SOCKET)),
            Target::Splunk(_) => return Ok(()),
        };
        self.wire = Some((wire?, Instant::now()));
        Ok(())
    }

    /// Drops a connection that is of no use any more, so that the next one is made before anything is written.
    async fn look(&mut self) -> Result<(), Failure> {
        let interval = match &self.target {
            Target::Fluentd(config) => config.interval,
            _ => None,
        };
        let Some((wire, since)) = &mut self.wire else { return Ok(()) };
        match wire.condition().await {
            Condition::Broken(why) => return Err(Failure::new(format!("connection: {why}"))),
            Condition::HungUp => self.wire = None,
            Condition::Open if interval.is_some_and(|interval| since.elapsed() >= interval) => self.wire = None,
            Condition::Open => {}
        }
        Ok(())
    }

    async fn write(&mut self, messages: &[Message]) -> Result<(), Failure> {
        self.look().await?;
        if self.wire.is_none() {
            self.connect().await.map_err(Failure::new)?;
        }
        let Some((wire, _)) = &mut self.wire else { return Err(Failure::new("not connected")) };
        if wire.has_datagrams() {
            for (index, message) in messages.iter().enumerate() {
                datagram(&self.target, &self.info, &self.zone, wire, message)
                    .await
                    .map_err(|failure| Failure { sent: index, ..failure })?;
            }
            return Ok(());
        }
        match &self.target {
            Target::Fluentd(config) => {
                let written = write_fluentd(config, &self.info, wire, messages);
                let limit = config.timeout.unwrap_or(Duration::MAX);
                timeout(limit, written).await.unwrap_or_else(|_| Err("i/o timeout".into())).map_err(Failure::new)
            }
            target => {
                let pieces = messages
                    .iter()
                    .flat_map(|message| encode(target, &self.info, &self.zone, message).into_iter().flatten());
                let bytes: Vec<u8> = pieces.flatten().collect();
                wire.write(&bytes).await.map_err(|error| Failure::new(format!("write: {}", reason(&error))))
            }
        }
    }

    fn http(&mut self) -> Result<&Http, String> {
        let Target::Splunk(config) = &self.target else { return Err("no collector".into()) };
        if self.http.is_none() {
            let settings = config.tls.config().map_err(|fault| fault.message().to_owned())?;
            let builder = reqwest::Client::builder().timeout(ANSWER).tls_backend_preconfigured(settings);
            let client = builder.build().map_err(|error| fault::chain(&error))?;
            self.http = Some(Http { client, channel: channel() });
        }
        self.http.as_ref().ok_or_else(|| "no collector".into())
    }

    async fn verify(&mut self) -> Result<()> {
        let Target::Splunk(config) = &self.target else { return Ok(()) };
        let url = config.url.clone();
        let client = self.http().map_err(told)?.client.clone();
        let answer = client.request(reqwest::Method::OPTIONS, &url).send().await;
        let answer = answer.map_err(|error| refused(format!("Options {}: {}", human::quote(&url), cause(&error))))?;
        match answer.status() {
            reqwest::StatusCode::OK => Ok(()),
            status => {
                let text = answer.text().await.unwrap_or_default();
                Err(refused(format!("splunk: failed to verify connection - {status} - {}", begin(&text))))
            }
        }
    }

    async fn post(&mut self, messages: &[Message]) -> Result<(), Failure> {
        self.http().map_err(Failure::new)?;
        let (Target::Splunk(config), Some(http)) = (&self.target, &self.http) else { return Ok(()) };
        let body = config.encode(&self.info, messages).map_err(|error| Failure::new(error.to_string()))?;
        if body.is_empty() {
            return Ok(());
        }
        let answer = request(config, http, body).send().await.map_err(|error| Failure::new(cause(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = answer.text().await.unwrap_or_default();
        let why = format!("splunk: failed to send events - {status} - {}", begin(&text));
        // What is malformed or too large for the collector is so the next time.
        let hopeless = matches!(status.as_u16(), 400 | 413);
        Err(Failure { hopeless: if hopeless { messages.len() } else { 0 }, ..Failure::new(why) })
    }
}

fn told(why: impl std::fmt::Display) -> Fault {
    refused(why)
}

fn begin(text: &str) -> String {
    text.chars().take(TOLD).collect()
}

fn request(config: &splunk::Config, http: &Http, body: Vec<u8>) -> reqwest::RequestBuilder {
    let mut request = http.client.post(&config.url).header("Authorization", format!("Splunk {}", config.token));
    if config.is_packed() {
        request = request.header("Content-Encoding", "gzip");
    }
    if config.has_channel {
        request = request.header("X-Splunk-Request-Channel", &http.channel);
    }
    request.body(body)
}

/// The innermost cause, in Go's words where it is the system's.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    match inner.downcast_ref::<std::io::Error>() {
        Some(error) => format!("dial tcp: connect: {}", reason(error)),
        None => inner.to_string(),
    }
}

/// A name that nobody else has: a random UUID (RFC 9562, version 4).
fn channel() -> String {
    let mut random = [0; 16];
    // Where the kernel has no randomness, the name is a poor one and serves all the same.
    let _ = getrandom::fill(&mut random);
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

async fn settings(tls: &Tls) -> Result<Arc<rustls::ClientConfig>, String> {
    let tls = tls.clone();
    let read = tokio::task::spawn_blocking(move || tls.config()).await.map_err(|error| error.to_string())?;
    read.map(Arc::new).map_err(|fault| fault.message().to_owned())
}

async fn local_syslog() -> Result<Wire, String> {
    for path in SYSLOGS.map(Path::new) {
        if let Ok(wire) = Wire::unixgram(path) {
            return Ok(wire);
        }
        if let Ok(wire) = Wire::unix(path).await {
            return Ok(wire);
        }
    }
    Err("Unix syslog delivery error".into())
}

/// The datagrams, or pieces of a stream, of a message; nothing where it cannot be expressed.
fn encode(target: &Target, info: &Info, zone: &TimeZone, message: &Message) -> Option<Vec<Vec<u8>>> {
    match target {
        Target::Syslog(config) => Some(config.encode(info, message, zone).into_iter().collect()),
        Target::Gelf(config) => config.encode(info, message, message_id()),
        Target::Journald => Some(vec![journald::encode(info, message)]),
        Target::Fluentd(config) => Some(vec![config.encode(info, message, None)]),
        Target::Splunk(_) => Some(Vec::new()),
    }
}

fn message_id() -> [u8; 8] {
    let mut id = [0; 8];
    // As above.
    let _ = getrandom::fill(&mut id);
    id
}

async fn datagram(
    target: &Target,
    info: &Info,
    zone: &TimeZone,
    wire: &mut Wire,
    message: &Message,
) -> Result<(), Failure> {
    let too_large = || Failure { hopeless: 1, ..Failure::new("write: message too long") };
    for bytes in encode(target, info, zone, message).ok_or_else(too_large)? {
        wire.write(&bytes).await.map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::MSGSIZE.raw_os_error() => too_large(),
            _ => Failure::new(format!("write: {}", reason(&error))),
        })?;
    }
    Ok(())
}

async fn write_fluentd(
    config: &fluentd::Config,
    info: &Info,
    wire: &mut Wire,
    messages: &[Message],
) -> Result<(), String> {
    let told = |error: std::io::Error| format!("write: {}", reason(&error));
    if !config.acknowledged {
        let bytes: Vec<u8> = messages.iter().flat_map(|message| config.encode(info, message, None)).collect();
        return wire.write(&bytes).await.map_err(told);
    }
    for message in messages {
        let chunk = channel();
        wire.write(&config.encode(info, message, Some(&chunk))).await.map_err(told)?;
        acknowledged(wire, &chunk).await?;
    }
    Ok(())
}

/// Waits for the receiver's word that it has a message.
async fn acknowledged(wire: &mut Wire, chunk: &str) -> Result<(), String> {
    let mut answer = Vec::new();
    let mut space = [0; ACKNOWLEDGEMENT];
    while answer.len() < ACKNOWLEDGEMENT {
        match wire.read(&mut space).await {
            Ok(0) => return Err("the receiver hung up before it acknowledged".into()),
            Ok(count) => answer.extend_from_slice(&space[..count]),
            Err(error) => return Err(format!("read the acknowledgement: {}", reason(&error))),
        }
        match fluentd::acknowledgement(&answer) {
            Some(name) if name == chunk => return Ok(()),
            Some(_) => return Err("the receiver acknowledged something else".into()),
            None => {}
        }
    }
    Err("the receiver answered with something else than an acknowledgement".into())
}

#[cfg(test)]
#[path = "sink_test.rs"]
mod tests;
