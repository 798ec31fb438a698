//! Finds the addresses of receivers without the C library, whose resolver a static program must not call.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;

use crate::address::HostPort;

/// The addresses of a receiver, by `/etc/hosts` and the machine's name servers; this host's for an empty name.
pub(crate) async fn resolve(receiver: &HostPort) -> io::Result<Vec<SocketAddr>> {
    let port = receiver.port.as_deref().unwrap_or_default();
    let port = port.parse().map_err(|_| io::Error::other(format!("address {port}: invalid port")))?;
    let addresses = match (receiver.host.as_str(), receiver.host.parse::<IpAddr>()) {
        (_, Ok(address)) => vec![address],
        ("" | "localhost", _) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        (host, _) => look_up(host).await.map_err(|reason| io::Error::other(format!("lookup {host}: {reason}")))?,
    };
    Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

async fn look_up(host: &str) -> Result<Vec<IpAddr>, String> {
    // Made anew each time: a connection lasts, and the configuration may have changed since the last one.
    let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    let resolver = builder.build().map_err(|error| error.to_string())?;
    match resolver.lookup_ip(host).await {
        Ok(found) => Ok(found.iter().collect()),
        Err(error) if error.is_nx_domain() || error.is_no_records_found() => Err("no such host".into()),
        Err(error) => Err(error.to_string()),
    }
}
