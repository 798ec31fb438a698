//! Accepts connections and serves them, until told to stop.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use engine::Actions;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::dispatch::{Peer, Server};
use crate::limits::Limits;
use crate::listen::{Listener, Visitor};
use crate::quiet::Quiet;
use crate::socket::{FirstRequest, Socket, Stream};

/// How long accepting rests after an error, such as too many open files.
const REST: Duration = Duration::from_millis(100);

/// Serves until `stopped` becomes true, then lets requests in hand finish for at most `grace`. Endless answers (logs,
/// events, attached streams) are cut at once. The listeners' files are gone at the end.
///
/// # Errors
/// The engine says which version it is only as text that no header can carry.
pub async fn serve(
    engine: impl Actions,
    listeners: Vec<Listener>,
    stopped: watch::Receiver<bool>,
    grace: Duration,
) -> std::io::Result<()> {
    serve_with(engine, listeners, stopped, grace, Limits::DEFAULT).await
}

/// The same with other bounds.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    engine: impl Actions,
    listeners: Vec<Listener>,
    mut stopped: watch::Receiver<bool>,
    grace: Duration,
    limits: Limits,
) -> std::io::Result<()> {
    let stopping = CancellationToken::new();
    let server = Arc::new(Server::new(Arc::new(engine), limits, stopping.clone())?);
    let mut accepting = JoinSet::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = Arc::new(GracefulShutdown::new());
    let quiet = Arc::new(Quiet::default());
    let idle = quiet.clone();
    accepting.spawn(async move { idle.tidy(sys::memory::shrink).await });
    for listener in listeners {
        let door =
            Door { server: server.clone(), places: places.clone(), graceful: graceful.clone(), quiet: quiet.clone() };
        accepting.spawn(door.accept(listener));
    }
    // An error means that the sender is gone, and with it whoever could tell us to stop.
    let _ = stopped.wait_for(|&stopped| stopped).await;
    accepting.shutdown().await;
    stopping.cancel();
    finish(graceful, grace).await;
    Ok(())
}

/// Waits for the requests in hand.
async fn finish(graceful: Arc<GracefulShutdown>, grace: Duration) {
    let Some(graceful) = Arc::into_inner(graceful) else { return };
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in {} s; they are cut", grace.as_secs());
    }
}

/// What a listener's loop needs.
struct Door {
    server: Arc<Server>,
    places: Arc<Semaphore>,
    graceful: Arc<GracefulShutdown>,
    quiet: Arc<Quiet>,
}

impl Door {
    async fn accept(self, listener: Listener) {
        loop {
            // Closed never: the semaphore lives as long as its doors.
            let Ok(place) = self.places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok(visitor) => {
                    self.quiet.interrupt();
                    self.receive(visitor, place);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Begins the task of one connection.
    fn receive(&self, visitor: Visitor, place: OwnedSemaphorePermit) {
        let (server, watcher) = (self.server.clone(), self.graceful.watcher());
        match visitor {
            Visitor::Plain(stream) => drop(tokio::spawn(connection(server, watcher, stream, place))),
            Visitor::Handshake(stream, door) => drop(tokio::spawn(async move {
                let stopping = server.stopping();
                let welcomed = tokio::select! {
                    () = stopping.cancelled() => None,
                    welcomed = door.welcome(stream, server.limits().head) => welcomed,
                };
                if let Some(stream) = welcomed {
                    connection(server, watcher, Stream::Tls(Box::new(stream)), place).await;
                }
            })),
        }
    }
}

/// The life of one connection.
fn connection(
    server: Arc<Server>,
    watcher: Watcher,
    stream: Stream,
    place: OwnedSemaphorePermit,
) -> impl Future<Output = ()> + Send + 'static {
    let limits = server.limits();
    let peer = peer(&stream);
    let first = FirstRequest::default();
    let socket = TokioIo::new(Socket::new(stream, place, limits.head, first.clone()));
    let service = service_fn(move |request| {
        first.has_come();
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
    });
    let builder = builder(limits);
    let connection = builder.serve_connection_with_upgrades(socket, service).into_owned();
    let watched = watcher.watch(connection);
    async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "connection ended");
        }
    }
}

fn builder(limits: Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes)
        .title_case_headers(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(256);
    builder
}

fn peer(stream: &Stream) -> Peer {
    match stream {
        Stream::Unix(stream) => {
            log_credentials(stream);
            Peer::Local
        }
        Stream::Tcp(_) => Peer::Network,
        Stream::Tls(_) => Peer::Encrypted,
    }
}

/// Who connects, as the kernel knows: `SO_PEERCRED`, unix(7).
fn log_credentials(stream: &UnixStream) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    if let Ok(who) = stream.peer_cred() {
        tracing::debug!(uid = who.uid(), gid = who.gid(), pid = who.pid(), "client connected");
    }
}
