//! One connection to the daemon, whatever carries it.

use crate::{Endpoint, Error};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A connected stream.
pub(crate) enum Transport {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// The half of a connection that reads.
pub type ReadHalf = tokio::io::ReadHalf<Stream>;
/// The half of a connection that writes; shutting it down closes only this direction.
pub type WriteHalf = tokio::io::WriteHalf<Stream>;

/// A connection whose kind does not matter any more.
pub struct Stream(pub(crate) Transport);

impl Stream {
    /// Connects to `endpoint`. Missing sockets and refused connections become [`Error::NoDaemon`].
    pub(crate) async fn connect(endpoint: &Endpoint, verb: &str, url: &str) -> Result<Stream, Error> {
        let result = match endpoint {
            Endpoint::Unix(path) => UnixStream::connect(path).await.map(Transport::Unix),
            Endpoint::Tcp { authority } => connect_tcp(authority).await.map(Transport::Tcp),
        };
        result.map(Stream).map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => Error::PermissionDenied {
                endpoint: endpoint.clone(),
                verb: capitalised(verb),
                url: format!("\"http://{}{url}\"", escaped_host(endpoint)),
            },
            _ => Error::NoDaemon { endpoint: endpoint.clone(), source },
        })
    }
}

/// Names are not looked up through the C library, which a static program must not do: `localhost` and addresses are
/// connected to directly, other names through `/etc/hosts`.
async fn connect_tcp(authority: &str) -> io::Result<TcpStream> {
    let stream = match authority.parse::<std::net::SocketAddr>() {
        Ok(address) => TcpStream::connect(address).await?,
        Err(_) => {
            let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "2375"));
            let port = port.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            TcpStream::connect((addresses_of(host)?, port)).await?
        }
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn addresses_of(host: &str) -> io::Result<std::net::IpAddr> {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let found = hosts.lines().filter_map(|line| host_line(line, host)).next();
    match (found, host) {
        (Some(address), _) => Ok(address),
        (None, "localhost") => Ok(std::net::Ipv4Addr::LOCALHOST.into()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("lookup {host}: no such host"))),
    }
}

fn host_line(line: &str, host: &str) -> Option<std::net::IpAddr> {
    let mut words = line.split('#').next()?.split_whitespace();
    let address = words.next()?.parse().ok()?;
    words.any(|name| name == host).then_some(address)
}

fn capitalised(verb: &str) -> String {
    verb[..1].to_string() + &verb[1..].to_lowercase()
}

fn escaped_host(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix(path) => path.display().to_string().replace('/', "%2F"),
        Endpoint::Tcp { authority } => authority.clone(),
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Transport::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Transport::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Transport::Unix(stream) => Pin::new(stream).poll_write(cx, data),
            Transport::Tcp(stream) => Pin::new(stream).poll_write(cx, data),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Transport::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Transport::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
