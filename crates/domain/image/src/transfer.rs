//! Layers on their way from a registry: each is fetched once, whoever waits for it.
//!
//! ```text
//!  registry ──chunks──► channel ──► take_in (blocking thread) ──► staged layer
//!     └────────── phase ──────────────────┘        every pull that wants the layer follows the phase
//! ```
//!
//! A transfer lives as long as a pull follows it. When the last one goes, its task is aborted, the channel breaks, and the
//! thread at the other end throws away what it has.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::{Buf, Bytes};
use fault::{Fault, Kind, Result};
use names::Digest;
use registry::Repository;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::AbortHandle;

use crate::images::Shared;
use crate::ingest::{StagedLayer, Wanted};
use crate::record::BlobRecord;

/// Layers fetched at once, by all pulls together.
const AT_ONCE: usize = 3;
/// Chunks that may wait between the network and the disk, each of some hundred KiB at most.
const WAITING: usize = 8;

/// How far a transfer is.
#[derive(Clone)]
pub(crate) enum Phase {
    /// It waits for its turn.
    Waiting,
    /// So many bytes have come.
    Downloading(u64),
    /// All bytes have come, and so many are unpacked.
    Extracting(u64),
    /// It is unpacked and verified.
    Done(Arc<StagedLayer>),
    /// It failed.
    Failed(Kind, Arc<str>),
}

/// How long the end of a transfer that was given up is awaited.
const LAST_STEPS: Duration = Duration::from_secs(10);

/// One layer on its way.
pub(crate) struct Transfer {
    phase: watch::Receiver<Phase>,
    task: AbortHandle,
    /// Changes no more once all who work for the transfer have gone, and what they had with them.
    at_work: watch::Receiver<()>,
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Transfer {
    /// Where its phase can be followed.
    pub fn follow(&self) -> watch::Receiver<Phase> {
        self.phase.clone()
    }

    /// Gives up following. Where nobody else follows, the transfer ends, and this returns when nothing is left of it.
    pub async fn give_up(self: Arc<Self>) {
        let Some(transfer) = Arc::into_inner(self) else { return };
        let mut at_work = transfer.at_work.clone();
        drop(transfer);
        // An error says that nobody is at work, which is what is awaited.
        let _ = tokio::time::timeout(LAST_STEPS, at_work.changed()).await;
    }

    fn has_failed(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Failed(..))
    }
}

/// What a layer is known by before it is there. Manifest and configuration may lie, each in its own way, so the same blob
/// with another size or diff id is another transfer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sought {
    pub digest: Digest,
    pub size: u64,
    pub media_type: String,
    pub diff_id: Digest,
}

/// The transfers of all pulls.
pub(crate) struct Transfers {
    running: Mutex<HashMap<Sought, Weak<Transfer>>>,
    slots: Arc<Semaphore>,
}

impl Default for Transfers {
    fn default() -> Self {
        Self { running: Mutex::default(), slots: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Transfers {
    /// Joins the transfer of a layer, or starts it. Has to be called within a runtime.
    pub fn join(&self, shared: &Arc<Shared>, repository: &Repository, sought: &Sought) -> Arc<Transfer> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, transfer| transfer.strong_count() > 0);
        let known = running.get(sought).and_then(Weak::upgrade).filter(|transfer| !transfer.has_failed());
        known.unwrap_or_else(|| {
            let transfer = Arc::new(self.start(shared, repository, sought));
            running.insert(sought.clone(), Arc::downgrade(&transfer));
            transfer
        })
    }

    fn start(&self, shared: &Arc<Shared>, repository: &Repository, sought: &Sought) -> Transfer {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok();
        let first = if permit.is_some() { Phase::Downloading(0) } else { Phase::Waiting };
        let (sender, phase) = watch::channel(first);
        let (presence, at_work) = watch::channel(());
        let work = Work {
            presence: Arc::new(presence),
            shared: Arc::clone(shared),
            repository: repository.clone(),
            sought: sought.clone(),
            phase: Arc::new(sender),
        };
        let slots = Arc::clone(&self.slots);
        let task = tokio::spawn(async move { work.run(permit, slots).await }).abort_handle();
        Transfer { phase, task, at_work }
    }
}

/// What the task of a transfer has.
struct Work {
    shared: Arc<Shared>,
    repository: Repository,
    sought: Sought,
    phase: Arc<watch::Sender<Phase>>,
    /// Held by each who works for the transfer.
    presence: Arc<watch::Sender<()>>,
}

impl Work {
    async fn run(self, permit: Option<OwnedSemaphorePermit>, slots: Arc<Semaphore>) {
        let permit = match permit {
            Some(permit) => Some(permit),
            None => slots.acquire_owned().await.ok(),
        };
        let outcome = self.fetch(&self.repository).await;
        drop(permit);
        let last = match outcome {
            Ok(layer) => Phase::Done(Arc::new(layer)),
            Err(fault) => Phase::Failed(fault.kind(), fault.message().into()),
        };
        self.phase.send_replace(last);
    }

