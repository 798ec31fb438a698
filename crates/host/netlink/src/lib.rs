//! A small synchronous netlink socket, and the link, address, route and conntrack messages used here.
//!
//! Requests for links, addresses and routes are built with the types of `netlink-packet-route`. Answers are read with
//! our own walk over attributes, which takes the few it knows and steps over the rest: what the kernel says of a foreign
//! object can never fail the set-up of ours.
//!
//! A socket belongs to the network namespace in which its thread was when it was opened, for ever.

#![forbid(unsafe_code)]

pub mod conntrack;
mod error;
mod link;
mod request;
mod route;
mod rtnl;
mod socket;
pub mod wire;

pub use error::Error;
pub use link::{Address, Link};
pub use request::{Change, Mac, Request, Veth};
pub use route::Route;
pub use rtnl::Rtnl;
pub use socket::{Family, Socket};
