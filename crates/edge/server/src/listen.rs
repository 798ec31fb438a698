//! Where the server listens: `-H unix://…`, `-H tcp://…`, `-H fd://`.

mod activation;
mod address;
mod group;
mod tcp;
mod unix;

use std::io;
use std::path::PathBuf;

use tokio::net::{TcpListener, UnixListener};

use crate::socket::Stream;
use address::Address;

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
    Tcp(TcpListener),
}

/// The server cannot listen as told.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The text is not an address.
    #[error("invalid bind address ({0}): expected unix://<path>, tcp://<host>:<port> or fd://")]
    Address(String),
    /// Encrypted TCP is not there yet.
    #[error("listen on {0}: TLS is not implemented yet; use ssh:// from the client, or a unix socket")]
    Tls(String),
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
/// `group` owns the unix sockets; without one it is `docker`, where that exists.
///
/// # Errors
/// The first address that cannot be listened on.
pub async fn listen(hosts: &[String], group: Option<&str>) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    for host in hosts {
        match Address::parse(host)? {
            Address::Unix(path) => listeners.push(unix::listen(&path, group)?),
            Address::Tcp(address) => listeners.extend(tcp::listen(&address).await?),
            Address::HandedOver(which) => listeners.extend(activation::take(&which)?),
        }
    }
    Ok(listeners)
}

impl Listener {
    /// Waits for a client.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            ListenSocket::Unix(listener) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
            ListenSocket::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
        }
    }
}
