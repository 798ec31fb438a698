//! Addresses of a daemon's host, without the C library, whose resolver a static program must not call.

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The addresses of `host:port`: an address itself, a name of `/etc/hosts`, or what the machine's name servers say.
pub(crate) async fn addresses(authority: &str) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = authority.parse() {
        return Ok(vec![address]);
    }
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "2375"));
    let port = port.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let known = hosts.lines().filter_map(|line| host_line(line, host)).next();
    let found = match (known, host) {
        (Some(address), _) => vec![address],
        (None, "localhost") => vec![Ipv4Addr::LOCALHOST.into()],
        _ => ask(host).await.map_err(|error| not_found(host, &error))?,
    };
    Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

async fn ask(host: &str) -> Result<Vec<IpAddr>, NetError> {
    Ok(TokioResolver::builder_tokio()?.build()?.lookup_ip(host).await?.iter().collect())
}

/// Go's words.
fn not_found(host: &str, error: &NetError) -> io::Error {
    let reason = match error {
        error if error.is_nx_domain() || error.is_no_records_found() => "no such host".to_owned(),
        NetError::Timeout => "i/o timeout".to_owned(),
        other => other.to_string(),
    };
    io::Error::other(format!("lookup {host}: {reason}"))
}

fn host_line(line: &str, host: &str) -> Option<IpAddr> {
    let mut words = line.split('#').next()?.split_whitespace();
    let address = words.next()?.parse().ok()?;
    words.any(|name| name == host).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_hosts() {
        assert_eq!(host_line("10.0.0.1 a b # c", "b"), Some(IpAddr::from([10, 0, 0, 1])));
        assert_eq!(host_line("10.0.0.1 a b # c", "c"), None);
        assert_eq!(host_line("# 10.0.0.1 a", "a"), None);
    }

    #[tokio::test]
    async fn addresses_need_no_server() {
        assert_eq!(addresses("127.0.0.1:5").await.unwrap(), ["127.0.0.1:5".parse().unwrap()]);
        assert_eq!(addresses("[::1]:5").await.unwrap(), ["[::1]:5".parse().unwrap()]);
        assert!(addresses("h:x").await.is_err());
    }
}
