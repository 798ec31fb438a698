//! The system call filter.

use oci::runtime::Seccomp;

use crate::Error;
use crate::error::Step;

/// A filter, compiled.
#[derive(Debug)]
pub(crate) struct Filter {
    program: Vec<u8>,
    flags: u64,
}

/// `SECCOMP_FILTER_FLAG_*` of linux/seccomp.h that a specification may name.
const FLAGS: [(&str, u64); 3] = [
    // One thread needs no synchronisation.
    ("SECCOMP_FILTER_FLAG_TSYNC", 0),
    ("SECCOMP_FILTER_FLAG_LOG", 1 << 1),
    ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 1 << 2),
];

impl Filter {
    /// Compiles a profile.
    ///
    /// # Errors
    /// What the profile says wrong.
    pub fn compile(profile: &Seccomp) -> Result<Self, Error> {
        let mut flags = 0;
        for name in &profile.flags {
            let found = FLAGS.iter().find(|(known, _)| known == name);
            flags |= found.ok_or_else(|| Error::invalid(format!("seccomp: flag `{name}` is not supported")))?.1;
        }
        Err(Error::invalid("seccomp: not supported yet")).map(|program: Vec<u8>| Self { program, flags })
    }
}

/// Loads the filter for this process.
pub(crate) fn load(filter: &Filter) -> Result<(), Error> {
    sys::seccomp::load(&filter.program, filter.flags).step("seccomp: load filter")
}
