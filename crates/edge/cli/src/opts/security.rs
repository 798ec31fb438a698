//! `--security-opt`, `--storage-opt`, `--log-opt` and the modes of namespaces.

use std::collections::BTreeMap;
use std::path::Path;

/// The daemon's built-in profile, by name.
const BUILTIN: &str = "builtin";

/// Security options as the API takes them: a seccomp profile is sent as its text.
pub fn options(values: &[String]) -> Result<Vec<String>, String> {
    values.iter().map(|value| option(value)).collect()
}

fn option(value: &str) -> Result<String, String> {
    let (name, text) = match value.split_once('=').or_else(|| value.split_once(':')) {
        Some(found) => found,
        None if value == "no-new-privileges" => return Ok(value.into()),
        None => return Err(format!("Invalid --security-opt: {}", human::quote(value))),
    };
    if name != "seccomp" || text == "unconfined" || text == BUILTIN {
        return Ok(value.into());
    }
    let profile = std::fs::read(text).map_err(|error| {
        format!("opening seccomp profile ({text}) failed: {}", crate::exit::go_error("open", Path::new(text), &error))
    })?;
    let json: serde_json::Value = serde_json::from_slice(&profile)
        .map_err(|error| format!("compacting json for seccomp profile ({text}) failed: {error}"))?;
    Ok(format!("seccomp={json}"))
}

/// Takes `systempaths=unconfined` out of the options: no path is masked then.
pub fn system_paths(options: Vec<String>) -> (Vec<String>, bool) {
    let (found, rest): (Vec<_>, Vec<_>) = options.into_iter().partition(|option| option == "systempaths=unconfined");
    (rest, !found.is_empty())
}

/// `name=value` options of the storage driver.
pub fn storage(values: &[String]) -> Result<BTreeMap<String, String>, String> {
    if values.iter().any(|value| !value.contains('=')) {
        return Err("invalid storage option".into());
    }
    Ok(super::labels::map(values))
}

/// Options of the log driver.
pub fn logging(driver: &str, values: &[String]) -> Result<BTreeMap<String, String>, String> {
    if driver == "none" && !values.is_empty() {
        return Err(format!("invalid logging opts for driver {driver}"));
    }
    Ok(super::labels::map(values))
}

/// Checks the modes of namespaces.
pub fn check_modes(pid: &str, uts: &str, userns: &str, cgroupns: &str) -> Result<(), String> {
    let container = |mode: &str| mode.strip_prefix("container:").is_some_and(|name| !name.is_empty());
    if !(matches!(pid, "" | "host") || container(pid)) {
        return Err("--pid: invalid PID mode".into());
    }
    if !matches!(uts, "" | "host") {
        return Err("--uts: invalid UTS mode".into());
    }
    if !matches!(userns, "" | "host") {
        return Err("--userns: invalid USER mode".into());
    }
    if !matches!(cgroupns, "" | "host" | "private") {
        return Err("--cgroupns: invalid CGROUP mode".into());
    }
    Ok(())
}

/// Capabilities as docker sends them: upper case with their prefix, without doubles, sorted.
pub fn capabilities(values: &[String]) -> Vec<String> {
    let name = |value: &String| match value.trim().to_uppercase() {
        upper if upper == "ALL" || upper == "RESET" || upper.starts_with("CAP_") => upper,
        upper => format!("CAP_{upper}"),
    };
    let mut all: Vec<String> = values.iter().map(name).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(option("foo").unwrap_err(), r#"Invalid --security-opt: "foo""#);
        assert_eq!(option("seccomp").unwrap_err(), r#"Invalid --security-opt: "seccomp""#);
        assert_eq!(
            option("seccomp=/nope").unwrap_err(),
            "opening seccomp profile (/nope) failed: open /nope: no such file or directory"
        );
        assert_eq!(storage(&["foo".into()]).unwrap_err(), "invalid storage option");
        assert_eq!(logging("none", &["a=b".into()]).unwrap_err(), "invalid logging opts for driver none");
        assert_eq!(check_modes("foo", "", "", "").unwrap_err(), "--pid: invalid PID mode");
        assert_eq!(check_modes("container:", "", "", "").unwrap_err(), "--pid: invalid PID mode");
        assert_eq!(check_modes("", "x", "", "").unwrap_err(), "--uts: invalid UTS mode");
        assert_eq!(check_modes("", "", "x", "").unwrap_err(), "--userns: invalid USER mode");
        assert_eq!(check_modes("", "", "", "x").unwrap_err(), "--cgroupns: invalid CGROUP mode");
    }

    #[test]
    fn capabilities_are_normalised() {
        let strings = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(
            capabilities(&strings(&["net_admin", "CAP_NET_ADMIN", "chown", "all"])),
            strings(&["ALL", "CAP_CHOWN", "CAP_NET_ADMIN"])
        );
    }
}
