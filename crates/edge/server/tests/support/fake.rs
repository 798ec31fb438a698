//! A scripted engine: one container `web` whose process echoes its input, and one image `busybox`.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use api::container::{
    ContainerInspect, ContainerSummary, CreateResponse, FilesystemChange, PathStat, StatsResponse, TopResponse,
    UpdateResponse, WaitResponse,
};
use api::events::Event;
use api::exec::ExecInspect;
use api::filters::Filters;
use api::image::{ImageDeleteItem, ImageHistoryItem, ImageInspect, ImageSummary};
use api::network::Network;
use api::progress::JsonMessage;
use api::prune::{ContainersPruned, ImagesPruned};
use api::system::{DiskUsage, Info, Version};
use bytes::Bytes;
use engine::action::{Actions, Progress, Reply, Stream};
use engine::reply::{Attached, Extract, LogEntry, LogStream, Logs, Ping, Waiting};
use engine::request::*;
use fault::{Fault, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub struct Fake {
    pub state: Arc<State>,
}

/// What the tests look at and turn.
#[derive(Default)]
pub struct State {
    /// Requests as they arrived.
    pub seen: Mutex<Vec<String>>,
    /// The container has a terminal.
    pub terminal: std::sync::atomic::AtomicBool,
    /// Streams that were dropped before their end.
    pub dropped: AtomicU32,
    pub was_dropped: Notify,
    /// Lets waits and slow actions finish.
    pub go: Notify,
    /// Processes whose streams are joined.
    pub joined: AtomicU32,
    /// Calls that ran to their end.
    pub finished: AtomicU32,
}

impl Fake {
    pub fn seen(&self) -> Vec<String> {
        self.state.seen.lock().unwrap().clone()
    }

    fn saw(&self, what: impl Into<String>) {
        self.state.seen.lock().unwrap().push(what.into());
    }

    fn terminal(&self) -> bool {
        self.state.terminal.load(Ordering::SeqCst)
    }

    fn known(&self, target: &str) -> Result<()> {
        if target == "web" { Ok(()) } else { Err(Fault::not_found(format!("No such container: {target}"))) }
    }

    /// A process that answers each chunk of its input, and says `bye` at its end.
    fn attached(&self, detach_keys: &str) -> Attached {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (reader, writer) = tokio::io::split(ours);
        let (terminal, state) = (self.terminal(), self.state.clone());
        state.joined.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            echo(theirs, terminal).await;
            state.joined.fetch_sub(1, Ordering::SeqCst);
        });
        let fake = self.clone();
        Attached {
            terminal: self.terminal(),
            reader: Box::pin(reader),
            writer: Box::pin(writer),
            detach_keys: detach_keys.into(),
            detached: Box::new(move || fake.saw("detached")),
        }
    }

    /// The items, and then nothing for ever; notes when it is dropped.
    fn endless<T: Send + 'static>(&self, items: Vec<Result<T>>) -> Stream<T> {
        Box::pin(Endless { items: items.into(), state: self.state.clone() })
    }
}

async fn echo(mut stream: DuplexStream, terminal: bool) {
    let mut chunk = [0; 1024];
    loop {
        let length = stream.read(&mut chunk).await.unwrap_or(0);
        let text = if length == 0 { b"bye\n" } else { &chunk[..length] };
        let frame = if terminal { text.to_vec() } else { frame(text) };
        if stream.write_all(&frame).await.is_err() || length == 0 {
            return;
        }
    }
}

pub fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![1, 0, 0, 0];
    frame.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(text);
    frame
}

struct Endless<T> {
    items: std::collections::VecDeque<Result<T>>,
    state: Arc<State>,
}

impl<T> Unpin for Endless<T> {}

impl<T> tokio_stream::Stream for Endless<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.items.pop_front().map_or(Poll::Pending, |item| Poll::Ready(Some(item)))
    }
}

impl<T> Drop for Endless<T> {
    fn drop(&mut self) {
        self.state.dropped.fetch_add(1, Ordering::SeqCst);
        self.state.was_dropped.notify_one();
    }
}

fn all<T: Send + 'static>(items: Vec<Result<T>>) -> Stream<T> {
    Box::pin(tokio_stream::iter(items))
}

fn reply<'a, T: Send + 'a>(outcome: Result<T>) -> Reply<'a, T> {
    Box::pin(async { outcome })
}

