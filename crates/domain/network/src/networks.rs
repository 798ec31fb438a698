//! The networks of this host, and who lives in them.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fault::{Fault, Result, Step};
use ipnet::Ipv4Net;
use metastore::Catalogue;
use netlink::Rtnl;

use crate::bridge::Bridge;
use crate::endpoint::{Endpoint, Protocol, PublishedPort};
use crate::firewall::{Firewall, Scope};
use crate::flows::StaleFlows;
use crate::ipam::Ipam;
use crate::maker::{self, Berth, Harbour, Maker};
use crate::ports::{Held, Ports};
use crate::record::{self, Driver, Network};
use crate::request::{Attach, Attachment, PortRequest};
use crate::settings::Settings;
use crate::tender::Tender;
use crate::{sysctl, unique};

/// How long the kernel has to remove a link by itself, when its namespace is gone.
const LINK_GRACE: Duration = Duration::from_secs(5);

/// How long a port's last shim has to end, and how often that is looked at.
const SHIM_GRACE: Duration = Duration::from_secs(1);
const SHIM_PAUSE: Duration = Duration::from_millis(2);

/// The networks of this host. All methods can be called from any thread; they block for milliseconds at most, but for
/// [`Networks::open`] and [`Networks::close`].
///
/// Order of calls: `open`, `adopt` for each living container, `sweep`, then `attach` and `detach`, at last `close`. All of
/// it belongs to the network namespace of the thread that calls `open`, and to be called from threads in it.
#[derive(Debug)]
pub struct Networks {
    records: Vec<Network>,
    maker: Maker,
    site: Option<Site>,
}

/// The default bridge and what goes with it.
#[derive(Debug)]
struct Site {
    network_id: String,
    bridge: Arc<Bridge>,
    addresses: Arc<Mutex<Ipam>>,
    firewall: Option<Arc<Firewall>>,
    tender: Tender,
    default_bind_ip: Ipv4Addr,
    tenants: Mutex<Tenants>,
    /// Links that an earlier daemon made and that were there when this one started.
    inherited: HashSet<String>,
}

#[derive(Debug, Default)]
struct Tenants {
    endpoints: HashMap<String, Endpoint>,
    ports: Ports,
}

impl Networks {
    /// Brings the bridge and the firewall into their state, whatever an earlier daemon has left.
    pub fn open(settings: Settings, catalogue: Catalogue) -> Result<Self> {
        let mut records = vec![
            record::find_or_new(&catalogue, "host", Driver::Host)?,
            record::find_or_new(&catalogue, "none", Driver::Null)?,
        ];
        let site = match settings.bridge.name() {
            Some(name) => {
                let record = record::find_or_new(&catalogue, "bridge", Driver::Bridge)?;
                let (site, record) = Site::open(name, &settings, record)?;
                records.insert(0, record);
                Some(site)
            }
            None => None,
        };
        record::save(&catalogue, &records)?;
        let maker = Maker::start(site.as_ref().map(Site::harbour), settings.pool)?;
        Ok(Self { records, maker, site })
    }

    /// All networks.
    pub fn list(&self) -> &[Network] {
        &self.records
    }

    /// The network with this name, this id, or the only one whose id begins so.
    pub fn find(&self, name_or_id: &str) -> Result<&Network> {
        let exact = self.records.iter().find(|network| network.name == name_or_id || network.id == name_or_id);
        let mut by_prefix = self.records.iter().filter(|network| network.id.starts_with(name_or_id));
        let unknown = || Fault::not_found(format!("network {name_or_id} not found"));
        match (exact, by_prefix.next(), by_prefix.next()) {
            (Some(network), ..) => Ok(network),
            (None, Some(network), None) if !name_or_id.is_empty() => Ok(network),
            (None, Some(_), Some(_)) if !name_or_id.is_empty() => {
                Err(Fault::invalid(format!("network {name_or_id} is ambiguous (2 matches found based on ID prefix)")))
            }
            _ => Err(unknown()),
        }
    }

