//! The registry client of a daemon.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use names::Reference;

use crate::auth::AuthConfig;
use crate::endpoint::authority;
use crate::repository::Repository;
use crate::settings::Settings;
use crate::wire::Wire;

/// How long a mirror that failed is left alone.
const MOURNING: Duration = Duration::from_secs(60);

/// The registry client of a daemon; clones share settings, connections and what was learnt about hosts.
#[derive(Clone)]
pub struct Client {
    wire: Arc<Mutex<Arc<Wire>>>,
    pub(crate) memory: Arc<Memory>,
}

impl Client {
    /// Makes a client. Nothing is asked or read yet.
    pub fn new(settings: Settings) -> Self {
        Self { wire: Arc::new(Mutex::new(wire(settings))), memory: Arc::default() }
    }

    /// Takes other settings for all repositories that are made from now on.
    pub fn set(&self, settings: Settings) {
        *self.wire.lock().unwrap_or_else(PoisonError::into_inner) = wire(settings);
    }

    pub(crate) fn wire(&self) -> Arc<Wire> {
        Arc::clone(&self.wire.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The repository of `reference`, with the user's credentials for it. Make one for each pull: it holds the tokens.
    pub fn repository(&self, reference: &Reference, credentials: Option<&AuthConfig>) -> Repository {
        Repository::new(self, reference, credentials)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

fn wire(settings: Settings) -> Arc<Wire> {
    Arc::new(Wire::new(Arc::new(settings)))
}

/// What was learnt about hosts.
#[derive(Default)]
pub(crate) struct Memory {
    /// Mirrors that failed, and until when they are left alone.
    dead: Mutex<HashMap<String, Instant>>,
}

impl Memory {
    pub fn bury(&self, mirror: &reqwest::Url) {
        lock(&self.dead).insert(authority(mirror), Instant::now() + MOURNING);
    }

    pub fn is_dead(&self, mirror: &reqwest::Url) -> bool {
        let mut dead = lock(&self.dead);
        dead.retain(|_, until| *until > Instant::now());
        dead.contains_key(&authority(mirror))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
