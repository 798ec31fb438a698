//! What stands in a container's `/etc/hosts`, `/etc/resolv.conf` and `/etc/hostname`.
//!
//! Pure: whoever calls reads the host's files and writes the container's.

use std::fmt::Write;
use std::net::IpAddr;

const LOCAL_NAMES: &str = "127.0.0.1\tlocalhost\n\
    ::1\tlocalhost ip6-localhost ip6-loopback\n\
    fe00::\tip6-localnet\n\
    ff00::\tip6-mcastprefix\n\
    ff02::1\tip6-allnodes\n\
    ff02::2\tip6-allrouters\n";

/// Where systemd-resolved says which servers it asks, see [`asks_resolved`].
pub const RESOLVED_PATH: &str = "/run/systemd/resolve/resolv.conf";

/// Asked where the host names no server that a container could reach, as Docker does.
const FALLBACK: [&str; 2] = ["8.8.8.8", "8.8.4.4"];

/// `/etc/hosts` of a container: local names, those of `--add-host`, and its own at its address (`None` without a network).
pub fn hosts(hostname: &str, domainname: &str, ip: Option<IpAddr>, extra: &[(String, IpAddr)]) -> String {
    let mut text = String::from(LOCAL_NAMES);
    append(&mut text, extra);
    if let Some(ip) = ip {
        let full = if domainname.is_empty() { hostname.into() } else { format!("{hostname}.{domainname}") };
        let short = full.split_once('.').map_or(String::new(), |(short, _)| format!(" {short}"));
        let _ = writeln!(text, "{ip}\t{full}{short}");
    }
    text
}

/// `/etc/hosts` of a container in the host's network: the host's, and the names of `--add-host`.
pub fn hosts_of_host(host: &str, extra: &[(String, IpAddr)]) -> String {
    let mut text = String::from(host);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    append(&mut text, extra);
    text
}

fn append(text: &mut String, extra: &[(String, IpAddr)]) {
    for (name, ip) in extra {
        let _ = writeln!(text, "{ip}\t{name}");
    }
}

/// `/etc/hostname`.
pub fn hostname(hostname: &str) -> String {
    format!("{hostname}\n")
}

/// What is asked for with `--dns`, `--dns-search` and `--dns-option`, or by the daemon's settings of these names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// Instead of the host's servers, where there are any.
    pub servers: Vec<String>,
    /// Instead of the host's search list; a single `.` means an empty one.
    pub search: Vec<String>,
    /// Instead of the host's options.
    pub options: Vec<String>,
}

impl Dns {
    fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.search.is_empty() && self.options.is_empty()
    }
}

/// Whether the host only asks systemd-resolved on its loopback address: then what counts stands in [`RESOLVED_PATH`].
pub fn asks_resolved(host: &str) -> bool {
    ResolvConf::parse(host).servers == ["127.0.0.53"]
}

/// `/etc/resolv.conf` of a container on a bridge. The host's own loopback and IPv6 servers, which it cannot reach, are
/// left out; those that are asked for are not.
pub fn resolv_conf(host: &str, dns: &Dns) -> String {
    let mut file = ResolvConf::parse(host);
    file.servers.retain(|server| is_reachable(server));
    file.change(dns);
    if file.servers.is_empty() {
        file.servers = FALLBACK.map(String::from).to_vec();
    }
    file.write()
}

/// `/etc/resolv.conf` of a container in the host's network: the host's own, unless something else is asked for.
pub fn resolv_conf_of_host(host: &str, dns: &Dns) -> String {
    if dns.is_empty() {
        return host.into();
    }
    let mut file = ResolvConf::parse(host);
    file.change(dns);
    file.write()
}

/// Whether a container with an IPv4 address of its own reaches the server. A name would be no server at all.
fn is_reachable(server: &str) -> bool {
    matches!(server.parse(), Ok(IpAddr::V4(ip)) if !ip.is_loopback())
}

/// The parts of a resolv.conf(5).
#[derive(Debug, Default, PartialEq, Eq)]
struct ResolvConf {
    servers: Vec<String>,
    search: Vec<String>,
    options: Vec<String>,
    /// Lines with other keywords (`sortlist`).
    others: Vec<String>,
}