    /// Gives a container its place on the default bridge.
    pub fn attach(&self, request: Attach) -> Result<Attachment> {
        let site = self.site()?;
        let berth = self.maker.take(request.ip, request.mac)?;
        match site.settle(&request, &berth) {
            Ok((endpoint, hold)) => Ok(Attachment { netns: berth.occupy(), hold, endpoint }),
            Err(fault) => {
                self.maker.put_back(berth);
                Err(fault)
            }
        }
    }

    /// A network namespace with nothing but loopback, up: for the network `none`.
    pub fn new_netns(&self) -> Result<OwnedFd> {
        self.maker.take_bare()
    }

    /// Publishes more ports of a container that has its place: the endpoint with them, and the sockets that keep them ours.
    ///
    /// # Errors
    /// For a port that is somebody else's; nothing is published then.
    pub fn publish(&self, endpoint: &Endpoint, ports: Vec<PortRequest>) -> Result<(Endpoint, Vec<OwnedFd>)> {
        self.site()?.publish_more(endpoint, ports)
    }

    /// Takes ports of a container back; gives the endpoint without them.
    ///
    /// # Errors
    /// For what the firewall refuses; the ports are published still then.
    pub fn withdraw(&self, endpoint: &Endpoint, ports: &[PublishedPort]) -> Result<Endpoint> {
        self.site()?.withdraw(endpoint, ports)
    }

    /// Takes a container's place away: its ports lead nowhere, its address is free. Its namespace and link vanish with
    /// its processes. Does what it can; what fails is logged. A second call for the same endpoint does nothing.
    pub fn detach(&self, endpoint: &Endpoint) {
        if let Some(site) = &self.site {
            site.evict(endpoint);
        }
    }

    /// Notes that a container lives which an earlier daemon has attached. A second call does nothing.
    pub fn adopt(&self, endpoint: &Endpoint) -> Result<()> {
        self.site()?.adopt(endpoint)
    }

    /// Ends the start: what no living endpoint needs is removed, and namespaces are made ahead of need from now on.
    pub fn sweep(&self, alive: &[Endpoint]) {
        if let Some(site) = &self.site {
            site.sweep(alive);
        }
        self.maker.warm_up();
    }

    /// Stops all threads. The bridge and the rules stay, as containers may live on and need them; with
    /// `remove_everything` they go.
    pub fn close(&self, remove_everything: bool) {
        self.maker.close();
        let Some(site) = &self.site else { return };
        site.tender.close();
        if remove_everything {
            site.firewall.iter().for_each(|firewall| log("remove the firewall", firewall.remove()));
            log("remove the bridge", site.bridge.remove());
        }
    }

    fn site(&self) -> Result<&Site> {
        self.site.as_ref().ok_or_else(|| Fault::not_found("network bridge not found"))
    }
}

impl Site {
    fn open(name: &str, settings: &Settings, mut record: Network) -> Result<(Self, Network)> {
        check_name(name)?;
        let bridge = Arc::new(Bridge::open(name, settings, remembered(&record, name))?);
        record.bridge = Some(name.into());
        record.made_bridge = bridge.is_ours();
        record.subnet = Some(bridge.subnet());
        record.gateway = Some(bridge.gateway());
        if settings.ip_forward {
            switch_forwarding_on()?;
        }
        let firewall = settings.table().filter(|_| settings.firewall).map(|table| {
            let scope = Scope { table, bridge: name.into(), subnet: bridge.subnet(), icc: settings.icc };
            Firewall::open(scope).map(Arc::new)
        });
        let firewall = firewall.transpose()?;
        let site = Self {
            network_id: record.id.clone(),
            addresses: Arc::new(Mutex::new(Ipam::new(bridge.subnet(), bridge.gateway()))),
            tender: Tender::start(firewall.clone())?,
            firewall,
            default_bind_ip: settings.default_bind_ip,
            tenants: Mutex::default(),
            inherited: marked_links(&bridge)?,
            bridge,
        };
        Ok((site, record))
    }

    fn harbour(&self) -> Harbour {
        Harbour { bridge: self.bridge.clone(), addresses: self.addresses.clone() }
    }

