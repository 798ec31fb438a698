//! Devices: `--device` and `--device-cgroup-rule`.

use api::container::{DeviceMapping, DeviceRequest};

/// What a `--device` asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Device {
    /// A device of the host.
    Mapping(DeviceMapping),
    /// A device of the container device interface, `vendor/class=name`.
    Cdi(String),
}

/// Reads `host[:container][:permissions]`.
pub fn read(value: &str) -> Result<Device, String> {
    if is_cdi(value) {
        return Ok(Device::Cdi(value.into()));
    }
    let parts: Vec<&str> = value.split(':').collect();
    let (host, container, permissions) = match parts.as_slice() {
        [host] => (*host, "", "rwm"),
        [host, second] if is_mode(second) => (*host, "", *second),
        [host, second] => (*host, *second, "rwm"),
        [host, second, mode] if is_mode(mode) => (*host, *second, *mode),
        [_, _, mode] => return Err(format!("bad mode specified: {mode}")),
        _ => return Err(format!("bad format for path: {value}")),
    };
    let container = if container.is_empty() { host } else { container };
    // The path in the container is checked, as docker does; that of the host is the daemon's business.
    if !container.starts_with('/') {
        return Err(format!("{container} is not an absolute path"));
    }
    Ok(Device::Mapping(DeviceMapping {
        path_on_host: host.into(),
        path_in_container: container.into(),
        cgroup_permissions: permissions.into(),
    }))
}

fn is_mode(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| "rwm".contains(c))
        && text.chars().enumerate().all(|(at, c)| !text.chars().skip(at + 1).any(|other| other == c))
}

fn is_cdi(value: &str) -> bool {
    let Some((kind, name)) = value.split_once('=') else { return false };
    let Some((vendor, class)) = kind.split_once('/') else { return false };
    let word = |text: &str, extra: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    let device = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
    word(vendor, "_-.") && word(class, "_-") && device
}

/// The request for all devices of the container device interface.
pub fn cdi_request(names: Vec<String>) -> DeviceRequest {
    DeviceRequest { driver: "cdi".into(), device_ids: Some(names), ..DeviceRequest::default() }
}

/// Checks `a|b|c major:minor rwm`.
pub fn check_rule(value: &str) -> Result<(), String> {
    let number = |text: &str| text == "*" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let valid = match value.split(' ').collect::<Vec<_>>().as_slice() {
        [kind, numbers, modes] => {
            matches!(*kind, "a" | "b" | "c")
                && numbers.split_once(':').is_some_and(|(major, minor)| number(major) && number(minor))
                && (1..=3).contains(&modes.len())
                && modes.chars().all(|c| "rwm".contains(c))
        }
        _ => false,
    };
    if valid { Ok(()) } else { Err(format!("invalid device cgroup format '{value}'")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(value: &str) -> (String, String, String) {
        match read(value).unwrap() {
            Device::Mapping(found) => (found.path_on_host, found.path_in_container, found.cgroup_permissions),
            Device::Cdi(name) => (name, "cdi".into(), String::new()),
        }
    }

    #[test]
    fn devices_are_read() {
        let of = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(mapping("/dev/a"), of("/dev/a", "/dev/a", "rwm"));
        assert_eq!(mapping("/dev/a:r"), of("/dev/a", "/dev/a", "r"));
        assert_eq!(mapping("/dev/a:/dev/b:rw"), of("/dev/a", "/dev/b", "rw"));
        assert_eq!(mapping("vendor.com/gpu=0"), of("vendor.com/gpu=0", "cdi", ""));
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(read("/dev/null:/x:foo").unwrap_err(), "bad mode specified: foo");
        assert_eq!(read("a:b:c:d").unwrap_err(), "bad format for path: a:b:c:d");
        assert_eq!(check_rule("foo").unwrap_err(), "invalid device cgroup format 'foo'");
        assert!(check_rule("c 1:* rwm").is_ok());
    }
}
