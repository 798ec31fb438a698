//! Measures gantry and docker.io side by side, in one interleaved run.
//!
//! ```text
//!   benches [--gantry FILE] [--docker FILE] [--scratch FOLDER] [--rounds PERCENT] [--record FILE] [SECTION…]
//!
//!   sections: start run lifecycle api parallel many pull floor runtime (all of them, when none is named)
//! ```
//!
//! Each engine runs in network and mount namespaces and control groups of its own, with its own state in memory (or below
//! `--scratch`). One round visits all columns before the next one begins, so that what else the machine does meets all
//! alike. Everything is stopped and removed at the end.

#![forbid(unsafe_code)]

mod api;
mod column;
mod debian;
mod engine;
mod facts;
mod group;
mod measure;
mod options;
mod peer;
mod record;
mod registry;
mod room;
mod samples;
mod scratch;
mod section;
mod shell;
mod stand;
mod table;

use std::process::ExitCode;

use anyhow::Result;

use options::Options;
use stand::Stand;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    let stand = Stand::set_up(&options)?;
    let mut report = facts::gather(&stand);
    for (name, section) in section::ALL {
        if options.wants(name) {
            eprintln!("{name} …");
            for table in section(&stand)? {
                println!("{table}");
                report.push_str(&format!("\n{table}"));
            }
        }
    }
    match &options.record {
        Some(file) => record::write(file, &report),
        None => Ok(()),
    }
}
