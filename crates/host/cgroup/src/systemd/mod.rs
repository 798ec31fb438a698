//! The driver that lets systemd make a container's control group: a transient scope, org.freedesktop.systemd1(5).
//!
//! ```text
//!  Site::systemd ── asks the manager where its groups begin ──► the same paths as of the other driver
//!  Cgroup::create_at ── forks a placeholder, has a scope started around it, makes what systemd does not
//!  Cgroup::settle    ── PID 1 is inside: the placeholder goes
//!  Cgroup::remove    ── stops the scope, removes the directories
//! ```
//!
//! A scope cannot be empty. The placeholder is in it until PID 1 is, so that PID 1 is made inside as with the other driver.

mod bus;
mod placeholder;
mod properties;
mod unit;
mod wire;

use std::path::{Path, PathBuf};

use bus::{Bus, Refusal};
pub(crate) use placeholder::Placeholder;
pub use unit::Unit;
use wire::Value;

use crate::Error;
use crate::devices::Rule;
use crate::setting::Setting;

/// Sockets of the host's manager and of its bus.
const PRIVATE: &str = "/run/systemd/private";
const PUBLIC: &str = "/run/dbus/system_bus_socket";

/// Names of errors on the bus.
mod error {
    pub const UNIT_EXISTS: &str = "org.freedesktop.systemd1.UnitExists";
    pub const NO_SUCH_UNIT: &str = "org.freedesktop.systemd1.NoSuchUnit";
}

/// The directory of a unit that is to be made, below each hierarchy.
pub(crate) fn directory(unit: &Unit) -> Result<PathBuf, Error> {
    let mut manager = Manager::of(unit)?;
    let top = manager.told("find the control group of", |bus| bus.property("ControlGroup"))?;
    Ok(Path::new(top.trim_start_matches('/')).join(unit.directory()))
}

/// Starts a unit with limits, with a process in it.
pub(crate) fn start(unit: &Unit, settings: &[Setting], rules: &[Rule], process: i32) -> Result<(), Error> {
    let mut manager = Manager::of(unit)?;
    let mut all = vec![
        ("Description".to_owned(), Value::text(&unit.description)),
        ("Slice".to_owned(), Value::text(&unit.slice)),
        ("PIDs".to_owned(), Value::Numbers(vec![process.unsigned_abs()])),
        ("Delegate".to_owned(), Value::Bool(true)),
        ("DefaultDependencies".to_owned(), Value::Bool(false)),
    ];
    for name in ["MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"] {
        all.push((name.to_owned(), Value::Bool(true)));
    }
    all.extend(manager.limits(settings, rules)?);
    all.extend(unit.properties.iter().cloned());
    let arguments = vec![Value::text(&unit.name), Value::text("replace"), Value::Properties(all), Value::NoUnits];
    let begin = |bus: &mut Bus| bus.job("StartTransientUnit", arguments.clone());
    let is_there = |result: &_| matches!(result, Err(Refusal::Error(name, _)) if name == error::UNIT_EXISTS);
    let mut result = begin(&mut manager.bus);
    if is_there(&result) {
        // One that has failed stays until it is forgotten; one that runs stays nonetheless.
        let _ = manager.bus.manager("ResetFailedUnit", vec![Value::text(&unit.name)]);
        result = begin(&mut manager.bus);
    }
    // Another's is left alone.
    let exists = is_there(&result);
    let started = manager.done("start", result);
    if started.is_err() && !exists {
        let _ = manager.bus.job("StopUnit", vec![Value::text(&unit.name), Value::text("replace")]);
        let _ = manager.bus.manager("ResetFailedUnit", vec![Value::text(&unit.name)]);
    }
    started
}

/// Changes limits of a unit that is there.
pub(crate) fn change(unit: &Unit, settings: &[Setting], rules: &[Rule]) -> Result<(), Error> {
    let mut manager = Manager::of(unit)?;
    let limits = manager.limits(settings, rules)?;
    if limits.is_empty() {
        return Ok(());
    }
    let arguments = vec![Value::text(&unit.name), Value::Bool(true), Value::Properties(limits)];
    manager.told("change", |bus| bus.manager("SetUnitProperties", arguments)).map(drop)
}

