//! Conversations about links, addresses and routes.

use std::collections::HashMap;

use crate::link::{self, Address, Link};
use crate::request::Request;
use crate::route::{self, Route};
use crate::socket::{Family, Socket, check};
use crate::wire::Message;
use crate::{Error, wire};

/// A socket for links, addresses and routes of one network namespace.
#[derive(Debug)]
pub struct Rtnl {
    socket: Socket,
}

impl Rtnl {
    /// Opens a socket in the network namespace of the calling thread.
    pub fn open() -> Result<Self, Error> {
        Ok(Self { socket: Socket::open(Family::Route)? })
    }

    /// Sends all requests in one piece and waits for all answers. The kernel carries out each for itself, also those
    /// after one that it refuses; the first refusal is the error.
    pub fn run(&mut self, requests: Vec<Request>) -> Result<(), Error> {
        if requests.is_empty() {
            return Ok(());
        }
        let mut steps = HashMap::with_capacity(requests.len());
        let mut bytes = Vec::new();
        for request in requests {
            let sequence = self.socket.next_sequence();
            bytes.extend_from_slice(&request.encode(sequence));
            steps.insert(sequence, request.into_step());
        }
        self.socket.send(&bytes)?;
        self.collect(steps)
    }

    fn collect(&mut self, mut steps: HashMap<u32, String>) -> Result<(), Error> {
        let mut outcome = Ok(());
        while !steps.is_empty() {
            for message in wire::messages(self.socket.receive()?).filter(|message| message.kind == wire::ERROR) {
                if let Some(step) = steps.remove(&message.sequence) {
                    outcome = outcome.and(check(&step, &message));
                }
            }
        }
        outcome
    }

    /// The link with this name.
    pub fn link(&mut self, name: &str) -> Result<Option<Link>, Error> {
        let step = format!("look up link `{name}`");
        let sequence = self.socket.next_sequence();
        self.socket.send(&link::get_by_name(name, sequence))?;
        loop {
            let mut answers = wire::messages(self.socket.receive()?);
            if let Some(answer) = answers.find(|message| message.sequence == sequence) {
                return link_or_none(step, &answer);
            }
        }
    }

    /// All links.
    pub fn links(&mut self) -> Result<Vec<Link>, Error> {
        let mut links = HashMap::new();
        self.socket.dump("list links", link::list, |message| {
            links.extend(Link::parse(message.body).map(|link| (link.index, link)));
        })?;
        Ok(links.into_values().collect())
    }

    /// The IPv4 addresses of the link with this index.
    pub fn addresses(&mut self, index: u32) -> Result<Vec<Address>, Error> {
        let mut addresses = self.all_addresses()?;
        addresses.retain(|address| address.index == index);
        Ok(addresses)
    }

    /// The IPv4 addresses of all links.
    pub fn all_addresses(&mut self) -> Result<Vec<Address>, Error> {
        let mut addresses = Vec::new();
        self.socket.dump("list addresses", link::list_addresses, |message| {
            addresses.extend(Address::parse(message.body));
        })?;
        addresses.sort_unstable();
        addresses.dedup();
        Ok(addresses)
    }

    /// The IPv4 routes of all tables but the kernel's local one.
    pub fn routes(&mut self) -> Result<Vec<Route>, Error> {
        let mut routes = Vec::new();
        self.socket.dump("list routes", route::list, |message| routes.extend(Route::parse(message.body)))?;
        Ok(routes)
    }
}

fn link_or_none(step: String, answer: &Message<'_>) -> Result<Option<Link>, Error> {
    if answer.kind != wire::ERROR {
        return Link::parse(answer.body).map(Some).ok_or(Error::Malformed { step });
    }
    match check(&step, answer) {
        Err(error) if error.is(rustix::io::Errno::NODEV) => Ok(None),
        Err(error) => Err(error),
        Ok(()) => Ok(None),
    }
}
