//! The clocks of a time namespace: time_namespaces(7).

use std::fmt::Write as _;

use oci::runtime::Linux;
use rustix::fs::{Mode, OFlags};
use sys::clone::flag;

use crate::Error;
use crate::error::Step;
use crate::namespaces::Namespaces;
use crate::plan::Plan;

/// The clocks that have offsets, by the specification's names, which are the kernel's.
const CLOCKS: [&str; 2] = ["monotonic", "boottime"];

/// Checks offsets.
pub(crate) fn check(linux: &Linux, namespaces: &Namespaces) -> Result<(), Error> {
    let Some(clock) = linux.time_offsets.keys().find(|clock| !CLOCKS.contains(&clock.as_str())).cloned() else {
        return match namespaces.makes(flag::NEWTIME) || linux.time_offsets.is_empty() {
            true => Ok(()),
            false => Err(Error::invalid("time offsets need a new time namespace")),
        };
    };
    Err(Error::invalid(format!("time offsets: clock `{clock}` does not exist")))
}

/// Makes the namespace and sets its clocks, as long as nobody is in it: the next child will be the first. Before Linux 6.3
/// an executed program stayed outside.
pub(crate) fn make(plan: &Plan<'_>) -> Result<(), Error> {
    if !plan.namespaces.makes(flag::NEWTIME) {
        return Ok(());
    }
    sys::clone::unshare(flag::NEWTIME).step("make time namespace")?;
    let mut text = String::new();
    for (clock, offset) in &plan.linux.time_offsets {
        let _ = writeln!(text, "{clock} {} {}", offset.secs, offset.nanosecs);
    }
    if text.is_empty() {
        return Ok(());
    }
    let file = rustix::fs::open("/proc/self/timens_offsets", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
        .step("open `/proc/self/timens_offsets`")?;
    rustix::io::write(file, text.as_bytes()).map(drop).step("set time offsets")
}
