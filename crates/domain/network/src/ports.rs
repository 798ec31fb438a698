//! Which ports of the host belong to containers.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use fault::{Fault, Result};

use crate::endpoint::{Protocol, PublishedPort};
use crate::request::{HostPort, PortRequest};
use crate::{reservation, sysctl};

/// For how long after a port was given back its socket may still be open, in a shim that is about to end.
const AFTERGLOW: Duration = Duration::from_secs(2);

/// Ports of the host that belong to containers.
#[derive(Debug, Default)]
pub struct Ports {
    taken: HashMap<(Protocol, u16), Vec<Ipv4Addr>>,
    /// When ports were given back, for as long as [`AFTERGLOW`].
    released: HashMap<(Protocol, u16), Instant>,
    /// Where the search for any free port goes on.
    next: u16,
}

/// A port that is ours, and the socket that keeps it so.
pub type Held = (PublishedPort, OwnedFd);

impl Ports {
    /// Takes a port for each request, all or none. `container` is named in errors.
    pub fn hold_all(
        &mut self,
        requests: &[PortRequest],
        default_ip: Ipv4Addr,
        container: Ipv4Addr,
    ) -> Result<Vec<Held>> {
        let mut held: Vec<Held> = Vec::with_capacity(requests.len());
        for request in requests {
            match self.hold(request, request.host_ip.unwrap_or(default_ip), container) {
                Ok(port) => held.push(port),
                Err(fault) => {
                    // Never published, so that nobody else holds them.
                    held.iter().for_each(|(port, _)| self.forget(port));
                    return Err(fault);
                }
            }
        }
        Ok(held)
    }

    /// Whether one of the ports was given back so lately that its last shim may not have ended yet.
    pub fn may_be_free_soon(&self, requests: &[PortRequest]) -> bool {
        requests.iter().any(|request| match request.host_port {
            HostPort::Fixed(port) => {
                self.released.get(&(request.proto, port)).is_some_and(|since| since.elapsed() < AFTERGLOW)
            }
            HostPort::Range(..) | HostPort::Ephemeral => false,
        })
    }

    /// Notes a port that a container has kept over a restart of ours; its shim holds the socket.
    pub fn take(&mut self, port: &PublishedPort) {
        self.taken.entry((port.proto, port.host_port)).or_default().push(port.host_ip);
    }

    /// Gives ports back.
    pub fn release(&mut self, ports: &[PublishedPort]) {
        let now = Instant::now();
        self.released.retain(|_, since| now.duration_since(*since) < AFTERGLOW);
        for port in ports {
            self.forget(port);
            self.released.insert((port.proto, port.host_port), now);
        }
    }

    fn forget(&mut self, port: &PublishedPort) {
        let key = (port.proto, port.host_port);
        let Some(addresses) = self.taken.get_mut(&key) else { return };
        if let Some(index) = addresses.iter().position(|ip| *ip == port.host_ip) {
            addresses.swap_remove(index);
        }
        if addresses.is_empty() {
            self.taken.remove(&key);
        }
    }

    fn hold(&mut self, request: &PortRequest, ip: Ipv4Addr, container: Ipv4Addr) -> Result<Held> {
        if request.proto == Protocol::Sctp {
            let port = request.container_port;
            return Err(Fault::not_implemented(format!("publish port {port}/sctp: sctp is not supported yet")));
        }
        let wanted = Wanted { request, ip, container };
        match request.host_port {
            HostPort::Fixed(0) | HostPort::Ephemeral => self.hold_any(&wanted),
            HostPort::Fixed(port) => self.hold_one(&wanted, port),
            HostPort::Range(first, last) => self.hold_first(&wanted, first..=last),
        }
    }

