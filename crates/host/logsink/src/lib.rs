//! Log drivers beyond the container's own log file: their options, and the way of records to syslog, GELF, fluentd,
//! Splunk and the journal.
//!
//! ```text
//! options ── Plan::parse ──► Store: the local file        (written by the container's shim)
//!                            Target: where records go     (Sink, in the daemon)
//! Entry ── Assembler ──► Message ── encode (pure) ──► bytes ── Wire ──► the receiver
//! ```
//!
//! Options, tags and encodings are pure; only [`Sink`] and what it opens touch the world. Nothing here retries: who sends
//! decides when to come again, and what to do with a message that was not taken.

#![forbid(unsafe_code)]

mod address;
mod attributes;
mod fluentd;
mod gelf;
mod info;
mod journald;
mod message;
mod options;
mod plan;
mod reason;
mod resolve;
mod sink;
mod splunk;
mod store;
mod syslog;
mod tag;
mod tls;
mod wire;

pub use attributes::Attributes;
pub use info::Info;
pub use message::{Assembler, Message, Partial};
pub use options::Options;
pub use plan::{DRIVERS, Mode, Patience, Plan, Target};
pub use sink::{Failure, Sink};
pub use store::Store;
pub use tag::tag;
