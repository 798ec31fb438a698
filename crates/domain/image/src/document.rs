//! Documents of strangers as text: they are kept byte for byte, and JSON is UTF-8.

use fault::{Fault, Result};

/// The bytes as text.
pub(crate) fn text(what: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Fault::system(format!("{what}: not UTF-8")))
}
