//! Sockets that hold ports of the host.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::endpoint::Protocol;

/// Binds a socket to a port of the host, so that nobody else can, as long as it is open.
///
/// It never takes part in the traffic, which the firewall translates before it could reach a socket of the host. In the
/// moment when the rules are missing (somebody flushed them) it stays silent, so that peers try again instead of being
/// refused.
pub fn hold(proto: Protocol, ip: Ipv4Addr, port: u16) -> Result<OwnedFd, Errno> {
    let kind = match proto {
        Protocol::Tcp => SocketType::STREAM,
        Protocol::Udp => SocketType::DGRAM,
        Protocol::Sctp => return Err(Errno::PROTONOSUPPORT),
    };
    let socket = rustix::net::socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None)?;
    sys::sockopt::deaf(socket.as_fd()).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
    if proto == Protocol::Tcp {
        // Remains of closed connections (TIME_WAIT) are no reason to refuse the port; a listener still is.
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    rustix::net::bind(&socket, &SocketAddrV4::new(ip, port))?;
    if proto == Protocol::Tcp {
        rustix::net::listen(&socket, 1)?;
    }
    Ok(socket)
}

/// The cause in the words of Docker's errors.
pub fn in_words(errno: Errno) -> String {
    match errno {
        Errno::ADDRINUSE => "address already in use".into(),
        Errno::ADDRNOTAVAIL => "cannot assign requested address".into(),
        Errno::ACCESS => "permission denied".into(),
        Errno::MFILE | Errno::NFILE => "too many open files".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A port that the kernel has chosen, held from the beginning.
    fn held(proto: Protocol) -> (OwnedFd, u16) {
        let held = hold(proto, Ipv4Addr::LOCALHOST, 0).unwrap();
        let port = SocketAddrV4::try_from(rustix::net::getsockname(&held).unwrap()).unwrap().port();
        (held, port)
    }

    #[test]
    fn a_held_port_is_taken_for_all_others() {
        for proto in [Protocol::Tcp, Protocol::Udp] {
            let (_socket, port) = held(proto);
            assert_eq!(hold(proto, Ipv4Addr::LOCALHOST, port).unwrap_err(), Errno::ADDRINUSE);
            assert_eq!(hold(proto, Ipv4Addr::UNSPECIFIED, port).unwrap_err(), Errno::ADDRINUSE);
            // A stranger may be given the port in between, but not each time.
            let is_free_again = |_| {
                let (socket, port) = held(proto);
                drop(socket);
                hold(proto, Ipv4Addr::LOCALHOST, port).is_ok()
            };
            assert!((0..10).any(is_free_again));
        }
        assert_eq!(hold(Protocol::Tcp, Ipv4Addr::new(192, 0, 2, 1), 80).unwrap_err(), Errno::ADDRNOTAVAIL);
    }
}
