//! Noticing that somebody else changed a table.

use std::os::fd::BorrowedFd;

use netlink::wire::{self, Message};
use netlink::{Family, Socket};

use crate::{Error, protocol};

/// `NFNLGRP_NFTABLES` as a bit.
const GROUP: u32 = 1 << 6;

/// Listens to all changes of rules in one network namespace.
#[derive(Debug)]
pub struct Watch {
    socket: Socket,
}

impl Watch {
    /// Begins to listen in the network namespace of the calling thread.
    pub fn open() -> Result<Self, Error> {
        Ok(Self { socket: Socket::subscribe(Family::Netfilter, GROUP)? })
    }

    /// The descriptor, to wait on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.fd()
    }

    /// Takes in all that has been told by now. Whether `table` was changed by another socket than that with the port
    /// `own`; also where so much was told that some of it got lost.
    pub fn touched_by_others(&mut self, table: &str, own: u32) -> Result<bool, Error> {
        let mut touched = false;
        loop {
            match self.socket.receive_now() {
                Ok(None) => return Ok(touched),
                Ok(Some(bytes)) => touched |= wire::messages(bytes).any(|change| is_foreign(&change, table, own)),
                Err(error) if error.is(rustix::io::Errno::NOBUFS) => touched = true,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Every change names its table in its first kind of attribute, but for the announcement of a new generation.
fn is_foreign(change: &Message<'_>, table: &str, own: u32) -> bool {
    change.port != own
        && change.kind != protocol::NEW_GENERATION
        && change.body.first() == Some(&protocol::INET)
        && change.body.get(4..).and_then(|rest| wire::attribute(rest, 1)).map(wire::text).as_deref() == Some(table)
}
