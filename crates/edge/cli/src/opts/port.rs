//! Ports: `--publish` and `--expose`.

use api::port::{Empty, PortBinding, PortMap, PortSet};

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range(u16, u16);

impl Range {
    fn len(self) -> u16 {
        self.1 - self.0
    }

    fn read(text: &str) -> Result<Range, String> {
        if text.is_empty() {
            return Err("empty string specified for ports.".into());
        }
        let number = |text: &str| human::parse_uint(text, 10, 16);
        let (first, last) = match text.split_once('-') {
            None => (number(text)?, number(text)?),
            Some((first, last)) => (number(first)?, number(last)?),
        };
        if last < first {
            return Err(format!("invalid range specified for port: {text}"));
        }
        Ok(Range(first as u16, last as u16))
    }
}

/// Published and exposed ports.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// For the configuration.
    pub exposed: PortSet,
    /// For the host's part.
    pub bindings: PortMap,
}

/// Reads all `--publish` and `--expose`.
pub fn read(publish: &[String], expose: &[String]) -> Result<Ports, String> {
    let mut ports = Ports::default();
    for value in publish {
        let short = if value.contains('=') { long(value)? } else { value.clone() };
        add(&mut ports, &short)?;
    }
    for value in expose {
        add_exposed(&mut ports, value)?;
    }
    Ok(ports)
}

/// `published=8080,target=80,protocol=udp,mode=host`, the form of services, in the short form.
fn long(value: &str) -> Result<String, String> {
    let (mut target, mut published, mut protocol) = ("", "", "tcp");
    for field in value.split(',') {
        let (name, text) = field.split_once('=').ok_or_else(|| format!("invalid field: {field}"))?;
        match name.to_lowercase().as_str() {
            "target" => target = text,
            "published" => published = text,
            "protocol" if matches!(text, "tcp" | "udp" | "sctp") => protocol = text,
            "protocol" => return Err(format!("invalid protocol value '{text}' for publish option")),
            "mode" if matches!(text, "host" | "ingress") => {}
            "mode" => return Err(format!("invalid publish mode value '{text}'")),
            _ => return Err(format!("invalid field key: {name}")),
        }
    }
    if target.is_empty() {
        return Err(format!("missing mandatory field '{value}'"));
    }
    Ok(format!("{published}:{target}/{protocol}"))
}

/// Reads `[address:][host port]:container port[/protocol]`.
fn add(ports: &mut Ports, value: &str) -> Result<(), String> {
    let (rest, protocol) = match value.split_once('/') {
        Some((rest, protocol)) if !protocol.is_empty() => (rest, protocol.to_lowercase()),
        Some((rest, _)) => (rest, "tcp".into()),
        None => (value, "tcp".into()),
    };
    let (address, host, container) = split(rest);
    let address = check_address(address, value)?;
    if container.is_empty() {
        return Err(format!("no port specified: {value}<empty>"));
    }
    let inside = Range::read(container).map_err(|_| format!("invalid containerPort: {container}"))?;
    let outside = match host {
        "" => None,
        host => Some(Range::read(host).map_err(|_| format!("invalid hostPort: {host}"))?),
    };
    if let Some(outside) = outside.filter(|outside| outside.len() != inside.len()) {
        // One port inside may take any free one of a range outside.
        if inside.len() != 0 {
            return Err(format!("invalid ranges specified for container and host Ports: {container} and {host}",));
        }
        let _ = outside;
    }
    if !matches!(&*protocol, "tcp" | "udp" | "sctp") {
        return Err(format!("invalid proto: {protocol}"));
    }
    for step in 0..=inside.len() {
        let name = format!("{}/{protocol}", inside.0 + step);
        let host_port = match outside {
            None => String::new(),
            Some(outside) if inside.len() == 0 && outside.len() != 0 => host.to_string(),
            Some(outside) => (outside.0 + step).to_string(),
        };
        ports.exposed.insert(name.clone(), Empty {});
        let binding = PortBinding { host_ip: address.clone(), host_port };
        ports.bindings.entry(name).or_default().get_or_insert_default().push(binding);
    }
    Ok(())
}

