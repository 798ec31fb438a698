//! What the caller itself may do.

use rustix::thread::{CapabilitySet, capabilities};

/// Whether it may mount in its own mount namespace.
pub(crate) fn may_mount() -> bool {
    has(CapabilitySet::SYS_ADMIN)
}

/// Whether it may map any id of its own user namespace.
pub(crate) fn may_map_ids() -> bool {
    has(CapabilitySet::SETUID | CapabilitySet::SETGID)
}

fn has(wanted: CapabilitySet) -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(wanted))
}
