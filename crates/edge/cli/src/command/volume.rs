//! Commands on volumes.

pub mod create;
pub mod inspect;
pub mod ls;
pub mod prune;
pub mod rm;

use crate::exit::Exit;

/// The path of a volume's resource.
fn path(name: &str) -> Result<String, Exit> {
    match name.is_empty() {
        true => Err(Exit::failure("invalid volume name or ID: value is empty")),
        false => Ok(format!("/volumes/{}", client::Query::segment(name))),
    }
}