fn split(rest: &str) -> (&str, &str, &str) {
    let parts: Vec<&str> = rest.rsplitn(3, ':').collect();
    match parts.as_slice() {
        [container] => ("", "", container),
        [container, host] => ("", host, container),
        [container, host, address] => (address, host, container),
        _ => ("", "", rest),
    }
}

/// An address is given bare or, for IPv6, in brackets.
fn check_address(address: &str, _value: &str) -> Result<String, String> {
    let bare = match address.strip_prefix('[') {
        Some(rest) => match rest.strip_suffix(']') {
            Some(inner) => inner,
            None => return Err(format!("invalid IP address: {address}")),
        },
        None => address,
    };
    if bare.is_empty() || bare.parse::<std::net::IpAddr>().is_ok() {
        return Ok(bare.into());
    }
    Err(format!("invalid IP address: {address}"))
}

fn add_exposed(ports: &mut Ports, value: &str) -> Result<(), String> {
    if value.contains(':') {
        return Err(format!("invalid port format for --expose: {value}"));
    }
    let (range, protocol) = match value.split_once('/') {
        Some((range, protocol)) => (range, if protocol.is_empty() { "tcp".into() } else { protocol.to_lowercase() }),
        None => (value, "tcp".to_string()),
    };
    let found =
        Range::read(range).map_err(|error| format!("invalid range format for --expose: {value}, error: {error}"))?;
    for port in found.0..=found.1 {
        ports.exposed.insert(format!("{port}/{protocol}"), Empty {});
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindings(publish: &[&str]) -> Result<Vec<(String, String, String)>, String> {
        let publish: Vec<String> = publish.iter().map(|value| value.to_string()).collect();
        let ports = read(&publish, &[])?;
        let flat = ports.bindings.into_iter().flat_map(|(name, list)| {
            list.unwrap_or_default().into_iter().map(move |binding| (name.clone(), binding.host_ip, binding.host_port))
        });
        Ok(flat.collect())
    }

    fn one(publish: &str) -> (String, String, String) {
        bindings(&[publish]).unwrap().remove(0)
    }

    #[test]
    fn ports_are_read() {
        let of = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(one("80"), of("80/tcp", "", ""));
        assert_eq!(one("8080:80"), of("80/tcp", "", "8080"));
        assert_eq!(one("127.0.0.1::53/UDP"), of("53/udp", "127.0.0.1", ""));
        assert_eq!(one("[::1]:80:80"), of("80/tcp", "::1", "80"));
        assert_eq!(one("8000-8010:80"), of("80/tcp", "", "8000-8010"));
        assert_eq!(one("published=8080,target=80,protocol=udp"), of("80/udp", "", "8080"));
        assert_eq!(bindings(&["80-81:90-91"]).unwrap().len(), 2);
        assert_eq!(bindings(&["1:80", "2:80"]).unwrap().len(), 2);
    }

    #[test]
    fn refusals_are_dockers() {
        for (value, expect) in [
            ("99999:80", "invalid hostPort: 99999"),
            ("a:80", "invalid hostPort: a"),
            ("80:b", "invalid containerPort: b"),
            ("1.2.3:80:80", "invalid IP address: 1.2.3"),
            ("localhost:80:80", "invalid IP address: localhost"),
            ("::", "no port specified: ::<empty>"),
            ("", "no port specified: <empty>"),
            ("80-82:80-81", "invalid ranges specified for container and host Ports: 80-81 and 80-82"),
            ("80/foo", "invalid proto: foo"),
        ] {
            assert_eq!(bindings(&[value]).unwrap_err(), expect, "{value}");
        }
        let expose = |value: &str| read(&[], &[value.into()]);
        assert_eq!(
            expose("x").unwrap_err(),
            r#"invalid range format for --expose: x, error: strconv.ParseUint: parsing "x": invalid syntax"#
        );
        assert_eq!(expose("80:90").unwrap_err(), "invalid port format for --expose: 80:90");
        assert_eq!(expose("80-82/udp").unwrap().exposed.len(), 3);
    }
}
