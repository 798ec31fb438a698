//! The whole product as its users meet it: the binary, a daemon of the test's own, our client and the stock one.
//!
//! Each test has network and mount namespaces to itself, so they run beside one another and beside other engines. They
//! need root and the Debian packages that `cargo xtask test` installs. That they live in this package is what makes
//! cargo build the binary before they run.

#![forbid(unsafe_code)]

mod answers;
mod bench;
mod daemon;
mod edit;
mod far;
mod files;
mod formats;
mod health;
mod hello;
mod kill;
mod log_files;
mod log_sinks;
mod log_trouble;
mod many;
mod prune;
mod real;
mod refusals;
mod sinks;
mod verbs;

/// The binary under test.
const GANTRY: &str = env!("CARGO_BIN_EXE_gantry");
/// Where things are kept from one run to the next.
const KEPT: &str = env!("CARGO_TARGET_TMPDIR");
