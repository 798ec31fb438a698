//! Socket options that no library offers safely.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Makes a netlink socket say in words why it refuses, and spares it the echo of refused requests (netlink(7)).
pub fn netlink_explain(socket: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, &1i32)?;
    set(socket, libc::SOL_NETLINK, libc::NETLINK_CAP_ACK, &1i32)
}

/// Makes a socket ignore all that arrives (socket(7), `SO_ATTACH_FILTER`): it holds its address and nothing else.
///
/// A listening TCP socket that drops the first packet of a handshake neither accepts nor refuses; the peer tries again
/// later.
pub fn deaf(socket: BorrowedFd<'_>) -> io::Result<()> {
    // `ret 0`: keep no byte of any packet.
    let mut program = [libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: 0 }];
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // The kernel copies the program before the call returns, so `program` lives long enough.
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

/// setsockopt(2) with a value whose type the option asks for.
fn set<T>(socket: BorrowedFd<'_>, level: i32, option: i32, value: &T) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as it is borrowed; `value` is valid for reads of exactly the length
    // that is passed; the kernel keeps no pointer to it after the call.
    let done = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_deaf_socket_holds_its_port_and_hears_nothing() {
        let deaf_one = UdpSocket::bind("127.0.0.1:0").unwrap();
        deaf(deaf_one.as_fd()).unwrap();
        let address = deaf_one.local_addr().unwrap();
        assert_eq!(UdpSocket::bind(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"x", address).unwrap();
        deaf_one.set_nonblocking(true).unwrap();
        // Loopback delivers within the sender's call.
        assert_eq!(deaf_one.recv(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
