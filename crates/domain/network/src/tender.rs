//! Looks after what need not be done at once, and after what others may undo.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fault::{Result, Step};
use netlink::{Request, Rtnl};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};

use crate::firewall::Firewall;
use crate::flows::StaleFlows;

/// The table is put back at most this often, whatever others do to it.
const BREATH: Duration = Duration::from_millis(50);
/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Flows are forgotten at most this often: the kernel looks through all of its table, whatever it holds, which takes
/// milliseconds of a processor.
const FLOWS_PAUSE: Duration = Duration::from_millis(100);

/// What is to be done in the background.
#[derive(Debug, Default)]
struct Chores {
    /// Links to be removed, if they are still there by then.
    links: Vec<(Instant, String)>,
    flows: StaleFlows,
    /// Not before.
    flows_due: Option<Instant>,
}

impl Chores {
    fn next_due(&self) -> Option<Instant> {
        let flows = self.flows_due.filter(|_| !self.flows.is_empty());
        self.links.iter().map(|(due, _)| *due).chain(flows).min()
    }

    fn take_links(&mut self, now: Instant) -> Vec<String> {
        let (due, later): (Vec<_>, _) = self.links.drain(..).partition(|(due, _)| *due <= now);
        self.links = later;
        due.into_iter().map(|(_, name)| name).collect()
    }

    fn take_flows(&mut self, now: Instant) -> Option<StaleFlows> {
        if self.flows.is_empty() || self.flows_due.is_some_and(|due| due > now) {
            return None;
        }
        self.flows_due = Some(now + FLOWS_PAUSE);
        Some(std::mem::take(&mut self.flows))
    }
}

#[derive(Debug)]
struct Shared {
    chores: Mutex<Chores>,
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

    /// Removes a link, if it is still there when this long has passed: the kernel does so itself with the namespace at its
    /// other end, unless somebody keeps that.
    pub fn remove_link(&self, name: &str, after: Duration) {
        self.shared.lock().links.push((Instant::now() + after, name.into()));
        self.shared.ring();
    }

    /// Has flows forgotten; `add` says which, beside those that wait already.
    pub fn forget_flows(&self, add: impl FnOnce(&mut StaleFlows)) {
        let mut chores = self.shared.lock();
        add(&mut chores.flows);
        chores.flows_due.get_or_insert_with(Instant::now);
        drop(chores);
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
    fn lock(&self) -> MutexGuard<'_, Chores> {
        self.chores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // Fails only where the counter is full: then the bell rings already.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }
}

/// The tender's thread.
fn work(shared: &Shared, mut guard: Option<Guard>) {
    loop {
        let until = [shared.lock().next_due(), guard.as_ref().and_then(|guard| guard.due)].into_iter().flatten().min();
        wait(shared, guard.as_ref(), until);
        if shared.closed.load(Ordering::Acquire) {
            return;
        }
        guard = guard.and_then(Guard::look);
        perform(shared);
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

fn perform(shared: &Shared) {
    let now = Instant::now();
    let links = shared.lock().take_links(now);
    for name in links {
        if let Err(fault) = remove_link(&name) {
            tracing::warn!(%fault, name, "cannot remove a container's link");
        }
    }
    let flows = shared.lock().take_flows(now);
    if let Some(Err(fault)) = flows.map(|flows| flows.forget()) {
        tracing::warn!(%fault, "senders of UDP may go on reaching a container that has gone");
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

    /// Takes in what has happened; puts the table back when it is time. Ends where the kernel tells nothing more.
    fn look(mut self) -> Option<Self> {
        let now = Instant::now();
        match self.watch.touched_by_others(self.firewall.table(), self.firewall.port()) {
            Ok(false) => {}
            Ok(true) => {
                let earliest = self.last.map_or(now, |last| last + BREATH);
                self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
            }
            Err(error) => {
                tracing::error!(table = self.firewall.table(), %error, "our firewall table is not watched any more");
                return None;
            }
        }
        if self.due.is_some_and(|due| due <= now) {
            self.put_back(now);
        }
        Some(self)
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
