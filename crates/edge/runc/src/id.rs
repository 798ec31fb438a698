//! Names of containers.

use crate::error::Error;

/// Longest name in bytes: it is a folder's (NAME_MAX of limits.h is 255).
const LONGEST: usize = 255;

/// Checks a name by runc's rule: letters, digits and `_+-.`, and neither `.` nor `..`.
pub fn check(id: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+-.".contains(c);
    let is_good = !id.is_empty() && id.len() <= LONGEST && id.chars().all(plain) && id != "." && id != "..";
    if is_good { Ok(()) } else { Err(Error::new("invalid container ID format")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folders_and_nothing_else() {
        for good in ["a", "A-b_c.d+e", "...", &"x".repeat(255)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "../a", "a b", "a\0", "ä", "a\n", &"x".repeat(256)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
