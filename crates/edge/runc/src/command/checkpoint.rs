//! `checkpoint`: not there yet.

use super::{Command, ONE};
use crate::error::Error;
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command =
    Command { name: "checkpoint", about: "not there yet", usage: "<container-id>", run: checkpoint, ..ONE };

fn checkpoint(_: &Global, _: &Parsed) -> Result<u8, Error> {
    Err(Error::new("checkpoint: not implemented yet"))
}
