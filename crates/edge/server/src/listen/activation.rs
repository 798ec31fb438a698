//! Sockets that systemd has opened: sd_listen_fds(3).

use std::io;
use std::net::TcpListener as StdTcp;
use std::os::unix::net::UnixListener as StdUnix;

use rustix::net::{AddressFamily, sockopt};
use tokio::net::{TcpListener, UnixListener};

use super::{ListenError, ListenSocket, Listener};

/// Takes what was handed over: all with an empty `which`, else the one with that descriptor's number or that name.
pub(super) fn take(which: &str) -> Result<Vec<Listener>, ListenError> {
    let wanted =
        |number: i32, name: &str| which.is_empty() || which == "*" || which == name || which == number.to_string();
    let mut listeners = Vec::new();
    for handed in sys::activation::take().map_err(|error| failed("take over", error))? {
        if wanted(handed.number, &handed.name) {
            listeners.push(adopt(handed).map_err(|error| failed("use the socket", error))?);
        }
    }
    if listeners.is_empty() { Err(ListenError::NothingHandedOver) } else { Ok(listeners) }
}

fn failed(step: &'static str, source: io::Error) -> ListenError {
    ListenError::Host { address: "fd://".into(), step, source }
}

fn adopt(handed: sys::activation::Handed) -> io::Result<Listener> {
    let family = sockopt::socket_domain(&handed.fd)?;
    rustix::io::ioctl_fionbio(&handed.fd, true)?;
    let socket = if family == AddressFamily::UNIX {
        ListenSocket::Unix(UnixListener::from_std(StdUnix::from(handed.fd))?)
    } else {
        ListenSocket::Tcp(TcpListener::from_std(StdTcp::from(handed.fd))?)
    };
    // The file is systemd's.
    Ok(Listener { socket, _file: None })
}
