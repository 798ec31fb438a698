//! Looks after what need not be done at once, and after what others may undo.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fault::{Result, Step};
use netlink::conntrack::{Conntrack, Flow};
use netlink::{Request, Rtnl};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

use crate::firewall::Firewall;

/// The table is put back at most this often, whatever others do to it.
const BREATH: Duration = Duration::from_millis(50);
/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(1);
const UDP: u8 = 17;

/// Something to be done in the background.
#[derive(Debug)]
pub enum Chore {
    /// Removes a link, if it is still there then: the kernel does so itself with the namespace at its other end, unless
    /// somebody keeps that.
    RemoveLink {
        /// Its name.
        name: String,
        /// Not before.
        due: Instant,
    },
    /// Forgets UDP flows that a container answered.
    ForgetAnsweredBy(Ipv4Addr),
    /// Forgets UDP flows to ports of the host that lead to a container from now on.
    ForgetSentTo {
        /// Addresses (`0.0.0.0`: all of the host) and ports.
        ports: Vec<(Ipv4Addr, u16)>,
        /// The container.
        container: Ipv4Addr,
    },
}

impl Chore {
    fn due(&self) -> Option<Instant> {
        match self {
            Chore::RemoveLink { due, .. } => Some(*due),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Shared {
    chores: Mutex<VecDeque<Chore>>,
    bell: OwnedFd,
    closed: AtomicBool,
}

/// The tender's thread and its list of chores.
#[derive(Debug)]
pub struct Tender {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Tender {
    /// Starts the tender in the network namespace of the calling thread.
    pub fn start(firewall: Option<Arc<Firewall>>) -> Result<Self> {
        let step = "start the network's tender";
        let bell = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).step(step)?;
        let shared = Arc::new(Shared { chores: Mutex::default(), bell, closed: AtomicBool::new(false) });
        let guard = firewall.map(Guard::open).transpose()?;
        let theirs = shared.clone();
        let thread =
            std::thread::Builder::new().name("net-tender".into()).spawn(move || work(&theirs, guard)).step(step)?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Adds something to be done.
    pub fn add(&self, chore: Chore) {
        self.shared.lock().push_back(chore);
        self.shared.ring();
    }

    /// Stops the tender. What is not done by then stays undone.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.ring();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Tender {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Chore>> {
        self.chores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // Fails only where the counter is full: then the bell rings already.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    fn take_due(&self, now: Instant) -> Vec<Chore> {
        let mut chores = self.lock();
        let (due, later): (Vec<_>, _) = chores.drain(..).partition(|chore| chore.due().is_none_or(|due| due <= now));
        *chores = later.into();
        due
    }

    fn next_due(&self) -> Option<Instant> {
        self.lock().iter().filter_map(Chore::due).min()
    }
}

/// The tender's thread.
fn work(shared: &Shared, mut guard: Option<Guard>) {
    loop {
        let until = [shared.next_due(), guard.as_ref().and_then(|guard| guard.due)].into_iter().flatten().min();
        wait(shared, guard.as_ref(), until);
        if shared.closed.load(Ordering::Acquire) {
            return;
        }
        if let Some(guard) = &mut guard {
            guard.look();
        }
        for chore in shared.take_due(Instant::now()) {
            perform(chore);
        }
    }
}

/// Waits for the bell, a change of rules, or a time.
fn wait(shared: &Shared, guard: Option<&Guard>, until: Option<Instant>) {
    let mut fds = vec![PollFd::new(&shared.bell, PollFlags::IN)];
    if let Some(guard) = guard {
        fds.push(PollFd::from_borrowed_fd(guard.watch.fd(), PollFlags::IN));
    }
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    let timeout = left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
    // A signal wakes it early, which does no harm.
    let _ = rustix::event::poll(&mut fds, timeout.as_ref());
    let _ = rustix::io::read(shared.bell.as_fd(), &mut [0; 8]);
}

fn perform(chore: Chore) {
    let done = match &chore {
        Chore::RemoveLink { name, .. } => remove_link(name),
        Chore::ForgetAnsweredBy(container) => {
            let ip = *container;
            forget(move |flow| *flow.replier.ip() == ip)
        }
        Chore::ForgetSentTo { ports, container } => forget_sent_to(ports, *container),
    };
    if let Err(error) = done {
        tracing::warn!(%error, ?chore, "clearing up behind a container failed");
    }
}

fn remove_link(name: &str) -> Result<()> {
    let step = "remove a link";
    let mut kernel = Rtnl::open().step(step)?;
    if kernel.link(name).step(step)?.is_none() {
        return Ok(());
    }
    match kernel.run(vec![Request::delete_link(name)]) {
        Err(error) if error.is(rustix::io::Errno::NODEV) => Ok(()),
        done => done.step(step),
    }
}

fn forget(doomed: impl Fn(&Flow) -> bool) -> Result<()> {
    let step = "forget UDP flows";
    let mut kernel = Conntrack::open().step(step)?;
    let count = kernel.forget(|flow| flow.protocol == UDP && doomed(flow)).step(step)?;
    tracing::debug!(count, "forgot UDP flows");
    Ok(())
}

fn forget_sent_to(ports: &[(Ipv4Addr, u16)], container: Ipv4Addr) -> Result<()> {
    let step = "forget UDP flows";
    let own: Vec<_> = Rtnl::open().and_then(|mut kernel| kernel.all_addresses()).step(step)?;
    let is_own = |ip: &Ipv4Addr| ip.is_loopback() || own.iter().any(|address| address.ip == *ip);
    forget(|flow| {
        let (ip, port) = (flow.destination.ip(), flow.destination.port());
        let matches =
            |wanted: &(Ipv4Addr, u16)| wanted.1 == port && (wanted.0 == *ip || wanted.0.is_unspecified() && is_own(ip));
        *flow.replier.ip() != container && ports.iter().any(matches)
    })
}

/// Puts our table back when others change it.
#[derive(Debug)]
struct Guard {
    watch: nft::Watch,
    firewall: Arc<Firewall>,
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Guard {
    fn open(firewall: Arc<Firewall>) -> Result<Self> {
        let watch = nft::Watch::open().step("watch the firewall")?;
        Ok(Self { watch, firewall, last: None, due: None })
    }

    /// Takes in what has happened; puts the table back when it is time.
    fn look(&mut self) {
        let now = Instant::now();
        match self.watch.touched_by_others(self.firewall.table(), self.firewall.port()) {
            Ok(false) => {}
            Ok(true) => {
                let earliest = self.last.map_or(now, |last| last + BREATH);
                self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
            }
            Err(error) => tracing::warn!(%error, "watching the firewall failed"),
        }
        if self.due.is_some_and(|due| due <= now) {
            self.put_back(now);
        }
    }

    fn put_back(&mut self, now: Instant) {
        self.last = Some(now);
        match self.firewall.replace() {
            Ok(()) => {
                tracing::warn!(table = self.firewall.table(), "somebody changed our firewall table; it is put back");
                self.due = None;
            }
            Err(error) => {
                tracing::error!(table = self.firewall.table(), %error, "our firewall table cannot be put back");
                self.due = Some(now + RETRY);
            }
        }
    }
}
