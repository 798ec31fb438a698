//! Gives an image another name.

use std::time::SystemTime;

use fault::{Fault, Result};
use names::Reference;

use crate::commit::Change;
use crate::images::Images;
use crate::lookup::key;
use crate::state::record_of;

impl Images {
    /// Gives the image `source` the name `target`, which another image may lose by it.
    pub fn tag(&self, source: &str, target: &Reference) -> Result<()> {
        if target.digest().is_some() {
            return Err(Fault::invalid("refusing to create a tag with a digest reference"));
        }
        let turn = self.shared.turn();
        let state = turn.state();
        let image = state.find(source)?;
        let change =
            Change { id: image.id.clone(), record: record_of(&image), layers: Vec::new(), names: vec![key(target)] };
        self.shared.apply(&turn, state, change).map(|_| ())
    }
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
