//! The chores: verify, fix, test, tidy, coverage, bench, vm.
//!
//! ```text
//!   verify            format, clippy, tidy, documentation, dependency policy, tests; changes nothing
//!   fix               rewrites what a tool can: format and clippy's own suggestions
//!   test [FILTER…]    installs the packages that the tests need where they are missing, and runs all tests
//!   tidy              the house rules alone
//!   coverage          how much of Docker's commands, flags and routes is there, and what is missing
//!   bench [WORD…]     measures gantry and docker.io side by side; `--record` writes docs/performance.md
//!   vm [PART…]        boots Debian's kernel in an emulator, and shows there what this machine cannot
//! ```

#![forbid(unsafe_code)]

mod bench;
mod command;
mod coverage;
mod host;
mod lexer;
mod package;
mod source;
mod test;
mod tidy;
mod tree;
mod verify;
mod vm;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str =
    "usage: cargo xtask verify | fix | test [FILTER...] | tidy | coverage | bench [WORD...] | vm [PART...]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let root = tree::root();
    let Some((chore, rest)) = args.split_first() else { bail!(USAGE) };
    match (chore.as_str(), rest) {
        ("verify", []) => verify::verify(&root),
        ("fix", []) => verify::fix(&root),
        ("test", filters) => test::test(&root, filters),
        ("bench", words) => bench::bench(&root, words),
        ("vm", parts) => vm::vm(&root, parts),
        ("tidy", []) => tidy::tidy(&root),
        ("coverage", []) => coverage::coverage(&root),
        _ => bail!(USAGE),
    }
}
