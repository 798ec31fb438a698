//! Sockets that systemd has opened: sd_listen_fds(3).
//!
//! `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` say that the descriptors from 3 on are listening sockets for the
//! process with that id.

use std::io;
use std::net::TcpListener as StdTcp;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixListener as StdUnix;

use rustix::net::{AddressFamily, sockopt};
use tokio::net::{TcpListener, UnixListener};

use super::{ListenError, ListenSocket, Listener, TlsDoor};

/// The first descriptor: `SD_LISTEN_FDS_START`.
const FIRST: RawFd = 3;

/// More are not believed.
const MOST: RawFd = 1024;

/// Takes what was handed over: all with an empty `which`, else the one with that descriptor's number or that name.
pub(super) fn take(which: &str, tls: Option<&TlsDoor>) -> Result<Vec<Listener>, ListenError> {
    let failed = |source| ListenError::Host { address: "fd://".into(), step: "take over the sockets", source };
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let mine = variable("LISTEN_PID") == std::process::id().to_string();
    let count = if mine { variable("LISTEN_FDS") } else { String::new() };
    let numbers = numbers(&count, &variable("LISTEN_FDNAMES"), which);
    if numbers.is_empty() {
        return Err(ListenError::NothingHandedOver);
    }
    numbers
        .into_iter()
        .map(|number| adopt(sys::inherited::take(number)?, tls))
        .collect::<io::Result<_>>()
        .map_err(failed)
}

/// The numbers of the descriptors that are meant.
fn numbers(count: &str, names: &str, which: &str) -> Vec<RawFd> {
    let count = count.parse::<RawFd>().unwrap_or(0).clamp(0, MOST);
    let names = names.split(':').chain(std::iter::repeat(""));
    let all = (FIRST..FIRST + count).zip(names);
    let meant = |number: RawFd, name: &str| matches!(which, "" | "*") || which == name || which == number.to_string();
    all.filter(|&(number, name)| meant(number, name)).map(|(number, _)| number).collect()
}

fn adopt(socket: OwnedFd, tls: Option<&TlsDoor>) -> io::Result<Listener> {
    rustix::io::ioctl_fionbio(&socket, true)?;
    let socket = if sockopt::socket_domain(&socket)? == AddressFamily::UNIX {
        ListenSocket::Unix(UnixListener::from_std(StdUnix::from(socket))?)
    } else {
        ListenSocket::Tcp(TcpListener::from_std(StdTcp::from(socket))?, tls.cloned())
    };
    // The file is systemd's.
    Ok(Listener { socket, _file: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_named_by_number_and_by_name() {
        assert_eq!(numbers("2", "api:metrics", ""), [3, 4]);
        assert_eq!(numbers("2", "api:metrics", "metrics"), [4]);
        assert_eq!(numbers("2", "", "3"), [3]);
        assert_eq!(numbers("2", "", "other"), [0; 0]);
        assert_eq!(numbers("-5", "", ""), [0; 0]);
        assert_eq!(numbers("x", "", ""), [0; 0]);
        assert_eq!(numbers("99999999", "", "").len(), 1024);
    }
}
