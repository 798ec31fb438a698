//! Claims on layers: who else than an image needs them.
//!
//! A pull claims the layers that are there already, so that nobody removes them before its image is committed; a
//! container claims those it stands on for as long as it exists, also when its image was removed by force.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use names::{ContainerId, Digest};

/// Counts claims; clones count together.
#[derive(Clone, Default)]
pub(crate) struct Claims {
    inner: Arc<Mutex<Counts>>,
}

/// The counts, under their lock.
#[derive(Default)]
pub(crate) struct Counts {
    layers: HashMap<Digest, usize>,
    containers: HashMap<ContainerId, Vec<Digest>>,
}

impl Claims {
    pub fn lock(&self) -> MutexGuard<'_, Counts> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a layer until the claim is dropped. `exists` is asked under the lock.
    pub fn claim(&self, diff_id: &Digest, exists: impl FnOnce() -> bool) -> Option<Claim> {
        let mut counts = self.lock();
        if !exists() {
            return None;
        }
        counts.add(diff_id);
        Some(Claim { claims: self.clone(), diff_id: diff_id.clone() })
    }
}

impl Counts {
    fn add(&mut self, diff_id: &Digest) {
        *self.layers.entry(diff_id.clone()).or_default() += 1;
    }

    fn subtract(&mut self, diff_id: &Digest) {
        if let Some(count) = self.layers.get_mut(diff_id) {
            *count -= 1;
            if *count == 0 {
                self.layers.remove(diff_id);
            }
        }
    }

    /// Whether anybody needs the layer.
    pub fn has(&self, diff_id: &Digest) -> bool {
        self.layers.contains_key(diff_id)
    }

    /// Claims a container's layers.
    pub fn add_container(&mut self, container: ContainerId, diff_ids: Vec<Digest>) {
        self.remove_container(&container);
        diff_ids.iter().for_each(|diff_id| self.add(diff_id));
        self.containers.insert(container, diff_ids);
    }

    /// Gives a container's layers back; says whether it had any.
    pub fn remove_container(&mut self, container: &ContainerId) -> bool {
        let Some(diff_ids) = self.containers.remove(container) else { return false };
        diff_ids.iter().for_each(|diff_id| self.subtract(diff_id));
        true
    }

    /// The layers of each container, lowest first.
    pub fn containers(&self) -> impl Iterator<Item = (&ContainerId, &[Digest])> {
        self.containers.iter().map(|(id, diff_ids)| (id, diff_ids.as_slice()))
    }

    /// The layers that a container stands on, lowest first.
    pub fn of_container(&self, container: &ContainerId) -> Option<&[Digest]> {
        self.containers.get(container).map(Vec::as_slice)
    }
}

/// One claim.
pub(crate) struct Claim {
    claims: Claims,
    diff_id: Digest,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.lock().subtract(&self.diff_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_needed_until_the_last_claim_goes() {
        let claims = Claims::default();
        let layer = Digest::sha256([1; 32]);
        assert!(claims.claim(&layer, || false).is_none());
        let one = claims.claim(&layer, || true).unwrap();
        let two = claims.claim(&layer, || true).unwrap();
        drop(one);
        assert!(claims.lock().has(&layer));
        drop(two);
        assert!(!claims.lock().has(&layer));

        let container = ContainerId::from_random([7; 32]);
        claims.lock().add_container(container.clone(), vec![layer.clone()]);
        claims.lock().add_container(container.clone(), vec![layer.clone()]);
        assert_eq!(claims.lock().of_container(&container), Some(&[layer.clone()][..]));
        assert!(claims.lock().remove_container(&container));
        assert!(!claims.lock().remove_container(&container));
        assert!(!claims.lock().has(&layer));
    }
}