fn with<'a, T, F: Future<Output = Result<T>> + Send + 'a>(future: F) -> Reply<'a, T> {
    Box::pin(future)
}

impl Actions for Fake {
    fn ping(&self) -> Ping {
        Ping { version: "28.5.1".into(), experimental: false, builder: "2", swarm: "inactive".into() }
    }

    fn version(&self) -> Reply<'_, Version> {
        reply(Ok(Version { version: "28.5.1".into(), api_version: "1.51".into(), ..Version::default() }))
    }

    fn info(&self) -> Reply<'_, Info> {
        panic!("the engine has a bug")
    }

    fn events(&self, request: EventsRequest) -> Reply<'_, Stream<Event>> {
        self.saw(format!("events {request:?}"));
        let event = Event { kind: "container".into(), action: "start".into(), ..Event::default() };
        reply(Ok(match request.until {
            Some(_) => all(vec![Ok(event)]),
            None => self.endless(vec![Ok(event)]),
        }))
    }

    fn disk_usage(&self, request: DiskUsageRequest) -> Reply<'_, DiskUsage> {
        self.saw(format!("df {request:?}"));
        let images = request.images.then(|| vec![ImageSummary { size: 7, ..ImageSummary::default() }]);
        reply(Ok(DiskUsage { layers_size: 7, images, ..DiskUsage::default() }))
    }

    fn container_prune(&self, filters: Filters) -> Reply<'_, ContainersPruned> {
        self.saw(format!("prune {filters:?}"));
        reply(Ok(ContainersPruned::default()))
    }

    fn image_prune(&self, filters: Filters) -> Reply<'_, ImagesPruned> {
        self.saw(format!("prune images {filters:?}"));
        reply(Ok(ImagesPruned::default()))
    }

    fn container_create(&self, request: ContainerCreate) -> Reply<'_, CreateResponse> {
        self.saw(format!("create {:?} {:?} {}", request.name, request.platform, request.body.config.image));
        reply(Ok(CreateResponse { id: "web".into(), warnings: vec![] }))
    }

    fn container_list(&self, request: ContainerList) -> Reply<'_, Vec<ContainerSummary>> {
        self.saw(format!("list {request:?}"));
        if let Some(unknown) = request.filters.names().find(|name| *name != "label") {
            return reply(Err(Fault::invalid(format!("invalid filter '{unknown}'"))));
        }
        let web =
            ContainerSummary { id: "0123456789abcdef".repeat(4), names: vec!["/web".into()], ..Default::default() };
        reply(Ok(vec![ContainerSummary { image: "busybox".into(), ..web }]))
    }

    fn container_inspect(&self, request: ContainerLook) -> Reply<'_, ContainerInspect> {
        let config = api::container::ContainerConfig { tty: self.terminal(), open_stdin: true, ..Default::default() };
        let state = api::container::State { running: true, status: "running".into(), ..Default::default() };
        let web = ContainerInspect { id: "web".into(), name: "/web".into(), config, state, ..Default::default() };
        reply(self.known(&request.target).map(|()| web))
    }

    fn container_start(&self, target: String) -> Reply<'_, ()> {
        self.saw(format!("start {target}"));
        self.state.go.notify_waiters();
        reply(self.known(&target))
    }

    fn container_stop(&self, request: ContainerStop) -> Reply<'_, ()> {
        self.saw(format!("stop {request:?}"));
        if request.timeout == Some(0) {
            return reply(Err(Fault::not_modified("already stopped")));
        }
        with(async move {
            self.known(&request.target)?;
            if request.timeout == Some(77) {
                self.state.go.notified().await;
            }
            self.state.finished.fetch_add(1, Ordering::SeqCst);
            self.state.was_dropped.notify_one();
            Ok(())
        })
    }

    fn container_restart(&self, request: ContainerStop) -> Reply<'_, ()> {
        reply(self.known(&request.target))
    }

    fn container_kill(&self, request: ContainerKill) -> Reply<'_, ()> {
        self.saw(format!("kill {request:?}"));
        reply(Err(Fault::conflict("Container web is not running")))
    }

    fn container_pause(&self, target: String) -> Reply<'_, ()> {
        self.saw(format!("pause {target}"));
        reply(self.known(&target))
    }

    fn container_unpause(&self, target: String) -> Reply<'_, ()> {
        self.saw(format!("unpause {target}"));
        reply(self.known(&target))
    }

    fn container_rename(&self, request: ContainerRename) -> Reply<'_, ()> {
        self.saw(format!("rename {request:?}"));
        reply(self.known(&request.target))
    }

    fn container_update(&self, request: ContainerUpdate) -> Reply<'_, UpdateResponse> {
        let change = request.change;
        self.saw(format!("update {} {:?} {}", change.memory, change.pids_limit, change.restart_policy.name));
        reply(self.known(&request.target).map(|()| UpdateResponse::default()))
    }

    fn container_top(&self, request: ContainerTop) -> Reply<'_, TopResponse> {
        self.saw(format!("top {request:?}"));
        reply(self.known(&request.target).map(|()| TopResponse::default()))
    }

    fn container_stats(&self, request: ContainerStats) -> Reply<'_, Stream<StatsResponse>> {
        self.saw(format!("stats {request:?}"));
        let stats = vec![Ok(StatsResponse { name: "/web".into(), ..StatsResponse::default() })];
        let stats = if request.stream { self.endless(stats) } else { all(stats) };
        reply(self.known(&request.target).map(|()| stats))
    }

    fn container_stat(&self, request: ContainerPath) -> Reply<'_, PathStat> {
        self.saw(format!("stat {request:?}"));
        reply(self.known(&request.target).map(|()| PathStat { name: "f".into(), size: 3, ..PathStat::default() }))
    }

    fn container_archive(&self, request: ContainerPath) -> Reply<'_, Extract> {
        self.saw(format!("archive {request:?}"));
        let stat = PathStat { name: "f".into(), ..PathStat::default() };
        let archive = all(vec![Ok(Bytes::from_static(b"tar"))]);
        reply(self.known(&request.target).map(|()| Extract { stat, archive }))
    }

    fn container_extract(&self, mut request: ContainerExtract) -> Reply<'_, ()> {
        with(async move {
            let mut text = String::new();
            let _ = request.body.read_to_string(&mut text).await;
            self.saw(format!("extract {:?} {} {} {text}", request.into, request.keeps_kinds, request.to_user));
            self.known(&request.into.target)
        })
    }

    fn container_changes(&self, target: String) -> Reply<'_, Vec<FilesystemChange>> {
        reply(self.known(&target).map(|()| Vec::new()))
    }

    fn container_export(&self, target: String) -> Reply<'_, Stream<Bytes>> {
        reply(self.known(&target).map(|()| all(vec![Ok(Bytes::from_static(b"tar"))])))
    }

    fn container_wait(&self, request: ContainerWait) -> Reply<'_, Waiting> {
        self.saw(format!("wait {:?}", request.condition));
        let state = self.state.clone();
        let waiting: Waiting = Box::pin(async move {
            state.go.notified().await;
            Ok(WaitResponse { status_code: 7, error: None })
        });
        reply(self.known(&request.target).map(|()| waiting))
    }

    fn container_remove(&self, request: ContainerRemove) -> Reply<'_, ()> {
        self.saw(format!("remove {request:?}"));
        reply(self.known(&request.target))
    }

    fn container_logs(&self, request: LogsRequest) -> Reply<'_, Logs> {
        self.saw(format!("logs {request:?}"));
        let time = 1_700_000_000_000_000_000;
        let entry = |stream, line: &'static str| {
            Ok(LogEntry { stream, time, line: Bytes::from_static(line.as_bytes()), details: String::new() })
        };
        let entries = vec![entry(LogStream::Stdout, "out\n"), entry(LogStream::Stderr, "err\n")];
        let entries = if request.follow { self.endless(entries) } else { all(entries) };
        reply(self.known(&request.target).map(|()| Logs { terminal: self.terminal(), entries }))
    }

    fn container_attach(&self, request: AttachRequest) -> Reply<'_, Attached> {
        self.saw(format!("attach {request:?}"));
        reply(self.known(&request.target).map(|()| self.attached("")))
    }

    fn container_resize(&self, request: Resize) -> Reply<'_, ()> {
        self.saw(format!("resize {}x{}", request.rows, request.columns));
        reply(self.known(&request.target))
    }

    fn exec_create(&self, request: ExecCreate) -> Reply<'_, String> {
        self.saw(format!("exec {:?}", request.body.cmd));
        reply(self.known(&request.target).map(|()| "exec1".into()))
    }

    fn exec_start(&self, request: ExecStart) -> Reply<'_, Option<Attached>> {
        self.saw(format!("exec start {request:?}"));
        reply(Ok((!request.detach).then(|| self.attached("x"))))
    }

    fn exec_inspect(&self, id: String) -> Reply<'_, ExecInspect> {
        reply(Ok(ExecInspect { id, exit_code: Some(5), ..ExecInspect::default() }))
    }

    fn exec_resize(&self, _request: Resize) -> Reply<'_, ()> {
        reply(Ok(()))
    }

    fn image_pull(&self, request: ImagePull) -> Reply<'_, Progress> {
        self.saw(format!("pull {request:?}"));
        let lines = vec![
            Ok(JsonMessage { id: "latest".into(), ..JsonMessage::status("Pulling from library/busybox") }),
            Ok(JsonMessage::of("0123456789ab", "Pull complete")),
        ];
        match request.from_image.trim_start_matches("docker.io/library/") {
            "missing" => reply(Err(Fault::not_found("pull access denied for missing"))),
            "late" => reply(Ok(all(vec![Err(Fault::not_found("manifest unknown"))]))),
            "broken" => reply(Ok(all(lines.into_iter().chain([Err(Fault::system("wrong digest"))]).collect()))),
            "slow" => reply(Ok(self.endless(lines))),
            _ => reply(Ok(all(lines))),
        }
    }

    fn image_import(&self, request: ImageImport) -> Reply<'_, Progress> {
        self.swallow(format!("import {} {:?}", request.from_src, request.changes), request.body)
    }

    fn image_commit(&self, request: ImageCommit) -> Reply<'_, String> {
        self.saw(format!("commit {request:?}"));
        reply(self.known(&request.container).map(|()| "sha256:1".into()))
    }

    fn image_list(&self, request: ImageList) -> Reply<'_, Vec<ImageSummary>> {
        self.saw(format!("images {request:?}"));
        reply(Ok(vec![ImageSummary { id: format!("sha256:{}", "ab".repeat(32)), size: 7, ..Default::default() }]))
    }

    fn image_inspect(&self, request: ImageLook) -> Reply<'_, ImageInspect> {
        self.saw(format!("image {}", request.name));
        reply(Ok(ImageInspect { id: request.name, ..ImageInspect::default() }))
    }

    fn image_history(&self, _request: ImageLook) -> Reply<'_, Vec<ImageHistoryItem>> {
        reply(Ok(vec![ImageHistoryItem { id: "<missing>".into(), ..ImageHistoryItem::default() }]))
    }

    fn image_tag(&self, request: ImageTag) -> Reply<'_, ()> {
        self.saw(format!("tag {request:?}"));
        reply(Ok(()))
    }

    fn image_remove(&self, request: ImageRemove) -> Reply<'_, Vec<ImageDeleteItem>> {
        reply(Ok(vec![ImageDeleteItem::Untagged(request.name)]))
    }

    fn image_load(&self, request: ImageLoad) -> Reply<'_, Progress> {
        self.swallow(format!("load quiet={}", request.quiet), request.body)
    }

    fn network_list(&self, _request: NetworkList) -> Reply<'_, Vec<Network>> {
        reply(Ok(vec![Network { name: "bridge".into(), ..Network::default() }]))
    }

    fn network_inspect(&self, target: String) -> Reply<'_, Network> {
        reply(Err(Fault::not_found(format!("network {target} not found"))))
    }

    fn network_remove(&self, target: String) -> Reply<'_, ()> {
        reply(Err(Fault::forbidden(format!("{target} is a pre-defined network and cannot be removed"))))
    }

    fn image_save(&self, request: ImageSave) -> Reply<'_, Stream<Bytes>> {
        self.saw(format!("save {:?}", request.names));
        reply(Ok(all(vec![Ok(Bytes::from_static(b"tar")), Ok(Bytes::from_static(b"ball"))])))
    }
}

impl Fake {
    fn swallow(&self, what: String, mut body: Body) -> Reply<'_, Progress> {
        with(async move {
            let mut all_bytes = Vec::new();
            body.read_to_end(&mut all_bytes).await.map_err(|error| Fault::invalid(error.to_string()))?;
            self.saw(format!("{what} {} bytes", all_bytes.len()));
            Ok(all(vec![Ok(JsonMessage::stream("Loaded image: busybox:latest\n"))]))
        })
    }
}
