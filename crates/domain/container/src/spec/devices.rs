//! Device nodes and the rules that allow them.

use std::path::PathBuf;

use fault::{Fault, Result};
use oci::runtime::{Device, DeviceRule, Spec};

use super::{Input, linux_of};

pub(super) fn step(input: &Input<'_>, spec: &mut Spec) -> Result<()> {
    let linux = linux_of(spec);
    let rules = &mut linux.resources.get_or_insert_default().devices;
    if input.host.privileged {
        rules.push(DeviceRule { allow: true, access: Some("rwm".into()), ..DeviceRule::default() });
        linux.devices.clone_from(&input.facts.host_devices);
        return Ok(());
    }
    rules.extend(default_rules());
    for rule in input.host.device_cgroup_rules.iter().flatten() {
        rules.push(parse_rule(rule)?);
    }
    for device in &input.facts.host_devices {
        linux.devices.push(device.clone());
    }
    for (device, access) in input.facts.host_devices.iter().zip(accesses(input)) {
        rules.push(DeviceRule {
            allow: true,
            kind: Some(device.kind.clone()),
            major: Some(device.major),
            minor: Some(device.minor),
            access: Some(access),
        });
    }
    Ok(())
}

/// The access of each mapped device, in the order of the mappings.
fn accesses<'a>(input: &'a Input<'_>) -> impl Iterator<Item = String> + 'a {
    input.host.devices.iter().flatten().map(|mapping| match mapping.cgroup_permissions.as_str() {
        "" => "rwm".to_owned(),
        given => given.to_owned(),
    })
}

/// Nothing, but making nodes and the harmless ones: Docker's default list.
fn default_rules() -> Vec<DeviceRule> {
    let rule = |kind: &str, major: Option<i64>, minor: Option<i64>, access: &str| DeviceRule {
        allow: true,
        kind: Some(kind.into()),
        major,
        minor,
        access: Some(access.into()),
    };
    let everything = DeviceRule { allow: false, access: Some("rwm".into()), ..DeviceRule::default() };
    let char = |major, minor| rule("c", Some(major), minor, "rwm");
    vec![
        everything,
        rule("c", None, None, "m"),
        rule("b", None, None, "m"),
        char(1, Some(5)), // zero
        char(1, Some(3)), // null
        char(1, Some(9)), // urandom
        char(1, Some(8)), // random
        char(1, Some(7)), // full
        char(5, Some(0)), // tty
        char(5, Some(1)), // console
        char(5, Some(2)), // ptmx
        char(136, None),  // pts
    ]
}

/// `c 1:3 rwm`, with `*` for any number.
fn parse_rule(text: &str) -> Result<DeviceRule> {
    let invalid = || Fault::invalid(format!("invalid device cgroup rule format: '{text}'"));
    let mut parts = text.split(' ');
    let (Some(kind), Some(numbers), Some(access), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(invalid());
    };
    let (major, minor) = numbers.split_once(':').ok_or_else(invalid)?;
    let number = |text: &str| {
        if text == "*" { Ok(None) } else { text.parse::<u32>().map(|n| Some(i64::from(n))).map_err(|_| invalid()) }
    };
    let right = matches!(kind, "a" | "b" | "c")
        && (1..=3).contains(&access.len())
        && access.bytes().all(|b| b"rwm".contains(&b));
    if !right {
        return Err(invalid());
    }
    Ok(DeviceRule {
        allow: true,
        kind: Some(kind.into()),
        major: number(major)?,
        minor: number(minor)?,
        access: Some(access.into()),
    })
}

/// The node a mapping becomes, from what stat(2) says of the host's device.
pub fn device_node(
    path_in_container: PathBuf,
    block: bool,
    major: u32,
    minor: u32,
    mode: u32,
    uid: u32,
    gid: u32,
) -> Device {
    Device {
        kind: if block { "b" } else { "c" }.into(),
        path: path_in_container,
        major: major.into(),
        minor: minor.into(),
        file_mode: Some(mode & 0o7777),
        uid: Some(uid),
        gid: Some(gid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        let rule = parse_rule("c 1:* rw").unwrap();
        assert_eq!((rule.major, rule.minor, rule.access.as_deref()), (Some(1), None, Some("rw")));
        for bad in ["", "c 1:3", "x 1:3 r", "c 1 r", "c 1:3 rx", "c -1:3 r", "c 1:3 r w"] {
            assert!(parse_rule(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn everything_is_denied_first() {
        let rules = default_rules();
        assert!(!rules[0].allow && rules[0].kind.is_none());
    }
}
