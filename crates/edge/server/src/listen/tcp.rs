//! TCP, plain or encrypted, only where it was asked for.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

use super::{ListenError, ListenSocket, Listener, TlsDoor};

/// Listens at `host:port`, where `host` is an address or `localhost`; other names are not resolved, since a static
/// binary must not ask NSS.
pub(super) async fn listen(address: &str, tls: Option<&TlsDoor>) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    for one in addresses(address).ok_or_else(|| ListenError::Address(format!("tcp://{address}")))? {
        let listener = bind(one).await.map_err(|source| ListenError::Host {
            address: format!("tcp://{one}"),
            step: "bind",
            source,
        })?;
        match tls {
            None => warn_of_plain(one),
            Some(door) if !door.asks_for_certificates() => warn_of_strangers(one),
            Some(_) => {}
        }
        listeners.push(Listener { socket: ListenSocket::Tcp(listener, tls.cloned()), _file: None });
    }
    Ok(listeners)
}

fn addresses(text: &str) -> Option<Vec<SocketAddr>> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host == "localhost" {
        return Some(vec![SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)]);
    }
    Some(vec![SocketAddr::new(host.parse().ok()?, port)])
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

fn warn_of_plain(address: SocketAddr) {
    tracing::warn!(
        "API is accessible on http://{address} without encryption. Access to the remote API is equivalent to root \
         access on the host: everyone who can connect to this port owns this machine. Use --tlsverify, or a unix socket and ssh://."
    );
    if !address.ip().is_loopback() {
        tracing::warn!("{address} is not a loopback address: other machines and the containers here may reach it");
    }
}

fn warn_of_strangers(address: SocketAddr) {
    tracing::warn!(
        "API is accessible on https://{address} without a client certificate: everyone who can connect to this port \
         owns this machine. Leave out --tlsverify=false."
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_resolved() {
        assert_eq!(addresses("127.0.0.1:80").unwrap()[0].port(), 80);
        assert!(addresses("[::1]:80").unwrap()[0].is_ipv6());
        assert!(addresses("localhost:80").unwrap()[0].ip().is_loopback());
        assert_eq!(addresses("example.com:80"), None);
    }
}
