//! The use cases of execs: further processes in a running container.

mod create;
mod ended;
mod execs;
mod inspect;
mod resize;
mod shape;
mod start;

pub(crate) use create::create;
pub(crate) use execs::{Exec, Execs, Phase};
pub(crate) use inspect::inspect;
pub(crate) use resize::resize;
pub(crate) use start::start;

/// The command as events tell it: the program, a space even where nothing follows, and the arguments.
fn words(command: &[String]) -> String {
    command.split_first().map_or_else(String::new, |(program, rest)| format!("{program} {}", rest.join(" ")))
}
