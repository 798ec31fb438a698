//! Makes network namespaces ahead of need.
//!
//! A thread of its own makes them: it goes into each new namespace and comes back, which no thread that others use may do.
//!
//! ```text
//! take ──► ready one? yes ─► handed over, the maker makes another
//!                     no ──► order ──► the maker makes it before all else ──► handed over
//! ```

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fault::{Fault, Result, Step};
use netlink::{Change, Request, Rtnl, Veth};

use crate::bridge::Bridge;
use crate::ipam::Ipam;
use crate::mac::Mac;
use crate::{sysctl, unique};

/// A namespace takes about a millisecond; whoever waits this long learns that something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name of a container's link.
const INNER_NAME: &str = "eth0";

/// An address that goes back to its pool when this is dropped.
#[derive(Debug)]
pub struct Lease {
    ip: Ipv4Addr,
    pool: Option<Arc<Mutex<Ipam>>>,
}

impl Lease {
    fn new(pool: &Arc<Mutex<Ipam>>, ip: Option<Ipv4Addr>) -> Result<Self> {
        let mut addresses = pool.lock().unwrap_or_else(PoisonError::into_inner);
        let ip = match ip {
            Some(ip) => addresses.take(ip).map(|()| ip)?,
            None => addresses.allocate()?,
        };
        drop(addresses);
        Ok(Self { ip, pool: Some(pool.clone()) })
    }

    /// Keeps the address taken; whoever calls this gives it back.
    fn keep(mut self) -> Ipv4Addr {
        self.pool = None;
        self.ip
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pool) = &self.pool {
            pool.lock().unwrap_or_else(PoisonError::into_inner).release(self.ip);
        }
    }
}

/// A network namespace with a link to the bridge, an address and a default route. Dropped, it vanishes.
#[derive(Debug)]
pub struct Berth {
    /// The namespace.
    pub netns: OwnedFd,
    /// The host's end of the link.
    pub host_veth: String,
    /// The Ethernet address of the container's end.
    pub mac: Mac,
    lease: Lease,
}

impl Berth {
    /// Its address.
    pub fn ip(&self) -> Ipv4Addr {
        self.lease.ip
    }

    /// The namespace; the address stays taken until it is given back.
    pub fn occupy(self) -> OwnedFd {
        self.lease.keep();
        self.netns
    }
}

/// What berths are connected to.
#[derive(Clone, Debug)]
pub struct Harbour {
    /// The bridge.
    pub bridge: Arc<Bridge>,
    /// Its addresses.
    pub addresses: Arc<Mutex<Ipam>>,
}

/// What the host's ends of our links are marked with, so that a later daemon knows them as ours.
pub fn mark(bridge: &str) -> String {
    format!("gantry {bridge}")
}

#[derive(Debug)]
enum Order {
    Berth { ip: Option<Ipv4Addr>, mac: Option<Mac>, reply: SyncSender<Result<Berth>> },
    Bare { reply: SyncSender<Result<OwnedFd>> },
}

/// What the maker does next when nobody waits.
#[derive(Clone, Copy, Debug)]
enum Stock {
    Berth,
    Bare,
}

#[derive(Debug, Default)]
struct Queue {
    berths: VecDeque<Berth>,
    bare: VecDeque<OwnedFd>,
    orders: VecDeque<Order>,
    /// Whether stock is made at all: not before the addresses of living containers are known.
    warm: bool,
    /// Making stock has failed: none is made until an order has succeeded.
    stuck: bool,
    closed: bool,
}

impl Queue {
    /// What stock has for an order. It may have been made while the order was on its way: first come, first in the order
    /// of addresses. One that only has the address that is asked for is given up for it.
    fn take_for_order(&mut self, ip: Option<Ipv4Addr>, mac: Option<Mac>) -> Option<Berth> {
        let index = match ip {
            Some(ip) => self.berths.iter().position(|berth| berth.ip() == ip)?,
            None if mac.is_none() => 0,
            None => return None,
        };
        self.berths.remove(index).filter(|berth| mac.is_none_or(|mac| mac == berth.mac))
    }
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    harbour: Option<Harbour>,
    stock: usize,
}

