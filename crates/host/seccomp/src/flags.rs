//! The flags that a filter is loaded with: seccomp(2), "SECCOMP_SET_MODE_FILTER".

use crate::error::CompileError;

/// `SECCOMP_FILTER_FLAG_NEW_LISTENER`: the load returns a notify descriptor.
pub(crate) const NEW_LISTENER: u32 = 1 << 3;

/// All flags which a program of ours can carry.
pub(crate) const ALL: u32 = LOG | SPEC_ALLOW | NEW_LISTENER | WAIT_KILLABLE_RECV;

const LOG: u32 = 1 << 1;
const SPEC_ALLOW: u32 = 1 << 2;
const WAIT_KILLABLE_RECV: u32 = 1 << 5;

/// Reads the flags of a profile.
///
/// TSYNC is taken and left out, as runc does: the filter is loaded by the one thread that then becomes the program.
pub(crate) fn parse(names: &[String]) -> Result<u32, CompileError> {
    names.iter().try_fold(0, |flags, name| {
        Ok(flags
            | match name.as_str() {
                "SECCOMP_FILTER_FLAG_TSYNC" => 0,
                "SECCOMP_FILTER_FLAG_LOG" => LOG,
                "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => SPEC_ALLOW,
                "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" => WAIT_KILLABLE_RECV,
                _ => return Err(CompileError::Flag { name: name.clone() }),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_flags_add_up_and_unknown_ones_are_refused() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let known = names(&["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]);
        assert_eq!(parse(&known), Ok(6));
        assert_eq!(parse(&names(&["LOG"])), Err(CompileError::Flag { name: "LOG".into() }));
    }
}
