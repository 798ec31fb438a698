//! What the tests of this crate share.
#![allow(dead_code, reason = "each test program uses its part")]

use std::time::Duration;

use registry::{AuthConfig, Backoff, Client, Deadlines, Error, Repository, Selector, Settings};
use testkit::registry::Registry;

/// Settings whose retries are quick and whose deadlines never matter to a test that runs slowly.
pub fn settings() -> Settings {
    let long = Duration::from_secs(60);
    Settings {
        certificates: None,
        deadlines: Deadlines { connect: long, answer: long, idle: long, retry_after: Duration::from_secs(1) },
        backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(5), tries: 4 },
        ..Settings::standard("gantry-test")
    }
}

/// Settings for a peer that falls silent.
pub fn impatient() -> Settings {
    let short = Duration::from_millis(100);
    let mut settings = settings();
    settings.deadlines = Deadlines { connect: short, answer: short, idle: short, retry_after: short };
    settings.backoff.tries = 2;
    settings
}

/// A repository of `registry` without credentials.
pub fn open(registry: &Registry, name: &str) -> Repository {
    open_as(registry, name, None)
}

/// A repository of `registry`.
pub fn open_as(registry: &Registry, name: &str, auth: Option<&AuthConfig>) -> Repository {
    let reference = format!("{}/{name}", registry.host()).parse().unwrap();
    Client::new(settings()).repository(&reference, auth)
}

/// A user with a password.
pub fn user(username: &str, password: &str) -> AuthConfig {
    AuthConfig { username: username.into(), password: password.into(), ..AuthConfig::default() }
}

pub fn tag(name: &str) -> Selector {
    Selector::Tag(name.into())
}

/// All bytes of a blob, or the error that ends it.
pub async fn read(repository: &Repository, digest: &names::Digest, size: u64, offset: u64) -> Result<Vec<u8>, Error> {
    let mut blob = repository.blob(digest, size, offset).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = blob.chunk().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Bytes that differ from place to place.
pub fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).flat_map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()).take(length).collect()
}

/// The message of an error with its causes.
pub fn text(error: &Error) -> String {
    fault::chain(error)
}
