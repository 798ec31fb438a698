//! Measures attach and detach on a bridge of its own, in a network namespace of its own. Prints microseconds.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use network::{Attach, BridgeSetting, HostPort, Networks, PortRequest, Protocol, Settings};

const ROUNDS: usize = 200;

fn main() {
    std::thread::spawn(measure_all).join().expect("the measurement panicked");
}

fn measure_all() {
    let only: Option<usize> = std::env::args().nth(1).and_then(|word| word.parse().ok());
    sys::netns::enter_new().expect("a network namespace (root)");
    let up = netlink::Change { up: Some(true), ..netlink::Change::default() };
    netlink::Rtnl::open().unwrap().run(vec![netlink::Request::set_link("lo", &up)]).unwrap();
    let cases = [
        ("warm pool, no port", 4, 0, true),
        ("warm pool, one port", 4, 1, true),
        ("warm pool, TCP and UDP", 4, 2, true),
        ("no pool, no port", 0, 0, true),
        ("one after the other, pool of 4", 4, 0, false),
        // Needs as many descriptors: `ulimit -n 65536`.
        ("10,000 ports", 4, 10_000, true),
    ];
    // One case alone is not disturbed by the kernel's clearing up after those before it.
    for (_, (what, pool, ports, wait)) in
        cases.into_iter().enumerate().filter(|(n, _)| only.is_none_or(|only| only == *n))
    {
        measure(what, pool, ports, wait);
    }
}

fn measure(what: &str, pool: usize, ports: usize, wait: bool) {
    let directory = tempfile::tempdir().unwrap();
    let catalogue = metastore::Catalogue::open(&directory.path().join("c.redb")).unwrap();
    let networks = Networks::open(settings(pool), catalogue).unwrap();
    networks.sweep(&[]);
    let (mut attach, mut detach) = (Vec::new(), Vec::new());
    for _ in 0..if ports < 1000 { ROUNDS } else { 3 } {
        if wait {
            std::thread::sleep(Duration::from_millis(5));
        }
        let begin = Instant::now();
        let attachment = networks.attach(request(ports)).unwrap();
        attach.push(begin.elapsed());
        let endpoint = attachment.endpoint.clone();
        drop(attachment);
        let begin = Instant::now();
        networks.detach(&endpoint);
        detach.push(begin.elapsed());
    }
    println!("{what:40} attach {}   detach {}", summary(attach), summary(detach));
    networks.close(true);
}

fn summary(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| times[times.len() * part / 100].as_micros();
    format!("median {:5}  p90 {:5}  p99 {:6}", at(50), at(90), at(99))
}

fn settings(pool: usize) -> Settings {
    Settings {
        bridge: BridgeSetting::Default,
        bip: None,
        firewall: true,
        ip_forward: true,
        icc: true,
        default_bind_ip: Ipv4Addr::UNSPECIFIED,
        mtu: 0,
        pool,
    }
}

fn request(ports: usize) -> Attach {
    let ports = [Protocol::Tcp, Protocol::Udp].into_iter().cycle().take(ports).map(|proto| PortRequest {
        container_port: 80,
        proto,
        host_ip: None,
        host_port: HostPort::Ephemeral,
    });
    Attach { container_id: "c".into(), name: "c".into(), ports: ports.collect(), mac: None, ip: None }
}