/// The maker and its stock.
#[derive(Debug)]
pub struct Maker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Maker {
    /// Starts the maker in the network namespace of the calling thread. Without a harbour it makes only bare namespaces.
    pub fn start(harbour: Option<Harbour>, stock: usize) -> Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new(), harbour, stock });
        let mut workshop = Workshop::open(shared.harbour.clone())?;
        let theirs = shared.clone();
        let thread = std::thread::Builder::new()
            .name("netns-maker".into())
            .spawn(move || work(&theirs, &mut workshop))
            .step("start the maker of network namespaces")?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Begins to make stock.
    pub fn warm_up(&self) {
        self.shared.lock().warm = true;
        self.shared.changed.notify_one();
    }

    /// A berth, with a certain address where one is asked for.
    pub fn take(&self, ip: Option<Ipv4Addr>, mac: Option<Mac>) -> Result<Berth> {
        let any = ip.is_none() && mac.is_none();
        if let Some(berth) = any.then(|| self.take_stock(|queue| queue.berths.pop_front())).flatten() {
            return Ok(berth);
        }
        self.order(|reply| Order::Berth { ip, mac, reply })
    }

    /// Takes a berth back that was not used; where another one has been made for it already, it goes.
    pub fn put_back(&self, berth: Berth) {
        let mut queue = self.shared.lock();
        if !queue.closed && berth.mac == Mac::of(berth.ip()) && queue.berths.len() < self.shared.stock {
            queue.berths.push_front(berth);
        }
    }

    /// A network namespace with nothing but loopback, up.
    pub fn take_bare(&self) -> Result<OwnedFd> {
        match self.take_stock(|queue| queue.bare.pop_front()) {
            Some(netns) => Ok(netns),
            None => self.order(|reply| Order::Bare { reply }),
        }
    }

    /// Stops the maker and drops the stock.
    pub fn close(&self) {
        {
            let mut queue = self.shared.lock();
            queue.closed = true;
            (queue.berths, queue.bare, queue.orders) = Default::default();
        }
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }

    fn take_stock<T>(&self, take: impl FnOnce(&mut Queue) -> Option<T>) -> Option<T> {
        let mut queue = self.shared.lock();
        queue.warm = true;
        let taken = take(&mut queue);
        drop(queue);
        self.shared.changed.notify_one();
        taken
    }

    fn order<T>(&self, order: impl FnOnce(SyncSender<Result<T>>) -> Order) -> Result<T> {
        let (reply, answer) = sync_channel(1);
        {
            let mut queue = self.shared.lock();
            if queue.closed {
                return Err(Fault::unavailable("make a network namespace: the maker has ended"));
            }
            queue.orders.push_back(order(reply));
        }
        self.shared.changed.notify_one();
        let late = |_| Fault::new(fault::Kind::Deadline, "make a network namespace: the maker does not answer");
        answer.recv_timeout(PATIENCE).map_err(late)?
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to do; `None` when closed.
    fn next(&self) -> Option<Result<Order, Stock>> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(order) = queue.orders.pop_front() {
                return Some(Ok(order));
            }
            if let Some(missing) = self.missing(&queue) {
                return Some(Err(missing));
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn missing(&self, queue: &Queue) -> Option<Stock> {
        let wanted = queue.warm && !queue.stuck;
        if wanted && self.harbour.is_some() && queue.berths.len() < self.stock {
            Some(Stock::Berth)
        } else if wanted && queue.bare.len() < self.stock {
            Some(Stock::Bare)
        } else {
            None
        }
    }
}

/// Closes the queue when the maker ends, for whatever reason: nobody is to wait for it then.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.closed = true;
        queue.orders.clear();
    }
}

/// The maker's thread.
fn work(shared: &Shared, workshop: &mut Workshop) {
    let _closing = Closing(shared);
    while let Some(task) = shared.next() {
        match task {
            Ok(order) => {
                let done = workshop.serve(order, shared);
                shared.lock().stuck &= !done;
            }
            Err(stock) => {
                if let Err(fault) = workshop.stock(stock, shared) {
                    tracing::warn!(%fault, "cannot make network namespaces ahead of need");
                    shared.lock().stuck = true;
                }
            }
        }
        if std::mem::take(&mut workshop.moved) {
            // They are connected to a bridge that is no more.
            shared.lock().berths.clear();
        }
    }
}

/// What the maker works with.
#[derive(Debug)]
struct Workshop {
    home: OwnedFd,
    host: Rtnl,
    harbour: Option<Harbour>,
    /// The bridge had to be made again.
    moved: bool,
}

impl Workshop {
    fn open(harbour: Option<Harbour>) -> Result<Self> {
        let home = sys::netns::current().step("open the host's network namespace")?;
        let host = Rtnl::open().step("open the host's network namespace")?;
        Ok(Self { home, host, harbour, moved: false })
    }

    /// Carries out an order; says whether that worked. Who ordered may be gone; then what was made is dropped.
    fn serve(&mut self, order: Order, shared: &Shared) -> bool {
        match order {
            Order::Berth { ip, mac, reply } => {
                let ready = shared.lock().take_for_order(ip, mac);
                let berth = ready.map_or_else(|| self.berth(ip, mac), Ok);
                let done = berth.is_ok();
                let _ = reply.send(berth);
                done
            }
            Order::Bare { reply } => {
                let netns = self.netns().map(|(netns, _)| netns);
                let done = netns.is_ok();
                let _ = reply.send(netns);
                done
            }
        }
    }

