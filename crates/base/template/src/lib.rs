//! Go's templates as Docker's users write them: in formats of the command line and in tags of logs.

#![forbid(unsafe_code)]

mod eval;
mod funcs;
mod template;
mod undefined;
mod value;

pub use template::Template;
pub use value::{Method, Object, Value};
