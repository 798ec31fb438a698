//! Standard input and output, the terminal, and the streams of containers.

pub mod attach;
pub mod escape;
pub mod file;
pub mod input;
pub mod out;
pub mod signals;
pub mod terminal;
pub mod visible;
