//! The conversation with the kernel.

use std::io;

use netlink::wire::{self, Writer};
use netlink::{Family, Socket};

use crate::chain::{self, Hook};
use crate::{Batch, Error, protocol};

/// A socket for transactions in one network namespace.
#[derive(Debug)]
pub struct Nft {
    socket: Socket,
}

impl Nft {
    /// Opens a socket in the network namespace of the calling thread.
    pub fn open() -> Result<Self, Error> {
        Ok(Self { socket: Socket::open(Family::Netfilter)? })
    }

    /// The socket's port: how [`crate::Watch`] tells our own changes from others'.
    pub fn port(&self) -> u32 {
        self.socket.port()
    }

    /// Carries out a transaction.
    pub fn commit(&mut self, batch: Batch<'_>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let (bytes, steps) = batch.finish();
        // Whatever an earlier, failed conversation has left behind.
        while let Ok(Some(_)) = self.socket.receive_now() {}
        self.socket.send(&bytes)?;
        self.answer(&steps)
    }

    /// The number of the current state of all rules in the namespace; grows with every transaction of anyone.
    pub fn generation(&mut self) -> Result<u32, Error> {
        let sequence = self.socket.next_sequence();
        let mut writer = Writer::new();
        writer.message(protocol::GET_GENERATION, wire::REQUEST, sequence);
        writer.raw(&[0, 0, 0, 0]);
        self.socket.send(writer.bytes())?;
        wire::messages(self.socket.receive()?)
            .filter(|message| message.kind == protocol::NEW_GENERATION)
            .find_map(|message| generation(message.body))
            .ok_or(Error::NoAnswer)
    }

    /// The table (`ip filter`) and the name of each chain, of anyone's, that drops at `hook` what no rule of it decided
    /// on: what one table accepts, another can still drop.
    pub fn dropping(&mut self, hook: Hook) -> Result<Vec<(String, String)>, Error> {
        let mut found = Vec::new();
        self.socket.dump("list chains", chain::list, |message| found.extend(chain::dropping(message.body, hook)))?;
        found.dedup();
        Ok(found)
    }

    /// All answers are in the queue by now: the kernel handles a transaction within the call that sends it. A
    /// refusal may be followed by more of them, which it has caused; the first is the one that matters.
    fn answer(&mut self, steps: &[String]) -> Result<(), Error> {
        let (mut refusal, mut confirmed) = (None, false);
        while let Some(bytes) = self.socket.receive_now()? {
            for message in wire::messages(bytes).filter(|message| message.kind == wire::ERROR) {
                match wire::verdict(&message) {
                    Some((0, _)) => confirmed |= message.sequence as usize == steps.len(),
                    Some((errno, _)) => refusal = refusal.or(Some((message.sequence, errno))),
                    None => {}
                }
            }
        }
        match refusal {
            Some((sequence, errno)) => Err(refused(steps, sequence, errno)),
            None if confirmed => Ok(()),
            None => Err(Error::NoAnswer),
        }
    }
}

fn refused(steps: &[String], sequence: u32, errno: i32) -> Error {
    let step = (sequence as usize).checked_sub(1).and_then(|index| steps.get(index));
    let step = step.cloned().unwrap_or_else(|| "commit".into());
    Error::Refused { step, source: io::Error::from_raw_os_error(errno) }
}

fn generation(body: &[u8]) -> Option<u32> {
    let value = wire::attribute(body.get(4..)?, protocol::generation::ID)?;
    Some(u32::from_be_bytes(value.try_into().ok()?))
}