    fn hold_one(&mut self, wanted: &Wanted<'_>, port: u16) -> Result<Held> {
        let published = wanted.as_published(port);
        if self.conflicts(&published) {
            let ip = wanted.ip;
            return Err(Fault::system(format!("Bind for {ip}:{port} failed: port is already allocated")));
        }
        let socket = reservation::hold(published.proto, published.host_ip, port)
            .map_err(|errno| wanted.refused(&port.to_string(), &reservation::in_words(errno)))?;
        self.take(&published);
        Ok((published, socket))
    }

    fn hold_first(&mut self, wanted: &Wanted<'_>, ports: impl Iterator<Item = u16> + Clone) -> Result<Held> {
        let (first, last) = (ports.clone().next().unwrap_or(0), ports.clone().last().unwrap_or(0));
        for port in ports {
            // One that is taken, by whomever, is stepped over; what all of them would say is an error at once.
            match reservation_or_skip(wanted, port, self.conflicts(&wanted.as_published(port)))? {
                Some(socket) => {
                    let published = wanted.as_published(port);
                    self.take(&published);
                    return Ok((published, socket));
                }
                None => continue,
            }
        }
        Err(wanted.refused(&format!("{first}-{last}"), "all ports are allocated"))
    }

    fn hold_any(&mut self, wanted: &Wanted<'_>) -> Result<Held> {
        let (first, last) = ephemeral_range();
        let start = self.next.clamp(first, last);
        let held = self.hold_first(wanted, (start..=last).chain(first..start))?;
        self.next = held.0.host_port.checked_add(1).filter(|&next| next <= last).unwrap_or(first);
        Ok(held)
    }

    /// Two belong to the same port where one of them is for all addresses, or both are for the same.
    fn conflicts(&self, port: &PublishedPort) -> bool {
        let addresses = self.taken.get(&(port.proto, port.host_port));
        addresses.is_some_and(|addresses| {
            port.host_ip.is_unspecified() || addresses.iter().any(|ip| ip.is_unspecified() || *ip == port.host_ip)
        })
    }
}

/// A request with what its errors name.
struct Wanted<'a> {
    request: &'a PortRequest,
    ip: Ipv4Addr,
    container: Ipv4Addr,
}

impl Wanted<'_> {
    fn as_published(&self, host_port: u16) -> PublishedPort {
        let PortRequest { container_port, proto, .. } = *self.request;
        PublishedPort { proto, container_port, host_ip: self.ip, host_port }
    }

    fn refused(&self, host_port: &str, cause: &str) -> Fault {
        let (ip, container, PortRequest { container_port, proto, .. }) = (self.ip, self.container, self.request);
        let what = format!("{ip}:{host_port}:{container}:{container_port}/{proto}");
        Fault::system(format!("failed to bind host port for {what}: {cause}"))
    }
}

fn reservation_or_skip(wanted: &Wanted<'_>, port: u16, conflict: bool) -> Result<Option<OwnedFd>> {
    if conflict {
        return Ok(None);
    }
    match reservation::hold(wanted.request.proto, wanted.ip, port) {
        Ok(socket) => Ok(Some(socket)),
        Err(rustix::io::Errno::ADDRINUSE) => Ok(None),
        Err(errno) => Err(wanted.refused(&port.to_string(), &reservation::in_words(errno))),
    }
}

