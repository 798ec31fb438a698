//! The small program that exists once per container: shim, init, hello and gantry-runc.
//!
//! It is carried inside the big binary, and run from a sealed memfd or bound into a container. Which of its faces it
//! shows is decided by the name it is called by, or else by its first argument.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), no_main)]

mod hello;
mod init;
mod shim;

use std::ffi::OsString;
use std::path::Path;

#[cfg(not(test))]
sys::program!(run);

#[cfg_attr(test, expect(dead_code))]
fn run() -> u8 {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default();
    face(&name).or_else(|| face(&args.next()?)).map_or_else(usage, |face| face(args.collect()))
}

type Face = fn(Vec<OsString>) -> u8;

fn face(name: &OsString) -> Option<Face> {
    match Path::new(name).file_name()?.to_str()? {
        "shim" | "gantry-shim" => Some(shim::main),
        "init" | "docker-init" | "gantry-init" => Some(init::main),
        "hello" => Some(hello::main),
        "runc" | "gantry-runc" => Some(runc::main),
        _ => None,
    }
}

fn usage() -> u8 {
    eprintln!("usage: stage shim <bundle> | init [--] <program> [<argument>…] | hello | runc <argument>…");
    2
}
