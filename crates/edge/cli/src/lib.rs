//! stub
mod hooks; pub use hooks::*;
pub fn main(_a: Vec<std::ffi::OsString>, _h: Hooks) -> i32 { eprintln!("no cli yet"); 1 }