    /// Makes an endpoint of a berth: takes the ports, publishes them, notes it.
    fn settle(&self, request: &Attach, berth: &Berth) -> Result<(Endpoint, Vec<OwnedFd>)> {
        let mut endpoint = self.endpoint(request, berth);
        let about = |fault: Fault| {
            let Attach { name, .. } = request;
            fault.at(format!("driver failed programming external connectivity on endpoint {name} ({})", endpoint.id))
        };
        let (ports, hold) = self.publish(request, berth.ip()).map_err(about)?;
        endpoint.ports = ports;
        self.forget_old_flows(&endpoint);
        self.tenants().endpoints.insert(endpoint.id.clone(), endpoint.clone());
        Ok((endpoint, hold))
    }

    fn endpoint(&self, request: &Attach, berth: &Berth) -> Endpoint {
        Endpoint {
            id: unique::id(),
            network_id: self.network_id.clone(),
            container_id: request.container_id.clone(),
            ip: berth.ip(),
            prefix_len: self.bridge.subnet().prefix_len(),
            gateway: self.bridge.gateway(),
            mac: berth.mac,
            host_veth: berth.host_veth.clone(),
            ports: Vec::new(),
        }
    }

    fn publish(&self, request: &Attach, container: Ipv4Addr) -> Result<(Vec<PublishedPort>, Vec<OwnedFd>)> {
        if request.ports.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let firewall = self.firewall.as_ref().ok_or_else(|| {
            Fault::invalid("ports are published by firewall rules, which are switched off (--iptables=false)")
        })?;
        let held = self.hold(request, container)?;
        let (ports, hold): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        if let Err(fault) = firewall.publish(&ports, container) {
            self.tenants().ports.release(&ports);
            return Err(fault);
        }
        Ok((ports, hold))
    }

    /// Takes the ports. One that another container has just left is waited for: its socket is open until its shim ends.
    fn hold(&self, request: &Attach, container: Ipv4Addr) -> Result<Vec<Held>> {
        let deadline = Instant::now() + SHIM_GRACE;
        loop {
            let mut tenants = self.tenants();
            match tenants.ports.hold_all(&request.ports, self.default_bind_ip, container) {
                Err(_) if tenants.ports.may_be_free_soon(&request.ports) && Instant::now() < deadline => {}
                done => return done,
            }
            drop(tenants);
            std::thread::sleep(SHIM_PAUSE);
        }
    }

    fn publish_more(&self, endpoint: &Endpoint, ports: Vec<PortRequest>) -> Result<(Endpoint, Vec<OwnedFd>)> {
        let container_id = endpoint.container_id.clone();
        let request = Attach { name: container_id.clone(), container_id, ports, mac: None, ip: None };
        let (ports, hold) = self.publish(&request, endpoint.ip)?;
        let more = Endpoint { ports: endpoint.ports.iter().copied().chain(ports).collect(), ..endpoint.clone() };
        self.forget_old_flows(&more);
        self.tenants().endpoints.insert(more.id.clone(), more.clone());
        Ok((more, hold))
    }

    fn withdraw(&self, endpoint: &Endpoint, ports: &[PublishedPort]) -> Result<Endpoint> {
        if let Some(firewall) = &self.firewall {
            firewall.unpublish(ports, endpoint.ip)?;
        }
        if ports.iter().any(|port| port.proto == Protocol::Udp) {
            self.tender.forget_flows(|flows| flows.answered_by(endpoint.ip));
        }
        let kept = endpoint.ports.iter().copied().filter(|port| !ports.contains(port)).collect();
        let less = Endpoint { ports: kept, ..endpoint.clone() };
        let mut tenants = self.tenants();
        tenants.ports.release(ports);
        tenants.endpoints.insert(less.id.clone(), less.clone());
        Ok(less)
    }

    fn evict(&self, endpoint: &Endpoint) {
        // Only what we know as living has something to give back; the address may be another's by now.
        let Some(endpoint) = self.tenants().endpoints.remove(&endpoint.id) else { return };
        if let Some(firewall) = &self.firewall {
            log("withdraw a container's ports", firewall.unpublish(&endpoint.ports, endpoint.ip));
        }
        if endpoint.ports.iter().any(|port| port.proto == Protocol::Udp) {
            self.tender.forget_flows(|flows| flows.answered_by(endpoint.ip));
        }
        self.tender.remove_link(&endpoint.host_veth, LINK_GRACE);
        self.tenants().ports.release(&endpoint.ports);
        self.addresses().release(endpoint.ip);
    }

