//! Speaks the distribution API to image registries.
//!
//! A [`Client`] belongs to a daemon, a [`Repository`] to one pull. Everything that a registry says is checked or
//! bounded: manifests are verified against their digests, blobs against their announced length (their hash is the
//! caller's, who streams them), every wait has a deadline and every retry a bound.
//!
//! Four rules hold whatever a registry answers:
//! - Plain HTTP is spoken to hosts that are marked insecure only ([`InsecureHost`]; loopback is by default), and only
//!   where nothing spoke TLS when HTTPS was tried first (CVE-2014-5277).
//! - `Authorization` stays with the scheme, host and port it is for: no redirect takes it along, and URLs in manifests
//!   are never asked (CVE-2020-15157).
//! - A challenge counts only from the registry itself. A registry with a verified certificate may name any token realm
//!   on HTTPS, as Docker allows: it could as well ask for the password itself. Where nothing proves who the registry is,
//!   the password goes to the registry's own host only, or to hosts listed in [`Settings::realms`].
//! - The default registry's credentials are not for its mirrors.

#![forbid(unsafe_code)]

mod access;
mod auth;
mod blob;
mod body;
mod certificates;
mod client;
mod dial;
mod dns;
mod endpoint;
mod error;
mod insecure;
mod refusal;
mod repository;
mod retry;
mod settings;
mod wire;

pub use auth::AuthConfig;
pub use blob::Blob;
pub use client::Client;
pub use dial::{Cause, CauseKind};
pub use error::Error;
pub use insecure::{InsecureHost, InsecureHostError};
pub use refusal::{Code, Refusal};
pub use repository::{Fetched, Repository, Selector};
pub use reqwest::Url;
pub use retry::Backoff;
pub use settings::{DEFAULT_HOST, Deadlines, Settings, SettingsError};
