//! The small program that exists once per container: shim, init, hello and gantry-runc.
//!
//! It is carried inside the big binary, and run from a sealed memfd or bound into a container. Which of its faces it
//! shows is decided by the name it is called by, or else by its first argument.

#![forbid(unsafe_code)]

mod hello;
mod init;
mod shim;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default();
    face(&name).or_else(|| face(&args.next()?)).map_or_else(usage, |face| face(args.collect()))
}

type Face = fn(Vec<OsString>) -> ExitCode;

fn face(name: &OsString) -> Option<Face> {
    match Path::new(name).file_name()?.to_str()? {
        "shim" | "gantry-shim" => Some(shim::main),
        "init" | "docker-init" | "gantry-init" => Some(init::main),
        "hello" => Some(hello::main),
        "runc" | "gantry-runc" => Some(runc::main),
        _ => None,
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: stage shim <bundle> | init [--] <program> [<argument>…] | hello | runc <argument>…");
    ExitCode::from(2)
}
