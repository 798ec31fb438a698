//! A netlink socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use crate::Error;
use crate::wire::{self, Message};

/// The kernel answers at once; a request that hangs longer than this is a fault of the kernel's, and nobody may wait
/// for it for ever.
const PATIENCE: Duration = Duration::from_secs(20);
/// No message of the kernel's is longer (`NLMSG_GOODSIZE`, and `max_recvmsg_len` for dumps), in bytes.
const LONGEST: usize = 32 << 10;

/// Which part of the kernel a socket talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Links, addresses, routes (rtnetlink(7)).
    Route,
    /// nftables and connection tracking.
    Netfilter,
}

/// A netlink socket of the network namespace in which the calling thread was when it was opened.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    port: u32,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Socket {
    /// Opens a socket for requests.
    pub fn open(family: Family) -> Result<Self, Error> {
        Self::subscribe(family, 0)
    }

    /// Opens a socket that also receives what the kernel tells the multicast `groups`: bit n is group n + 1.
    pub fn subscribe(family: Family, groups: u32) -> Result<Self, Error> {
        let protocol = match family {
            Family::Route => None,
            Family::Netfilter => Some(netlink::NETFILTER),
        };
        let fd = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)
            .map_err(at("open"))?;
        rustix::net::bind(&fd, &SocketAddrNetlink::new(0, groups)).map_err(at("bind"))?;
        let own = rustix::net::getsockname(&fd).map_err(at("get the port"))?;
        let own = SocketAddrNetlink::try_from(own).map_err(at("get the port"))?;
        sockopt::set_socket_timeout(&fd, sockopt::Timeout::Recv, Some(PATIENCE)).map_err(at("set the deadline"))?;
        // Only nicer words in errors: not worth a failure on a kernel without it.
        let _ = sys::sockopt::netlink_explain(fd.as_fd());
        Ok(Self { fd, port: own.pid(), sequence: 0, buffer: vec![0; LONGEST] })
    }

    /// The socket's port, which the kernel gives as the cause of what it tells others.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// The descriptor, to wait on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The sequence number for the next message.
    pub fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        self.sequence
    }

    /// Sends messages to the kernel in one piece. The kernel has handled them when this returns.
    pub fn send(&self, bytes: &[u8]) -> Result<(), Error> {
        self.make_room(bytes.len());
        retry(|| rustix::net::sendto(&self.fd, bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)))
            .map_err(at("send"))?;
        Ok(())
    }

    /// Waits for the next datagram from the kernel.
    pub fn receive(&mut self) -> Result<&[u8], Error> {
        self.receive_with(RecvFlags::empty())
    }

    /// The next datagram from the kernel if there is one already.
    pub fn receive_now(&mut self) -> Result<Option<&[u8]>, Error> {
        match self.receive_with(RecvFlags::DONTWAIT) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is(rustix::io::Errno::AGAIN) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a dump request made by `write` and hands each object to `each`. A dump that a change disturbs is repeated
    /// a few times, from the start: `each` must bear to see an object twice.
    pub fn dump(
        &mut self,
        step: &str,
        write: impl Fn(&mut wire::Writer, u32),
        mut each: impl FnMut(&Message<'_>),
    ) -> Result<(), Error> {
        const TRIES: usize = 5;
        for _ in 0..TRIES {
            let sequence = self.next_sequence();
            let mut writer = wire::Writer::new();
            write(&mut writer, sequence);
            self.send(writer.bytes())?;
            if self.dump_once(step, sequence, &mut each)? {
                return Ok(());
            }
        }
        // Holes are better than nothing: who looks for a certain object treats it as absent.
        Ok(())
    }

    /// Whether the dump was undisturbed.
    fn dump_once(&mut self, step: &str, sequence: u32, each: &mut impl FnMut(&Message<'_>)) -> Result<bool, Error> {
        let mut undisturbed = true;
        loop {
            for message in wire::messages(self.receive()?).filter(|message| message.sequence == sequence) {
                undisturbed &= message.flags & wire::DUMP_INTERRUPTED == 0;
                match message.kind {
                    wire::DONE => return Ok(undisturbed),
                    wire::ERROR => {
                        check(step, &message)?;
                        return Ok(undisturbed);
                    }
                    _ => each(&message),
                }
            }
        }
    }

    fn receive_with(&mut self, flags: RecvFlags) -> Result<&[u8], Error> {
        let length = retry(|| rustix::net::recv(&self.fd, self.buffer.as_mut_slice(), flags).map(|(n, _)| n))
            .map_err(at("receive"))?;
        Ok(&self.buffer[..length])
    }

    /// A message must fit into the send buffer. Forced, since the usual limit is some hundred kilobytes.
    fn make_room(&self, length: usize) {
        const USUAL: usize = 64 << 10;
        if length > USUAL {
            let _ = sockopt::set_socket_send_buffer_size_force(&self.fd, length + USUAL);
        }
    }
}

/// The error that an error message carries, if any.
pub(crate) fn check(step: &str, message: &Message<'_>) -> Result<(), Error> {
    match wire::verdict(message) {
        Some((0, _)) => Ok(()),
        Some((errno, explanation)) => {
            Err(Error::Refused { step: step.into(), explanation, source: io::Error::from_raw_os_error(errno) })
        }
        None => Err(Error::Malformed { step: step.into() }),
    }
}

fn at(step: &'static str) -> impl FnOnce(rustix::io::Errno) -> Error {
    move |errno| Error::Socket { step, source: errno.into() }
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            done => return done,
        }
    }
}
