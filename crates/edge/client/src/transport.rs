//! One connection to the daemon, whatever carries it.

use crate::ssh::Tunnel;
use crate::{Endpoint, Error, Settings, resolve};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// A connected stream.
pub(crate) enum Transport {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Ssh(Box<Tunnel>),
}

/// The half of a connection that reads.
pub type ReadHalf = tokio::io::ReadHalf<Stream>;
/// The half of a connection that writes; shutting it down closes only this direction.
pub type WriteHalf = tokio::io::WriteHalf<Stream>;

/// A connection whose kind does not matter any more.
pub struct Stream(pub(crate) Transport);

/// Why there is no connection.
pub(crate) enum Refused {
    /// Nobody was there.
    Dial(io::Error),
    /// Somebody was, and it went wrong then.
    Handshake(io::Error),
}

impl Stream {
    /// Connects, encrypted where the endpoint is TCP and the settings say how.
    pub(crate) async fn dial(settings: &Settings) -> Result<Stream, Refused> {
        let transport = match (&settings.endpoint, &settings.tls) {
            (Endpoint::Unix(path), _) => Transport::Unix(UnixStream::connect(path).await.map_err(Refused::Dial)?),
            (Endpoint::Tcp { authority }, None) => Transport::Tcp(connect_tcp(authority).await.map_err(Refused::Dial)?),
            (Endpoint::Tcp { authority }, Some(tls)) => {
                let stream = connect_tcp(authority).await.map_err(Refused::Dial)?;
                Transport::Tls(Box::new(tls.wrap(stream, authority).await.map_err(Refused::Handshake)?))
            }
            (Endpoint::Ssh(ssh), _) => {
                Transport::Ssh(Box::new(Tunnel::open(ssh, settings.own_session).map_err(Refused::Handshake)?))
            }
        };
        Ok(Stream(transport))
    }

    /// Connects for the request `verb` of `url`. Missing sockets and refused connections become [`Error::NoDaemon`].
    pub(crate) async fn connect(settings: &Settings, verb: &str, url: &str) -> Result<Stream, Error> {
        let endpoint = &settings.endpoint;
        Stream::dial(settings).await.map_err(|refused| match refused {
            Refused::Dial(source) if source.kind() == io::ErrorKind::PermissionDenied => Error::PermissionDenied {
                endpoint: endpoint.clone(),
                verb: capitalised(verb),
                url: format!("\"{}\"", full_url(endpoint, false, url)),
            },
            Refused::Dial(source) => Error::NoDaemon { endpoint: endpoint.clone(), source },
            Refused::Handshake(source) => Error::on_the_way(&asked(settings, verb, url), &source),
        })
    }
}

/// Go's words for a connection that was not made: `dial unix /x: connect: no such file or directory`.
pub(crate) fn refusal_to_connect(endpoint: &Endpoint, error: &io::Error) -> String {
    let text = error.to_string();
    // Only the system's own errors have numbers; all others say what they are about.
    let words = match error.raw_os_error() {
        Some(_) => text.split(" (os error").next().unwrap_or(&text).to_lowercase(),
        None => return text,
    };
    match endpoint {
        Endpoint::Unix(path) => format!("dial unix {}: connect: {words}", path.display()),
        Endpoint::Tcp { authority } => format!("dial tcp {authority}: connect: {words}"),
        Endpoint::Ssh(_) => words,
    }
}

/// A request as Go's client names it: `Get "https://h:2376/v1.51/info"`.
pub(crate) fn asked(settings: &Settings, verb: &str, url: &str) -> String {
    format!("{} \"{}\"", capitalised(verb), full_url(&settings.endpoint, settings.tls.is_some(), url))
}

fn full_url(endpoint: &Endpoint, tls: bool, url: &str) -> String {
    match endpoint {
        Endpoint::Unix(path) => format!("http://{}{url}", path.display().to_string().replace('/', "%2F")),
        Endpoint::Tcp { authority } => format!("{}://{authority}{url}", if tls { "https" } else { "http" }),
        Endpoint::Ssh(_) => format!("http://{}{url}", endpoint.host_header()),
    }
}

async fn connect_tcp(authority: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(&*resolve::addresses(authority).await?).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn capitalised(verb: &str) -> String {
    verb[..1].to_string() + &verb[1..].to_lowercase()
}

macro_rules! with_stream {
    ($self:ident, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().0 {
            Transport::Unix($stream) => $call,
            Transport::Tcp($stream) => $call,
            Transport::Tls($stream) => $call,
            Transport::Ssh($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        with_stream!(self, stream => Pin::new(stream).poll_write(cx, data))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
