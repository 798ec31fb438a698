//! Where the server listens: `-H unix://…`, `-H tcp://…`, `-H fd://`.

mod activation;
mod address;
mod group;
mod tcp;
mod tls;
mod unix;

use std::io;
use std::path::PathBuf;

use tokio::net::{TcpListener, TcpStream, UnixListener};

use crate::socket::Stream;
use address::Address;
pub(crate) use tls::Door as TlsDoor;
pub use tls::{Tls, TlsError};

/// An open socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: ListenSocket,
    /// Removes the socket's file at the end, where we made one.
    pub(crate) _file: Option<unix::SocketFile>,
}

#[derive(Debug)]
pub(crate) enum ListenSocket {
    Unix(UnixListener),
    Tcp(TcpListener, Option<TlsDoor>),
}

/// A client at the door.
pub(crate) enum Visitor {
    /// It may speak at once.
    Plain(Stream),
    /// It has to go through the handshake first.
    Handshake(TcpStream, TlsDoor),
}

/// The server cannot listen as told.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The text is not an address.
    #[error("invalid bind address ({0}): expected unix://<path>, tcp://<host>:<port> or fd://")]
    Address(String),
    /// The certificates cannot be used.
    #[error("invalid TLS configuration: {0}")]
    Tls(#[from] TlsError),
    /// Another daemon answers there.
    #[error("listen on unix://{}: another daemon answers there", .0.display())]
    InUse(PathBuf),
    /// A group that was named does not exist.
    #[error("listen on unix://{}: group {group} is not in /etc/group", path.display())]
    NoGroup {
        /// The socket's path.
        path: PathBuf,
        /// The group's name.
        group: String,
    },
    /// systemd has handed over nothing.
    #[error("listen on fd://: no sockets were handed over (LISTEN_FDS); start this by its systemd socket unit")]
    NothingHandedOver,
    /// The host refused.
    #[error("listen on {address}: {step}")]
    Host {
        /// As given.
        address: String,
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// Opens all listeners, or none: what was opened is closed when one fails.
///
/// `group` owns the unix sockets; without one it is `docker`, where that exists. With `tls` all TCP is encrypted.
///
/// # Errors
/// Certificates that cannot be used, and the first address that cannot be listened on.
pub async fn listen(hosts: &[String], group: Option<&str>, tls: Option<&Tls>) -> Result<Vec<Listener>, ListenError> {
    let door = tls.map(TlsDoor::open).transpose()?;
    let mut listeners = Vec::new();
    for host in hosts {
        match Address::parse(host)? {
            Address::Unix(path) => listeners.push(unix::listen(&path, group)?),
            Address::Tcp(address) => listeners.extend(tcp::listen(&address, door.as_ref()).await?),
            Address::HandedOver(which) => listeners.extend(activation::take(&which, door.as_ref())?),
        }
    }
    Ok(listeners)
}

impl Listener {
    /// Waits for a client.
    pub(crate) async fn accept(&self) -> io::Result<Visitor> {
        match &self.socket {
            ListenSocket::Unix(listener) => {
                listener.accept().await.map(|(stream, _)| Visitor::Plain(Stream::Unix(stream)))
            }
            ListenSocket::Tcp(listener, door) => listener.accept().await.map(|(stream, _)| match door {
                None => Visitor::Plain(Stream::Tcp(stream)),
                Some(door) => Visitor::Handshake(stream, door.clone()),
            }),
        }
    }
}
