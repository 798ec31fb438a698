//! A host and a neighbour on its network, each a network namespace of the test's own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Command;
use std::time::Duration;

use metastore::Catalogue;
use netlink::{Change, Request, Rtnl, Veth};
use network::{Attach, BridgeSetting, HostPort, Networks, PortRequest, Protocol, Settings};

pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
pub const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
/// Long enough for a loaded machine where something is to come, and waited in full only where a test fails.
const COMES: Duration = Duration::from_secs(10);
/// Waited in full where nothing is to come.
const STAYS_AWAY: Duration = Duration::from_millis(400);

/// The host is the namespace of the thread that runs the test.
pub struct World {
    pub neighbour: OwnedFd,
    pub catalogue: Catalogue,
    _directory: tempfile::TempDir,
}

/// Runs `body` in a thread whose network namespace is the host, with a wire to a neighbour.
pub fn with_world(body: impl FnOnce(&World) + Send + 'static) {
    let thread = std::thread::spawn(|| {
        sys::netns::enter_new().unwrap();
        body(&World::new());
    });
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

impl World {
    fn new() -> Self {
        let neighbour = std::thread::spawn(|| {
            sys::netns::enter_new().unwrap();
            sys::netns::current().unwrap()
        })
        .join()
        .unwrap();
        let mut kernel = Rtnl::open().unwrap();
        let up = || Change { up: Some(true), ..Change::default() };
        kernel
            .run(vec![Request::set_link("lo", &up()), Request::add_bridge("lan0", [2, 0, 0, 0, 0, 1], 1500)])
            .unwrap();
        let lan = kernel.link("lan0").unwrap().unwrap().index;
        let wire = Veth {
            name: "wire0",
            controller: lan,
            mtu: 1500,
            peer_name: "eth0",
            peer_mac: [2, 0, 0, 0, 0, 2],
            peer_netns: neighbour.as_fd(),
        };
        kernel.run(vec![Request::add_veth(&wire), Request::set_link("wire0", &up())]).unwrap();
        kernel.run(vec![Request::add_address(lan, HOST, 24), Request::set_link("lan0", &up())]).unwrap();
        within(neighbour.as_fd(), move || {
            let mut kernel = Rtnl::open().unwrap();
            let eth0 = kernel.link("eth0").unwrap().unwrap().index;
            let requests = ["lo", "eth0"].map(|name| Request::set_link(name, &up()));
            kernel.run(vec![Request::add_address(eth0, NEIGHBOUR, 24)]).unwrap();
            kernel.run(requests.into()).unwrap();
        });
        let directory = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(&directory.path().join("catalogue.redb")).unwrap();
        Self { neighbour, catalogue, _directory: directory }
    }

    pub fn open(&self, settings: Settings) -> Networks {
        Networks::open(settings, self.catalogue.clone()).unwrap()
    }

    /// Networks as a daemon without containers has them after its start.
    pub fn start(&self) -> Networks {
        let networks = self.open(settings());
        networks.sweep(&[]);
        networks
    }
}

pub fn settings() -> Settings {
    Settings {
        bridge: BridgeSetting::Default,
        bip: None,
        firewall: true,
        ip_forward: true,
        icc: true,
        default_bind_ip: Ipv4Addr::UNSPECIFIED,
        mtu: 0,
        pool: 2,
    }
}

pub fn container(name: &str, ports: Vec<PortRequest>) -> Attach {
    Attach { container_id: name.repeat(3), name: name.into(), ports, mac: None, ip: None }
}

pub fn port(proto: Protocol, host_port: u16, container_port: u16) -> PortRequest {
    PortRequest { container_port, proto, host_ip: None, host_port: HostPort::Fixed(host_port) }
}

/// Runs `body` in a thread in another network namespace.
pub fn within<T: Send + 'static>(netns: BorrowedFd<'_>, body: impl FnOnce() -> T + Send + 'static) -> T {
    let netns = netns.try_clone_to_owned().unwrap();
    let thread = std::thread::spawn(move || {
        sys::netns::enter(netns.as_fd()).unwrap();
        drop(netns);
        body()
    });
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Serves one TCP and one UDP port in a namespace, answering with `name` and the peer's address, until the test ends.
/// The threads keep no descriptor of the namespace but their sockets'.
pub fn serve(netns: BorrowedFd<'_>, name: &'static str, port: u16) {
    within(netns, move || {
        let tcp = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
        let udp = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
        std::thread::spawn(move || {
            while let Ok((mut stream, peer)) = tcp.accept() {
                let _ = write!(stream, "{name} {}", peer.ip());
            }
        });
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((length, peer)) = udp.recv_from(&mut buffer) {
                if &buffer[..length] == b"stop" {
                    return;
                }
                let _ = udp.send_to(format!("{name} {}", peer.ip()).as_bytes(), peer);
            }
        });
    });
}

/// What a TCP server answers, from the calling thread's namespace; `None` where nothing answers.
pub fn ask_tcp(address: impl Into<SocketAddr>, timeout: Duration) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address.into(), timeout).ok()?;
    stream.set_read_timeout(Some(timeout)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// What a UDP server answers.
pub fn ask_udp(address: impl Into<SocketAddr>, timeout: Duration) -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    exchange(&socket, address.into(), timeout)
}

/// What a UDP server answers to a socket that may have asked before.
pub fn exchange(socket: &UdpSocket, address: SocketAddr, timeout: Duration) -> Option<String> {
    socket.set_read_timeout(Some(timeout)).unwrap();
    socket.send_to(b"?", address).ok()?;
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// The first word of what `port` of `ip` answers over TCP and over UDP, which must be the same.
pub fn reached(ip: Ipv4Addr, port: u16) -> Option<String> {
    let tcp = ask_tcp((ip, port), COMES);
    let udp = ask_udp((ip, port), COMES);
    assert_eq!(tcp, udp, "{ip}:{port}");
    tcp.map(|answer| answer.split(' ').next().unwrap().to_owned())
}

/// Nothing answers.
pub fn unreachable(ip: Ipv4Addr, port: u16) -> bool {
    ask_tcp((ip, port), STAYS_AWAY).is_none() && ask_udp((ip, port), STAYS_AWAY).is_none()
}

/// Runs a program in the calling thread's namespace and gives its output.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Our table as `nft` prints it, without counters.
pub fn table(name: &str) -> String {
    let text = run("nft", &["list", "table", "inet", name]);
    let line = |line: &str| line.split("counter").next().unwrap_or_default().to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The names of the host's links, in order.
pub fn links() -> Vec<String> {
    let mut names: Vec<_> = Rtnl::open().unwrap().links().unwrap().into_iter().map(|link| link.name).collect();
    names.sort();
    names
}

/// Waits until something holds; the test fails where it never does.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < COMES, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