    fn stock(&mut self, stock: Stock, shared: &Shared) -> Result<()> {
        match stock {
            Stock::Berth => {
                let berth = self.berth(None, None)?;
                let mut queue = shared.lock();
                // One that was put back meanwhile has taken its place.
                if !queue.closed && queue.berths.len() < shared.stock {
                    queue.berths.push_back(berth);
                }
            }
            Stock::Bare => {
                let (netns, _) = self.netns()?;
                let mut queue = shared.lock();
                if !queue.closed {
                    queue.bare.push_back(netns);
                }
            }
        }
        Ok(())
    }

    fn berth(&mut self, ip: Option<Ipv4Addr>, mac: Option<Mac>) -> Result<Berth> {
        let harbour = self.harbour.clone().ok_or_else(|| Fault::not_found("network bridge not found"))?;
        let lease = Lease::new(&harbour.addresses, ip)?;
        let mac = mac.unwrap_or(Mac::of(lease.ip));
        let (netns, mut inner) = self.netns()?;
        let host_veth = self.connect(&harbour.bridge, &netns, mac)?;
        equip(&mut inner, &harbour.bridge, lease.ip)?;
        Ok(Berth { netns, host_veth, mac, lease })
    }

    /// A new namespace with loopback up, and a socket into it.
    fn netns(&mut self) -> Result<(OwnedFd, Rtnl)> {
        sys::netns::enter_new().step("make a network namespace")?;
        let made = furnish();
        if let Err(error) = sys::netns::enter(self.home.as_fd()) {
            // Links for containers would be made in one container's namespace: nothing is safe any more.
            panic!("the maker of network namespaces cannot return to the host's: {error}");
        }
        made
    }

    /// Makes the link between a namespace and the bridge, which is put back where somebody has removed it.
    fn connect(&mut self, bridge: &Bridge, netns: &OwnedFd, mac: Mac) -> Result<String> {
        match self.try_connect(bridge, netns, mac) {
            Err(error) if error.is(rustix::io::Errno::NODEV) || error.is(rustix::io::Errno::INVAL) => {
                tracing::warn!(bridge = bridge.name(), %error, "the bridge is not as we left it, setting it up again");
                bridge.ensure(&mut self.host)?;
                self.moved = true;
                self.try_connect(bridge, netns, mac).step("connect a container")
            }
            done => done.step("connect a container"),
        }
    }

    fn try_connect(&mut self, bridge: &Bridge, netns: &OwnedFd, mac: Mac) -> Result<String, netlink::Error> {
        let name = unique::link_name();
        self.host.run(vec![Request::add_veth(&Veth {
            name: &name,
            controller: bridge.index(),
            mtu: bridge.mtu(),
            peer_name: INNER_NAME,
            peer_mac: mac.0,
            peer_netns: netns.as_fd(),
        })])?;
        // Before it is up, so that the kernel gives it no IPv6 address, and announces none.
        if let Err(fault) = sysctl::write_if_there(&format!("ipv6/conf/{name}/disable_ipv6"), "1") {
            tracing::debug!(%fault, "the link keeps its IPv6 address");
        }
        // A container that asks for a port which it publishes itself comes back by its own port of the bridge, where
        // br_netfilter translates addresses of bridged frames.
        let alias = mark(bridge.name());
        let change = Change { up: Some(true), alias: Some(&alias), hairpin: Some(true), ..Change::default() };
        self.host.run(vec![Request::set_link(&name, &change)])?;
        Ok(name)
    }
}

/// In the new namespace: opens it, brings loopback up. Links made later have no IPv6, as the bridge has none.
fn furnish() -> Result<(OwnedFd, Rtnl)> {
    let step = "furnish a network namespace";
    let netns = sys::netns::current().step(step)?;
    let mut inner = Rtnl::open().step(step)?;
    inner.run(vec![Request::set_link("lo", &Change { up: Some(true), ..Change::default() })]).step(step)?;
    sysctl::write_if_there("ipv6/conf/default/disable_ipv6", "1").step(step)?;
    Ok((netns, inner))
}

/// Gives the container's end its address and the way out.
fn equip(inner: &mut Rtnl, bridge: &Bridge, ip: Ipv4Addr) -> Result<()> {
    let step = || format!("give a container the address {ip}");
    let link = inner.link(INNER_NAME).step(step())?;
    let index = link.ok_or_else(|| Fault::system("its link is gone")).step(step())?.index;
    let address = Request::add_address(index, ip, bridge.subnet().prefix_len());
    let up = Request::set_link(INNER_NAME, &Change { up: Some(true), ..Change::default() });
    inner.run(vec![address, up, Request::add_default_route(bridge.gateway())]).step(step())
}
