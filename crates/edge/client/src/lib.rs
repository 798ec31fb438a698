//! A client of the Engine API: one daemon, small requests, streams and hijacked connections.
//!
//! It speaks HTTP/1.1 over a Unix socket, TCP, TLS or ssh on a current-thread runtime, keeps one idle connection, and negotiates
//! the API version with the first request as Docker does. It knows no nouns: paths, queries and bodies are the
//! caller's; errors carry Docker's words.

#![forbid(unsafe_code)]

mod body;
mod client;
mod endpoint;
mod error;
mod hijack;
mod ping;
mod query;
mod resolve;
mod ssh;
mod tls;
mod transport;

pub use api::version::ApiVersion;
pub use body::{Body, JsonStream, Reader};
pub use client::{Client, Request, Settings};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use hijack::Hijacked;
pub use ping::Ping;
pub use query::Query;
pub use ssh::{OwnSession, Ssh, SshError};
pub use tls::{Certificates, Tls, TlsError};
pub use transport::{ReadHalf, WriteHalf};
