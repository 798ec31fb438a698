//! Connections to receivers.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream};
use tokio::time::timeout;

use crate::address::HostPort;
use crate::reason::reason;
use crate::resolve::resolve;

/// How long a connection may take until it is made, its names and its handshake included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a receiver may take to accept what is sent.
const WRITE: Duration = Duration::from_secs(30);

/// A stream of bytes in both directions.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection.
pub(crate) enum Wire {
    Udp(UdpSocket),
    Unixgram(UnixDatagram),
    Stream(Box<dyn Duplex>),
}

impl Wire {
    /// Connects by UDP. The error is Go's text.
    pub(crate) async fn udp(receiver: &HostPort) -> Result<Self, String> {
        dial("udp", receiver, async |address| {
            let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(any).await?;
            socket.connect(address).await?;
            Ok(Self::Udp(socket))
        })
        .await
    }

    /// Connects by TCP.
    pub(crate) async fn tcp(receiver: &HostPort) -> Result<Self, String> {
        Ok(Self::Stream(Box::new(tcp(receiver).await?)))
    }

    /// Connects by TLS over TCP.
    pub(crate) async fn tls(receiver: &HostPort, config: Arc<rustls::ClientConfig>) -> Result<Self, String> {
        let host = if receiver.host.is_empty() { "localhost" } else { &receiver.host };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| format!("tls: {host:?}: {error}"))?;
        let stream = tcp(receiver).await?;
        let handshake = timeout(CONNECT, tokio_rustls::TlsConnector::from(config).connect(name, stream));
        match handshake.await {
            Ok(Ok(stream)) => Ok(Self::Stream(Box::new(stream))),
            Ok(Err(error)) => Err(format!("tls: {}: {}", receiver.show(), reason(&error))),
            Err(_) => Err(format!("tls: {}: handshake timeout", receiver.show())),
        }
    }

    /// Connects to a socket in the file system.
    pub(crate) async fn unix(path: &Path) -> Result<Self, String> {
        match UnixStream::connect(path).await {
            Ok(stream) => Ok(Self::Stream(Box::new(stream))),
            Err(error) => Err(format!("dial unix {}: connect: {}", path.display(), reason(&error))),
        }
    }

    /// The same for a socket of datagrams.
    pub(crate) fn unixgram(path: &Path) -> Result<Self, String> {
        let socket = UnixDatagram::unbound().and_then(|socket| socket.connect(path).map(|()| socket));
        socket
            .map(Self::Unixgram)
            .map_err(|error| format!("dial unixgram {}: connect: {}", path.display(), reason(&error)))
    }

    /// Whether each write is a message of its own.
    pub(crate) fn has_datagrams(&self) -> bool {
        !matches!(self, Self::Stream(_))
    }

    /// Sends bytes: all of them when it succeeds.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = async {
            match self {
                Self::Udp(socket) => send_udp(socket, bytes).await,
                Self::Unixgram(socket) => socket.send(bytes).await.map(drop),
                Self::Stream(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
            }
        };
        timeout(WRITE, written).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads an answer; no bytes where the receiver has closed.
    pub(crate) async fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Self::Stream(stream) = self else { return Err(io::ErrorKind::Unsupported.into()) };
        timeout(WRITE, stream.read(out)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// What has become of the connection, as far as is known by now. What is written to one that is over is lost
    /// without an error.
    pub(crate) async fn condition(&mut self) -> Condition {
        let Self::Stream(stream) = self else { return Condition::Open };
        let mut space = [0; 4096];
        // A moment of nothing: one look.
        match timeout(Duration::ZERO, stream.read(&mut space)).await {
            Ok(Ok(0)) => Condition::HungUp,
            Ok(Ok(_)) | Err(_) => Condition::Open,
            Ok(Err(error)) => Condition::Broken(reason(&error)),
        }
    }
}

/// A connection's state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It can be used.
    Open,
    /// The receiver has closed it.
    HungUp,
    /// It has failed, and why: over TLS 1.3 that is how a receiver says that it does not trust us.
    Broken(String),
}

/// That nobody listened to an earlier datagram is told at a later one, which was not sent; and it may be so again. Who
/// chooses UDP does not wait for a receiver.
async fn send_udp(socket: &UdpSocket, bytes: &[u8]) -> io::Result<()> {
    for _ in 0..2 {
        match socket.send(bytes).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            result => return result.map(drop),
        }
    }
    Ok(())
}

async fn tcp(receiver: &HostPort) -> Result<TcpStream, String> {
    let stream = dial("tcp", receiver, async |address| TcpStream::connect(address).await).await?;
    // Fails only where the connection is gone already, which the first write tells.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Tries the receiver's addresses one after the other.
async fn dial<T>(
    network: &str,
    receiver: &HostPort,
    connect: impl AsyncFn(std::net::SocketAddr) -> io::Result<T>,
) -> Result<T, String> {
    let found = timeout(CONNECT, resolve(receiver)).await.unwrap_or_else(|_| Err(io::Error::other("i/o timeout")));
    let addresses = found.map_err(|error| format!("dial {network}: {}", reason(&error)))?;
    let mut last = format!("dial {network}: lookup {}: no such host", receiver.host);
    for address in addresses {
        last = match timeout(CONNECT, connect(address)).await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => format!("dial {network} {address}: connect: {}", reason(&error)),
            Err(_) => format!("dial {network} {address}: i/o timeout"),
        };
    }
    Err(last)
}