/// Has a process put into a unit, which this process itself may not do where it is outside of what was delegated to its
/// user: cgroups(7), "Cgroups v2 delegation".
pub(crate) fn attach(unit: &Unit, process: i32) -> Result<(), Error> {
    let mut manager = Manager::of(unit)?;
    let arguments = vec![Value::text(&unit.name), Value::text(""), Value::Numbers(vec![process.unsigned_abs()])];
    manager.told("put a process into", |bus| bus.manager("AttachProcessesToUnit", arguments)).map(drop)
}

/// Stops a unit, and has it forgotten. One that is gone is no error: it goes when its last process goes.
pub(crate) fn stop(unit: &Unit) -> Result<(), Error> {
    let mut manager = Manager::of(unit)?;
    let result = match manager.bus.job("StopUnit", vec![Value::text(&unit.name), Value::text("replace")]) {
        Err(Refusal::Error(name, _)) if name == error::NO_SUCH_UNIT => return Ok(()),
        result => result,
    };
    let stopped = manager.done("stop", result);
    let _ = manager.bus.manager("ResetFailedUnit", vec![Value::text(&unit.name)]);
    stopped
}

/// A manager, and the unit that is spoken of.
struct Manager<'a> {
    bus: Bus,
    unit: &'a Unit,
}

impl<'a> Manager<'a> {
    /// Reaches the one in charge of a unit: over its own socket, else over the message bus.
    fn of(unit: &'a Unit) -> Result<Self, Error> {
        let (private, public) = sockets(unit.user).map_err(|reason| refused("reach the manager of", unit, reason))?;
        let bus = Bus::private(&private).or_else(|first| Bus::public(&public).map_err(|_| first));
        let bus = bus.map_err(|refusal| {
            refused("reach the manager of", unit, format!("systemd at `{}`: {refusal}", private.display()))
        })?;
        Ok(Self { bus, unit })
    }

    fn told<T>(&mut self, action: &'static str, ask: impl FnOnce(&mut Bus) -> Result<T, Refusal>) -> Result<T, Error> {
        ask(&mut self.bus).map_err(|refusal| refused(action, self.unit, refusal.to_string()))
    }

    fn done(&self, action: &'static str, result: Result<String, Refusal>) -> Result<(), Error> {
        match result {
            Ok(result) if result == "done" => Ok(()),
            Ok(result) => Err(refused(action, self.unit, format!("the job ended as `{result}`"))),
            Err(refusal) => Err(refused(action, self.unit, refusal.to_string())),
        }
    }

    fn limits(&mut self, settings: &[Setting], rules: &[Rule]) -> Result<Vec<(String, Value)>, Error> {
        let version = self.told("ask for the release of the manager of", |bus| bus.property("Version"))?;
        let mut limits = properties::of_settings(settings, release(&version));
        // A user's manager may restrict nothing to devices.
        if !self.unit.user && !rules.is_empty() {
            let groups = std::fs::read_to_string("/proc/devices").unwrap_or_default();
            limits.extend(properties::of_devices(rules, &groups));
        }
        Ok(limits)
    }
}

fn refused(action: &'static str, unit: &Unit, reason: String) -> Error {
    Error::Unit { action, unit: unit.name.clone(), reason }
}

fn sockets(user: bool) -> Result<(PathBuf, PathBuf), String> {
    if !user {
        return Ok((PRIVATE.into(), PUBLIC.into()));
    }
    let folder = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    let folder = PathBuf::from(folder.ok_or("XDG_RUNTIME_DIR is not set, where systemd's socket for this user is")?);
    Ok((folder.join("systemd/private"), folder.join("bus")))
}

/// The number of a release, as of `252.39-1~deb12u1` or `v239`.
fn release(version: &str) -> u32 {
    let digits: String =
        version.chars().skip_while(|letter| !letter.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_versions() {
        assert_eq!(
            (release("252.39-1~deb12u1"), release("v239"), release("systemd 257"), release("")),
            (252, 239, 257, 0)
        );
    }

    #[test]
    fn where_no_manager_is_the_error_says_where_it_was_looked_for() {
        let unit = Unit::of_record("x.scope".to_owned(), true);
        let error = stop(&unit).unwrap_err().to_string();
        assert!(error.starts_with("reach the manager of unit `x.scope`: "), "{error}");
    }
}
