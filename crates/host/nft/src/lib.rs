//! Encodes nftables transactions and sends them over netlink.
//!
//! Write-only: rulesets are never read back and parsed (but for the policies of chains, which are facts about the host). The caller knows what its table holds, sends changes as one
//! atomic [`Batch`], and is told by a [`Watch`] when somebody else touched the table; then it sends the whole table again.
//!
//! ```text
//! Batch ── table, maps, chains, rules, elements ──► Nft::commit ──► kernel: all of it or nothing
//! Watch ◄── "table `x` was changed by another socket" ───────────── kernel
//! ```
//!
//! Message layouts are those of `include/uapi/linux/netfilter/nf_tables.h`; numbers in attributes are in network order,
//! data in registers mostly in host order, as the kernel's expressions leave them there.

#![forbid(unsafe_code)]

mod batch;
mod chain;
mod error;
mod expr;
mod map;
mod protocol;
mod rule;
mod socket;
mod watch;

pub use batch::Batch;
pub use chain::{Base, Chain, Hook, Kind, Policy};
pub use error::Error;
pub use expr::Field;
pub use map::{Element, Map, Type, Value};
pub use rule::{Rule, state, status};
pub use socket::Nft;
pub use watch::Watch;