impl ResolvConf {
    /// The last `search` or `domain` counts; options add up.
    fn parse(text: &str) -> Self {
        let mut file = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            let mut words = line.split_whitespace().map(String::from);
            match words.next().as_deref() {
                Some("nameserver") => file.servers.extend(words.next()),
                Some("search" | "domain") => file.search = words.collect(),
                Some("options") => file.options.extend(words),
                Some(_) => file.others.push(line.into()),
                None => {}
            }
        }
        file
    }

    fn change(&mut self, dns: &Dns) {
        for (mine, wanted) in
            [(&mut self.servers, &dns.servers), (&mut self.search, &dns.search), (&mut self.options, &dns.options)]
        {
            if !wanted.is_empty() {
                mine.clone_from(wanted);
            }
        }
        if self.search == ["."] {
            self.search.clear();
        }
    }

    fn write(&self) -> String {
        let mut text = String::from("# Made by Gantry for this container. It may be edited.\n\n");
        for server in &self.servers {
            let _ = writeln!(text, "nameserver {server}");
        }
        for (keyword, words) in [("search", &self.search), ("options", &self.options)] {
            if !words.is_empty() {
                let _ = writeln!(text, "{keyword} {}", words.join(" "));
            }
        }
        for line in &self.others {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).into()).collect()
    }

    /// The lines without the remark at the top.
    fn check(host: &str, dns: &Dns, expect: &[&str]) {
        let text = resolv_conf(host, dns);
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert_eq!(lines, expect);
    }

    #[test]
    fn servers_that_a_container_cannot_reach_are_left_out() {
        let host = "# x\nnameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 10.0.0.2\n\
            domain a\nsearch b c\noptions edns0\noptions trust-ad\nsortlist 1.2.3.4\n";
        let expect = ["nameserver 10.0.0.2", "search b c", "options edns0 trust-ad", "sortlist 1.2.3.4"];
        check(host, &Dns::default(), &expect);
    }

    #[test]
    fn the_fallback_is_asked_only_where_no_server_is_left() {
        let fallback = ["nameserver 8.8.8.8", "nameserver 8.8.4.4"];
        check("", &Dns::default(), &fallback);
        check("nameserver 127.0.0.1\n", &Dns::default(), &fallback);
        let wanted = Dns { servers: strings(&["127.0.0.1"]), ..Dns::default() };
        check("nameserver 10.0.0.2\n", &wanted, &["nameserver 127.0.0.1"]);
    }

    #[test]
    fn what_is_asked_for_replaces_what_the_host_has() {
        let host = "nameserver 10.0.0.2\nsearch a\noptions b\n";
        let dns = Dns { search: strings(&["."]), options: strings(&["ndots:0"]), ..Dns::default() };
        check(host, &dns, &["nameserver 10.0.0.2", "options ndots:0"]);
        assert_eq!(resolv_conf_of_host("; as is\nnameserver ::1", &Dns::default()), "; as is\nnameserver ::1");
        assert!(resolv_conf_of_host("nameserver ::1", &dns).contains("nameserver ::1\noptions ndots:0\n"));
    }

    #[test]
    fn resolved_is_recognised() {
        assert!(asks_resolved("nameserver 127.0.0.53\noptions edns0\n"));
        assert!(!asks_resolved("nameserver 127.0.0.53\nnameserver 10.0.0.2\n") && !asks_resolved(""));
    }

    #[test]
    fn hosts_names_the_container_last() {
        let ip = "172.17.0.2".parse().ok();
        let extra = [("db".to_owned(), "10.0.0.9".parse().unwrap())];
        let text = hosts("web", "example.org", ip, &extra);
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"));
        assert!(text.ends_with("10.0.0.9\tdb\n172.17.0.2\tweb.example.org web\n"), "{text}");
        assert!(hosts("web", "", ip, &[]).ends_with("\n172.17.0.2\tweb\n"));
        assert!(hosts("web.example.org", "", ip, &[]).ends_with("\n172.17.0.2\tweb.example.org web\n"));
        assert!(hosts("web", "", None, &[]).ends_with("ip6-allrouters\n"));
        assert_eq!(hosts_of_host("1.2.3.4 x", &extra), "1.2.3.4 x\n10.0.0.9\tdb\n");
        assert_eq!(hostname("web"), "web\n");
    }
}
