//! Commands on networks.

pub mod connect;
pub mod create;
pub mod disconnect;
pub mod inspect;
mod ipam;
pub mod ls;
pub mod prune;
pub mod rm;

use crate::exit::Exit;

/// The path of a network's resource.
fn path(name: &str, rest: &str) -> Result<String, Exit> {
    match name.is_empty() {
        true => Err(Exit::failure("invalid network name or ID: value is empty")),
        false => Ok(format!("/networks/{}{rest}", client::Query::segment(name))),
    }
}
