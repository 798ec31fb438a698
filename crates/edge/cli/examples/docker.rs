//! The client alone, under the name `docker`: what the tests of the command line run.

#![forbid(unsafe_code)]

fn main() {
    std::process::exit(cli::main(std::env::args_os().collect(), cli::Hooks::default()));
}
