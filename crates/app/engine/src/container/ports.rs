//! Turns the ports of a request into what the network publishes.

use std::net::{IpAddr, Ipv4Addr};

use api::port::{PortBinding, PortMap, PortSet};
use fault::{Fault, Result};
use network::{HostPort, PortRequest, Protocol};

/// All ports to publish: the bindings, and with `all` every exposed port that has none.
pub fn requests(bindings: Option<&PortMap>, exposed: Option<&PortSet>, all: bool) -> Result<Vec<PortRequest>> {
    let mut requests = Vec::new();
    for (port, places) in bindings.into_iter().flatten() {
        let (container_port, proto) = parse_port(port)?;
        let anywhere = [PortBinding::default()];
        let places = places.as_deref().unwrap_or_default();
        for place in if places.is_empty() { &anywhere } else { places } {
            let host_ip = host_ip(&place.host_ip)?;
            requests.push(PortRequest { container_port, proto, host_ip, host_port: host_port(&place.host_port)? });
        }
    }
    for port in exposed.into_iter().flatten().map(|(port, _)| port).filter(|_| all) {
        let (container_port, proto) = parse_port(port)?;
        if !requests.iter().any(|request| request.container_port == container_port && request.proto == proto) {
            requests.push(PortRequest { container_port, proto, host_ip: None, host_port: HostPort::Ephemeral });
        }
    }
    Ok(requests)
}

fn parse_port(text: &str) -> Result<(u16, Protocol)> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let proto = match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        other => return Err(Fault::invalid(format!("invalid port specification {text:?}: invalid proto: {other}"))),
    };
    match number.parse() {
        Ok(port @ 1..) => Ok((port, proto)),
        _ => Err(Fault::invalid(format!("invalid port specification: {text:?}"))),
    }
}

fn host_ip(text: &str) -> Result<Option<Ipv4Addr>> {
    match text.parse::<IpAddr>() {
        _ if text.is_empty() => Ok(None),
        Ok(IpAddr::V4(ip)) => Ok(Some(ip)),
        Ok(IpAddr::V6(_)) => {
            Err(Fault::not_implemented(format!("publishing on the IPv6 address {text} is not implemented yet")))
        }
        Err(_) => Err(Fault::invalid(format!("invalid IP address: {text}"))),
    }
}

fn host_port(text: &str) -> Result<HostPort> {
    let invalid = || Fault::invalid(format!("invalid port specification: {text:?}"));
    let number = |text: &str| text.parse::<u16>().map_err(|_| invalid());
    match text.split_once('-') {
        _ if text.is_empty() => Ok(HostPort::Ephemeral),
        None => Ok(match number(text)? {
            0 => HostPort::Ephemeral,
            port => HostPort::Fixed(port),
        }),
        Some((first, last)) => match (number(first)?, number(last)?) {
            (first @ 1.., last) if first <= last => Ok(HostPort::Range(first, last)),
            _ => Err(invalid()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(port: &str, ip: &str, host: &str) -> PortMap {
        let binding = PortBinding { host_ip: ip.into(), host_port: host.into() };
        PortMap::from([(port.to_owned(), Some(vec![binding]))])
    }

    #[test]
    fn bindings_are_read() {
        let all = requests(Some(&map("80/tcp", "127.0.0.1", "8000-8010")), None, false).unwrap();
        assert_eq!(all[0].host_port, HostPort::Range(8000, 8010));
        assert_eq!(all[0].host_ip, Some(Ipv4Addr::LOCALHOST));
        let none = PortMap::from([("53/udp".to_owned(), None)]);
        assert_eq!(requests(Some(&none), None, false).unwrap()[0].host_port, HostPort::Ephemeral);
    }

    #[test]
    fn exposed_ports_are_published_when_all_are() {
        let exposed =
            PortSet::from([("80/tcp".to_owned(), Default::default()), ("81/tcp".to_owned(), Default::default())]);
        let all = requests(Some(&map("80/tcp", "", "8080")), Some(&exposed), true).unwrap();
        assert_eq!(all.iter().map(|request| request.container_port).collect::<Vec<_>>(), [80, 81]);
        assert_eq!(requests(None, Some(&exposed), false).unwrap(), []);
    }

    #[test]
    fn nonsense_is_refused() {
        for (port, ip, host) in [
            ("0/tcp", "", "1"),
            ("80/xyz", "", "1"),
            ("80/tcp", "x", "1"),
            ("80/tcp", "", "70000"),
            ("80/tcp", "", "9-8"),
        ] {
            assert!(requests(Some(&map(port, ip, host)), None, false).is_err(), "{port} {ip} {host}");
        }
    }
}
