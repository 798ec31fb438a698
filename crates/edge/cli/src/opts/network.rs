//! `--network` and the flags that belong to the first network.

use super::mount::fields;
use crate::flag::{Kind, Matches};
use api::network::{EndpointIpamConfig, EndpointSettings, NetworkingConfig};
use std::collections::BTreeMap;

/// The flag's type.
pub const KIND: Kind = Kind::CheckedList("network", |value| read(value).map(drop));

/// One network to join.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The network's name or a mode.
    pub target: String,
    aliases: Vec<String>,
    links: Vec<String>,
    driver_opts: BTreeMap<String, String>,
    ipv4: String,
    ipv6: String,
    link_local: Vec<String>,
    mac: String,
    priority: i64,
}

/// Reads one `--network`: a name, or `name=…,alias=…`.
pub fn read(value: &str) -> Result<Attachment, String> {
    let mut network = Attachment::default();
    if !value.contains('=') {
        network.target = value.into();
        return Ok(network);
    }
    for field in fields(value)? {
        let (name, text) = field
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| format!("invalid field {field}"))?;
        let (name, text) = (name.trim().to_lowercase(), text.trim());
        match name.as_str() {
            "name" => network.target = text.into(),
            "alias" => network.aliases.push(text.into()),
            "ip" => network.ipv4 = text.into(),
            "ip6" => network.ipv6 = text.into(),
            "mac-address" => network.mac = text.into(),
            "link-local-ip" => network.link_local.push(text.into()),
            "driver-opt" => {
                let (key, value) = text.split_once('=').ok_or("invalid key value pair format in driver options")?;
                network.driver_opts.insert(key.trim().to_lowercase(), value.trim().into());
            }
            "gw-priority" => {
                network.priority = human::parse_int(text, 10, 64)
                    .map_err(|_| format!("invalid gw-priority ({text}): invalid syntax"))?;
            }
            _ => return Err(format!("invalid field key {name}")),
        }
    }
    Ok(network)
}

/// The networks of a command line: what the first is called, and the settings of each.
pub fn collect(matches: &Matches) -> Result<(String, NetworkingConfig), String> {
    let mut networks: Vec<Attachment> =
        matches.list("network").iter().map(|value| read(value)).collect::<Result<_, _>>()?;
    // A single network without settings is left to the daemon, by name only; the default is spelt out.
    let alone = networks.len() == 1;
    if networks.is_empty() {
        networks.push(Attachment { target: "default".into(), ..Attachment::default() });
    }
    let user_defined = networks.iter().filter(|network| is_user_defined(&network.target)).count();
    let mixed = user_defined > 0 && user_defined < networks.len();
    apply_flags(&mut networks[0], matches)?;
    let first = networks[0].target.clone();
    let mut endpoints = BTreeMap::new();
    for network in networks {
        let target = network.target.clone();
        let settings = network.settings()?;
        if endpoints.contains_key(&target) {
            return Err(format!("network {} is specified multiple times", human::quote(&target)));
        }
        if !(alone && settings == EndpointSettings::default()) {
            endpoints.insert(target, Some(settings));
        }
    }
    if mixed {
        return Err("conflicting options: cannot attach both user-defined and non-user-defined network-modes".into());
    }
    Ok((first, NetworkingConfig { endpoints_config: endpoints }))
}

fn is_user_defined(target: &str) -> bool {
    !matches!(target, "default" | "bridge" | "host" | "none" | "") && !target.starts_with("container:")
}

/// `--network-alias` and its like belong to the first network, and must not be said twice.
fn apply_flags(network: &mut Attachment, matches: &Matches) -> Result<(), String> {
    let conflict = |flag: &str, what: &str| {
        Err(format!("conflicting options: cannot specify both --{flag} and per-network {what}"))
    };
    let aliases = matches.list("network-alias");
    if !aliases.is_empty() {
        if !network.aliases.is_empty() {
            return conflict("network-alias", "alias");
        }
        network.aliases = aliases;
    }
    let links = matches.list("link");
    if !links.is_empty() && is_user_defined(&network.target) {
        network.links = links;
    }
    if let Some(ip) = matches.some("ip") {
        if !network.ipv4.is_empty() {
            return conflict("ip", "IPv4 address");
        }
        network.ipv4 = ip;
    }
    if let Some(ip) = matches.some("ip6") {
        if !network.ipv6.is_empty() {
            return conflict("ip6", "IPv6 address");
        }
        network.ipv6 = ip;
    }
    if let Some(mac) = matches.some("mac-address") {
        if !network.mac.is_empty() {
            return conflict("mac-address", "MAC address");
        }
        network.mac = mac;
    }
    let local = matches.list("link-local-ip");
    if !local.is_empty() {
        if !network.link_local.is_empty() {
            return conflict("link-local-ip", "link-local IP addresses");
        }
        network.link_local = local;
    }
    Ok(())
}

impl Attachment {
    fn settings(self) -> Result<EndpointSettings, String> {
        if self.target.is_empty() {
            return Err("no name set for network".into());
        }
        let user_defined = is_user_defined(&self.target);
        if !user_defined && !self.aliases.is_empty() {
            return Err("network-scoped aliases are only supported for user-defined networks".into());
        }
        if !user_defined && !self.links.is_empty() {
            return Err("links are only supported for user-defined networks".into());
        }
        let some = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
        let ipam =
            EndpointIpamConfig { ipv4_address: self.ipv4, ipv6_address: self.ipv6, link_local_ips: self.link_local };
        Ok(EndpointSettings {
            ipam_config: Some(ipam).filter(|ipam| *ipam != EndpointIpamConfig::default()),
            links: some(self.links),
            aliases: some(self.aliases),
            mac_address: self.mac,
            driver_opts: Some(self.driver_opts).filter(|opts| !opts.is_empty()),
            gw_priority: self.priority,
            ..EndpointSettings::default()
        })
    }
}

/// A hardware address as Go prints it, or docker's refusal.
pub fn check_mac(text: &str) -> Result<(), String> {
    let groups: Vec<&str> = text.split([':', '-']).collect();
    let valid = matches!(groups.len(), 6 | 8 | 20)
        && groups.iter().all(|group| group.len() == 2 && u8::from_str_radix(group, 16).is_ok());
    let dotted = text.split('.').count() == 3
        && text.split('.').all(|group| group.len() == 4 && u16::from_str_radix(group, 16).is_ok());
    if valid || dotted { Ok(()) } else { Err(format!("{text} is not a valid mac address")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        let network = read("name=n1,alias=q,driver-opt=A=b,ip=1.1.1.1,gw-priority=3").unwrap();
        assert_eq!((&*network.target, network.aliases.len(), network.priority), ("n1", 1, 3));
        assert_eq!(network.driver_opts["a"], "b");
        assert_eq!(read("host").unwrap().target, "host");
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(read("name=foo,alias=x,bogus=1").unwrap_err(), "invalid field key bogus");
        assert_eq!(read("name=foo,driver-opt=z").unwrap_err(), "invalid key value pair format in driver options");
        assert_eq!(check_mac("x").unwrap_err(), "x is not a valid mac address");
        assert!(check_mac("92:d0:c6:0a:29:33").is_ok());
    }
}