    fn adopt(&self, endpoint: &Endpoint) -> Result<()> {
        let mut tenants = self.tenants();
        if tenants.endpoints.contains_key(&endpoint.id) {
            return Ok(());
        }
        let mut addresses = self.addresses();
        addresses.take(endpoint.ip).step(format!("adopt container {}", endpoint.container_id))?;
        addresses.resume_after(endpoint.ip);
        drop(addresses);
        endpoint.ports.iter().for_each(|port| tenants.ports.take(port));
        tenants.endpoints.insert(endpoint.id.clone(), endpoint.clone());
        drop(tenants);
        let Some(firewall) = &self.firewall else { return Ok(()) };
        firewall.publish(&endpoint.ports, endpoint.ip).step(format!("adopt container {}", endpoint.container_id))
    }

    fn sweep(&self, alive: &[Endpoint]) {
        alive.iter().for_each(|endpoint| log("adopt a container", self.adopt(endpoint)));
        let living: HashSet<_> = alive.iter().map(|endpoint| endpoint.id.as_str()).collect();
        let known: Vec<_> = self.tenants().endpoints.values().cloned().collect();
        known.iter().filter(|endpoint| !living.contains(endpoint.id.as_str())).for_each(|dead| self.evict(dead));
        if let Some(firewall) = &self.firewall {
            log("bring the firewall up to date", firewall.replace());
        }
        let needed: HashSet<_> = alive.iter().map(|endpoint| &endpoint.host_veth).collect();
        for name in self.inherited.iter().filter(|name| !needed.contains(name)) {
            self.tender.remove_link(name, Duration::ZERO);
        }
    }

    /// A peer that has kept sending to the port before it was published would go on being ignored.
    fn forget_old_flows(&self, endpoint: &Endpoint) {
        let udp = || endpoint.ports.iter().filter(|port| port.proto == Protocol::Udp);
        if udp().next().is_some() {
            let add = |flows: &mut StaleFlows| {
                udp().for_each(|port| flows.sent_to(port.host_ip, port.host_port, endpoint.ip));
            };
            self.tender.forget_flows(add);
        }
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn addresses(&self) -> MutexGuard<'_, Ipam> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What our record says of the bridge `name`: its address, and whether we made it.
fn remembered(record: &Network, name: &str) -> Option<(Ipv4Net, bool)> {
    let (gateway, subnet) = (record.gateway?, record.subnet?);
    let address = Ipv4Net::new(gateway, subnet.prefix_len()).ok()?;
    (record.bridge.as_deref() == Some(name)).then_some((address, record.made_bridge))
}

/// A link's name goes into paths below `/proc/sys`; the kernel's own rules are `dev_valid_name`.
fn check_name(name: &str) -> Result<()> {
    let fits = (1..=15).contains(&name.len()) && name != "." && name != "..";
    if fits && !name.bytes().any(|byte| byte == b'/' || byte == b':' || byte.is_ascii_whitespace() || byte == 0) {
        return Ok(());
    }
    Err(Fault::invalid(format!("`{name}` cannot be a bridge's name")))
}

/// As Docker does. Without it no packet comes from or to a container but the host's own.
fn switch_forwarding_on() -> Result<()> {
    if sysctl::read("ipv4/ip_forward")? == "0" {
        sysctl::write("ipv4/ip_forward", "1")?;
        tracing::info!("net.ipv4.ip_forward was off and is on now: this host forwards packets between its networks");
    }
    Ok(())
}

fn marked_links(bridge: &Bridge) -> Result<HashSet<String>> {
    let links = Rtnl::open().and_then(|mut kernel| kernel.links()).step("look for links of an earlier daemon")?;
    let mark = maker::mark(bridge.name());
    let ours =
        links.into_iter().filter(|link| link.alias.as_ref() == Some(&mark) && link.kind.as_deref() == Some("veth"));
    Ok(ours.map(|link| link.name).collect())
}

fn log(step: &str, outcome: Result<()>) {
    if let Err(fault) = outcome {
        tracing::warn!(%fault, "{step}");
    }
}
