//! The files of `/etc` that the daemon writes for a container: `hosts`, `hostname`, `resolv.conf`.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fault::{Fault, Result, Step};
use network::name_files::{self, Dns};

use super::Stored;
use crate::inner::Inner;

/// The files of a container, by their names on the host and where they appear.
pub fn files(engine: &Inner, id: &names::ContainerId) -> Vec<(PathBuf, &'static str)> {
    let folder = engine.container_dir(id);
    vec![
        (folder.join("resolv.conf"), "/etc/resolv.conf"),
        (folder.join("hostname"), "/etc/hostname"),
        (folder.join("hosts"), "/etc/hosts"),
    ]
}

/// Writes them for a run that is about to start.
pub fn write(engine: &Inner, stored: &Stored, endpoint: Option<&network::Endpoint>) -> Result<()> {
    let record = &stored.record;
    if container::spec::joined(&record.host_config.network_mode).is_some() {
        // It has those of the container whose network it has.
        return Ok(());
    }
    let folder = engine.container_dir(&record.id);
    let host = &record.host_config;
    let hostname = record.hostname();
    put(&folder.join("hostname"), name_files::hostname(hostname).as_bytes())?;
    let extra =
        extra_hosts(host.extra_hosts.as_deref().unwrap_or_default(), endpoint.map(|endpoint| endpoint.gateway.into()))?;
    let hosts = if host.network_mode == "host" {
        name_files::hosts_of_host(&read_or_empty("/etc/hosts"), &extra)
    } else {
        name_files::hosts(hostname, &record.config.domainname, endpoint.map(|endpoint| endpoint.ip.into()), &extra)
    };
    put(&folder.join("hosts"), hosts.as_bytes())?;
    put(&folder.join("resolv.conf"), resolv_conf(engine, stored).as_bytes())
}

/// `name:address` or `name=address`; `host-gateway` is the bridge's own address.
pub fn extra_hosts(entries: &[String], gateway: Option<IpAddr>) -> Result<Vec<(String, IpAddr)>> {
    let mut all = Vec::new();
    for entry in entries {
        let invalid = || Fault::invalid(format!("bad format for add-host: {entry:?}"));
        let (name, address) = entry.split_once(['=', ':']).filter(|(name, _)| !name.is_empty()).ok_or_else(invalid)?;
        if name.contains(char::is_whitespace) {
            return Err(invalid());
        }
        let plain = address.trim_start_matches('[').trim_end_matches(']');
        match (plain, gateway, plain.parse()) {
            ("host-gateway", Some(gateway), _) => all.push((name.to_owned(), gateway)),
            // Checked at create, when there is no gateway yet.
            ("host-gateway", None, _) => {}
            (_, _, Ok(address)) => all.push((name.to_owned(), address)),
            _ => return Err(Fault::invalid(format!("invalid IP address in add-host: {address:?}"))),
        }
    }
    Ok(all)
}

/// Name servers are addresses.
pub fn check_servers(servers: &[String]) -> Result<()> {
    match servers.iter().find(|server| server.parse::<IpAddr>().is_err()) {
        Some(server) => {
            Err(Fault::invalid(format!("bad nameserver address {}: not an IP address", server.escape_debug())))
        }
        None => Ok(()),
    }
}

fn resolv_conf(engine: &Inner, stored: &Stored) -> String {
    let host = &stored.record.host_config;
    let settings = &engine.settings;
    let own = |given: &Option<Vec<String>>, default: Vec<String>| {
        given.clone().filter(|list| !list.is_empty()).unwrap_or(default)
    };
    let dns = Dns {
        servers: own(&host.dns, settings.dns.iter().map(ToString::to_string).collect()),
        search: own(&host.dns_search, settings.dns_search.clone()),
        options: own(&host.dns_options, settings.dns_options.clone()),
    };
    let text = read_or_empty("/etc/resolv.conf");
    if host.network_mode == "host" {
        return name_files::resolv_conf_of_host(&text, &dns);
    }
    let text = if name_files::asks_resolved(&text) { read_or_empty(name_files::RESOLVED_PATH) } else { text };
    name_files::resolv_conf(&text, &dns)
}

fn read_or_empty(path: &str) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The folder is the daemon's own, which no container sees; the file is made anew, never written through a link.
fn put(path: &Path, content: &[u8]) -> Result<()> {
    let _ = fs::remove_file(path);
    let file = fs::File::options().write(true).create_new(true).mode(0o644).open(path);
    file.and_then(|mut file| file.write_all(content)).step(format_args!("write {}", path.display()))
}
