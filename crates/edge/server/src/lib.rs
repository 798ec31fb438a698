//! The Engine API over HTTP.
//!
//! ```text
//! listen   sockets: unix, tcp (plain or TLS), handed over by systemd
//!   └ serve      accepts, one task for each connection, stops gracefully
//!       └ socket     one stream of bytes, with the deadline of its first request
//!           └ dispatch   one request: guard, version, route; panics end here
//!               └ route      the table of contents; one file for each noun
//!                   ├ request    what a request says: query, body, names, credentials
//!                   ├ (engine)   the action
//!                   └ answer     what is answered: JSON, progress, frames, errors
//!                       ├ older      the newest bodies as older versions know them
//!                       └ hijack     connections that turn into a byte stream
//! ```
//!
//! Beside the API: `metrics` for collectors.
//!
//! The server knows HTTP and the versions of the API; what a request does is the engine's to know
//! ([`engine::Actions`]).

#![forbid(unsafe_code)]

mod answer;
mod dispatch;
mod guard;
mod hijack;
mod limits;
mod listen;
mod metrics;
mod older;
mod percent;
mod quiet;
mod request;
mod route;
mod serve;
mod socket;

pub use limits::Limits;
pub use listen::{ListenError, Listener, Tls, TlsError, listen};
pub use metrics::{listen_for_metrics, serve_metrics};
pub use serve::{serve, serve_with};
