//! Prints all commands that run, with their flags: what `cargo xtask coverage` reads.

#![forbid(unsafe_code)]

fn main() {
    print!("{}", cli::outline());
}
