//! Attacks that must fail, and bad input that must end in one clear error, end to end: against a daemon of the test's own.
//!
//! The verdict is by canary and by comparison of the host before and after, not by exit code alone. What a part can show
//! by itself is tested beside that part (`host/runtime`, `host/seccomp`, `host/archive`, `host/registry`, `domain/image`);
//! here the same doors are tried from outside, through every entry that leads to them. The letters are those of the list
//! of attacks: A is start-up and rights, B unpacking and storing, D the API, E the registry.

#![forbid(unsafe_code)]

mod archives;
mod bench;
mod canary;
mod http;
mod lab;

mod api;
mod bombs;
mod cwd;
mod disk;
mod exe;
mod layers;
mod limits;
mod names;
mod output;
mod ports;
mod privacy;
mod reach;
mod registry;
mod rights;
mod starting;
mod syscalls;
mod traps;
