//! Names that nothing else has.

use std::path::Path;

use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{At, Error};

/// Sixteen hex digits from the kernel, for a name in `directory`.
pub(crate) fn name(directory: &Path) -> Result<String, Error> {
    let mut bytes = [0; 8];
    getrandom(&mut bytes, GetRandomFlags::empty()).at("make a name in", directory)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

/// Whether a name has the form of those made here.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
