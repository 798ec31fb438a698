//! The images of a data root.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use fault::Result;
use metastore::Catalogue;

use crate::claims::Claims;
use crate::image::Image;
use crate::state::State;
use crate::transfer::Transfers;

/// All images; clones are the same images.
#[derive(Clone)]
pub struct Images {
    pub(crate) shared: Arc<Shared>,
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").field("images", &self.list().len()).finish()
    }
}

pub(crate) struct Shared {
    pub catalogue: Catalogue,
    pub blobs: content::Store,
    pub layers: snapshot::Store,
    pub registry: registry::Client,
    pub claims: Claims,
    pub transfers: Transfers,
    /// Whether a removed image left layers that somebody claimed.
    pub orphans: AtomicBool,
    state: ArcSwap<State>,
    /// Held while the catalogue and the published state change.
    turn: Mutex<()>,
}

impl Images {
    pub(crate) fn new(
        catalogue: Catalogue,
        blobs: content::Store,
        layers: snapshot::Store,
        registry: registry::Client,
        claims: Claims,
        state: State,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                catalogue,
                blobs,
                layers,
                registry,
                claims,
                transfers: Transfers::default(),
                orphans: AtomicBool::new(false),
                state: ArcSwap::from_pointee(state),
                turn: Mutex::new(()),
            }),
        }
    }

    /// Finds an image as Docker does: by reference, by id, or by the first digits of its id.
    pub fn get(&self, name_or_id: &str) -> Result<Arc<Image>> {
        self.state().find(name_or_id)
    }

    /// All images, in the order of their ids.
    pub fn list(&self) -> Vec<Arc<Image>> {
        self.state().images.values().cloned().collect()
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.shared.state.load_full()
    }
}

impl Shared {
    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Waits for the turn to change something.
    pub fn turn(&self) -> Turn<'_> {
        Turn { shared: self, _guard: self.turn.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// The right to change the images. The state read through it stays true until it is dropped.
pub(crate) struct Turn<'s> {
    shared: &'s Shared,
    _guard: MutexGuard<'s, ()>,
}

impl Turn<'_> {
    /// A copy of the state, to be changed.
    pub fn state(&self) -> State {
        State::clone(&self.shared.state.load())
    }

    /// Shows the changed state to readers. The catalogue has it already.
    pub fn publish(&self, state: State) {
        self.shared.state.store(Arc::new(state));
    }
}
