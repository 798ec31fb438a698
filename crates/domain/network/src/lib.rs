//! Networks: the default bridge, addresses, published ports, network namespaces, name files.
//!
//! ```text
//!                     ┌ records (bridge, host, none) ── catalogue
//! engine ─► Networks ─┤ endpoints: who lives, with which address and ports
//!                     ├ Maker (thread): network namespaces with their links, made ahead of need
//!                     ├ Firewall: what our nftables table is to hold
//!                     └ Tender (thread): puts the table back when others change it; clears up later what need not be now
//! ```
//!
//! Invariants:
//! - A network namespace is held by descriptors alone. When the last process in it and the shim are gone, the kernel
//!   removes it and its link; nothing here waits for that.
//! - The table's elements are a function of the living endpoints. The table is never read back.
//! - An address and a port belong to one endpoint from attach, or adopt, to detach.
//! - Locks are taken in the order endpoints, firewall; none is held while waiting for the maker.

#![forbid(unsafe_code)]

mod bridge;
mod endpoint;
mod firewall;
mod flows;
mod ipam;
mod mac;
mod maker;
pub mod name_files;
mod networks;
mod ports;
mod record;
mod request;
mod reservation;
mod settings;
mod subnet;
mod sysctl;
mod tender;
mod unique;

pub use endpoint::{Endpoint, Protocol, PublishedPort};
pub use firewall::{foreign_drops, has_nftables};
pub use mac::Mac;
pub use networks::Networks;
pub use record::{Driver, Network};
pub use request::{Attach, Attachment, HostPort, PortRequest};
pub use settings::{BridgeSetting, DEFAULT_BRIDGE, Settings};
