//! Removes a network.

use fault::{Fault, Result};

use crate::inner::Inner;

/// All that there are come with the engine and stay.
pub fn remove(engine: &Inner, target: &str) -> Result<()> {
    let name = &engine.networks.find(target)?.name;
    Err(Fault::forbidden(format!("{name} is a pre-defined network and cannot be removed")))
}
