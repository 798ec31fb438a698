//! `restore`: not there yet.

use super::{Command, ONE};
use crate::error::Error;
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command =
    Command { name: "restore", about: "not there yet", usage: "<container-id>", run: restore, ..ONE };

fn restore(_: &Global, _: &Parsed) -> Result<u8, Error> {
    Err(Error::new("restore: not implemented yet"))
}