/// The ports that the kernel itself gives to whoever wants any (ip(7)).
fn ephemeral_range() -> (u16, u16) {
    const USUAL: (u16, u16) = (32768, 60999);
    let text = sysctl::read("ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = text.split_whitespace().map(str::parse::<u16>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(last))) if 0 < first && first <= last => (first, last),
        _ => USUAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTAINER: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 2);
    const ALL: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

    fn request(host_ip: Option<Ipv4Addr>, host_port: HostPort) -> PortRequest {
        PortRequest { container_port: 80, proto: Protocol::Tcp, host_ip, host_port }
    }

    fn in_new_netns(body: impl FnOnce() + Send + 'static) {
        let thread = std::thread::spawn(|| {
            sys::netns::enter_new().unwrap();
            // Where not even loopback is up the kernel lets sockets bind to any address.
            let up = netlink::Change { up: Some(true), ..netlink::Change::default() };
            netlink::Rtnl::open().unwrap().run(vec![netlink::Request::set_link("lo", &up)]).unwrap();
            body();
        });
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }

    #[test]
    fn a_port_of_another_container_and_one_of_a_stranger_are_refused_in_dockers_words() {
        in_new_netns(|| {
            let mut ports = Ports::default();
            let fixed = |port| vec![request(None, HostPort::Fixed(port))];
            let _first = ports.hold_all(&fixed(80), ALL, CONTAINER).unwrap();
            let fault = ports.hold_all(&fixed(80), ALL, CONTAINER).unwrap_err();
            assert_eq!(fault.message(), "Bind for 0.0.0.0:80 failed: port is already allocated");
            let _stranger = std::net::TcpListener::bind("0.0.0.0:81").unwrap();
            let fault = ports.hold_all(&fixed(81), ALL, CONTAINER).unwrap_err();
            let expect = "failed to bind host port for 0.0.0.0:81:172.17.0.2:80/tcp: address already in use";
            assert_eq!(fault.message(), expect);
            let elsewhere = vec![request(Some(Ipv4Addr::new(192, 0, 2, 1)), HostPort::Fixed(82))];
            let fault = ports.hold_all(&elsewhere, ALL, CONTAINER).unwrap_err();
            assert!(fault.message().ends_with("192.0.2.1:82:172.17.0.2:80/tcp: cannot assign requested address"));
        });
    }

    #[test]
    fn a_failed_request_gives_the_earlier_ones_back() {
        in_new_netns(|| {
            let mut ports = Ports::default();
            let _stranger = std::net::TcpListener::bind("0.0.0.0:81").unwrap();
            let both = [request(None, HostPort::Fixed(80)), request(None, HostPort::Fixed(81))];
            ports.hold_all(&both, ALL, CONTAINER).unwrap_err();
            ports.hold_all(&both[..1], ALL, CONTAINER).unwrap();
        });
    }

    #[test]
    fn ranges_and_ephemeral_ports_step_over_what_is_taken() {
        in_new_netns(|| {
            let mut ports = Ports::default();
            let _stranger = std::net::TcpListener::bind("0.0.0.0:8000").unwrap();
            let range = vec![request(None, HostPort::Range(8000, 8002))];
            let mut hold = |requests: &[PortRequest]| ports.hold_all(requests, ALL, CONTAINER);
            let held: Vec<_> = (0..2).map(|_| hold(&range).unwrap().remove(0)).collect();
            assert_eq!((held[0].0.host_port, held[1].0.host_port), (8001, 8002));
            assert!(hold(&range).unwrap_err().message().contains("8000-8002"));
            let any = vec![request(None, HostPort::Ephemeral)];
            let held: Vec<_> = (0..2).map(|_| hold(&any).unwrap().remove(0)).collect();
            assert_eq!((held[0].0.host_port, held[1].0.host_port), (32768, 32769));
        });
    }

    #[test]
    fn addresses_of_the_same_port_are_apart_unless_one_is_all() {
        let mut ports = Ports::default();
        let port = |host_ip| PublishedPort { proto: Protocol::Udp, container_port: 1, host_ip, host_port: 53 };
        let (one, other) = (port(Ipv4Addr::LOCALHOST), port(Ipv4Addr::new(10, 0, 0, 1)));
        ports.take(&one);
        assert!(!ports.conflicts(&other) && ports.conflicts(&one) && ports.conflicts(&port(ALL)));
        ports.release(&[one]);
        ports.take(&port(ALL));
        assert!(ports.conflicts(&one));
    }

    #[test]
    fn sctp_is_refused_clearly() {
        let sctp = PortRequest { proto: Protocol::Sctp, ..request(None, HostPort::Fixed(80)) };
        let fault = Ports::default().hold_all(&[sctp], ALL, CONTAINER).unwrap_err();
        assert_eq!(fault.kind(), fault::Kind::NotImplemented);
    }
}