    /// Fetches and unpacks. What a mirror has wrong the registry itself may have right.
    async fn fetch(&self, repository: &Repository) -> Result<StagedLayer> {
        match self.fetch_once(repository).await {
            Err((fault, true)) => {
                tracing::warn!(digest = %self.sought.digest, %fault, "layer from a mirror failed, asking the registry itself");
                self.fetch_once(&repository.without_mirrors()).await.map_err(|(fault, _)| fault)
            }
            outcome => outcome.map_err(|(fault, _)| fault),
        }
    }

    /// One try; a failure comes with whether the bytes were a mirror's.
    async fn fetch_once(&self, repository: &Repository) -> Result<StagedLayer, (Fault, bool)> {
        self.phase.send_replace(Phase::Downloading(0));
        let opened = repository.blob(&self.sought.digest, self.sought.size, 0).await;
        let mut blob = opened.map_err(|error| (Fault::from_error(error.kind(), &error), false))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let worker = self.take_in(receiver);
        let broken = self.pump(&mut blob, sender).await;
        let taken = worker.await.unwrap_or_else(|error| Err(Fault::system(format!("unpack layer: {error}"))));
        match (broken, taken) {
            (Some(error), Err(_)) => Err((Fault::from_error(error.kind(), &error), false)),
            (_, Err(fault)) => Err((fault, blob.is_from_mirror())),
            (_, Ok(layer)) => Ok(layer),
        }
    }

    /// Hands over what comes, till the end or till the other side gives up.
    async fn pump(&self, blob: &mut registry::Blob, sender: mpsc::Sender<Piece>) -> Option<registry::Error> {
        let mut downloaded = 0;
        loop {
            let piece = match blob.chunk().await {
                Ok(Some(bytes)) => Piece::Data(bytes),
                Ok(None) => Piece::End,
                Err(error) => return Some(error),
            };
            match &piece {
                Piece::Data(bytes) => downloaded += bytes.len() as u64,
                Piece::End => drop(self.phase.send_replace(Phase::Extracting(0))),
            }
            let is_end = matches!(piece, Piece::End);
            if sender.send(piece).await.is_err() || is_end {
                return None;
            }
            self.phase.send_if_modified(|phase| {
                *phase = Phase::Downloading(downloaded);
                true
            });
        }
    }

    fn take_in(&self, receiver: mpsc::Receiver<Piece>) -> tokio::task::JoinHandle<Result<StagedLayer>> {
        let shared = Arc::clone(&self.shared);
        let phase = Arc::clone(&self.phase);
        let sought = self.sought.clone();
        let presence = Arc::clone(&self.presence);
        tokio::task::spawn_blocking(move || {
            let _presence = presence;
            let Sought { digest, size, media_type, diff_id } = sought;
            let blob = BlobRecord { digest, size, media_type };
            let wanted = Wanted::announced(&blob, &diff_id);
            let seen = std::sync::atomic::AtomicU64::new(0);
            let count = move |amount: u64| {
                let sum = seen.fetch_add(amount, std::sync::atomic::Ordering::Relaxed) + amount;
                phase.send_if_modified(|phase| {
                    let is_extracting = matches!(phase, Phase::Extracting(_));
                    if is_extracting {
                        *phase = Phase::Extracting(sum);
                    }
                    is_extracting
                });
            };
            shared.take_in(Arrivals { receiver, current: Bytes::new(), is_whole: false }, &wanted, &count)
        })
    }
}

enum Piece {
    Data(Bytes),
    End,
}

/// The blocking end of the channel.
struct Arrivals {
    receiver: mpsc::Receiver<Piece>,
    current: Bytes,
    is_whole: bool,
}

impl BufRead for Arrivals {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.is_whole {
            match self.receiver.blocking_recv() {
                Some(Piece::Data(bytes)) => self.current = bytes,
                Some(Piece::End) => self.is_whole = true,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the download broke off")),
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount);
    }
}

impl Read for Arrivals {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buffer.len());
        buffer[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}
