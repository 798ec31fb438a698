//! Everything the engine does, as one list.
//!
//! The server turns each request into one call here and each reply into one answer; it knows nothing else of the
//! engine. [`Actions`] is a trait so that the server's tests can put a scripted engine behind the same list; the real
//! way is in `dispatch.rs`.
//!
//! Names arrive here percent-decoded and free of `/`, `..` and control characters where a container or an exec is
//! meant; what exists under them is the engine's to find out. Filters arrive parsed; which names a list knows is the
//! engine's to say, with [`fault::Kind::InvalidParameter`] and the text `invalid filter 'x'`.

use std::future::Future;
use std::pin::Pin;

use api::container::{
    ContainerInspect, ContainerSummary, CreateResponse, FilesystemChange, PathStat, StatsResponse, TopResponse,
    UpdateResponse,
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
use fault::Result;

use crate::reply::{Attached, Extract, Logs, Ping, Waiting};
use crate::request::{
    AttachRequest, ContainerCreate, ContainerExtract, ContainerKill, ContainerList, ContainerLook, ContainerPath,
    ContainerRemove, ContainerRename, ContainerStats, ContainerStop, ContainerTop, ContainerUpdate, ContainerWait,
    DiskUsageRequest, EventsRequest, ExecCreate, ExecStart, ImageCommit, ImageImport, ImageList, ImageLoad, ImageLook,
    ImagePull, ImageRemove, ImageSave, ImageTag, LogsRequest, NetworkList, Resize,
};

/// An answer that is on its way. Dropping it cancels what has no effect yet.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Items as they come. Dropping it (the client went away) ends what produces them.
pub type Stream<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T>> + Send>>;

/// Lines of progress. An error as the first item becomes the answer's status, a later one the stream's last line.
pub type Progress = Stream<JsonMessage>;

/// Everything the engine does.
pub trait Actions: Send + Sync + 'static {
    /// What every answer says of the engine, without waiting for anything.
    fn ping(&self) -> Ping;

    /// The engine's version and that of its parts.
    fn version(&self) -> Reply<'_, Version>;
    /// What the engine is, has and can.
    fn info(&self) -> Reply<'_, Info>;
    /// Events, past and to come.
    fn events(&self, request: EventsRequest) -> Reply<'_, Stream<Event>>;

    /// Tells what takes room on the disk.
    fn disk_usage(&self, request: DiskUsageRequest) -> Reply<'_, DiskUsage>;

    /// Makes a container.
    fn container_create(&self, request: ContainerCreate) -> Reply<'_, CreateResponse>;
    /// Lists containers, the newest first.
    fn container_list(&self, request: ContainerList) -> Reply<'_, Vec<ContainerSummary>>;
    /// Tells everything about one.
    fn container_inspect(&self, request: ContainerLook) -> Reply<'_, ContainerInspect>;
    /// Starts one (name, id, or the beginning of an id). `NotModified` where it runs.
    fn container_start(&self, target: String) -> Reply<'_, ()>;
    /// Stops one. `NotModified` where it does not run.
    fn container_stop(&self, request: ContainerStop) -> Reply<'_, ()>;
    /// Stops one and starts it again.
    fn container_restart(&self, request: ContainerStop) -> Reply<'_, ()>;
    /// Signals one.
    fn container_kill(&self, request: ContainerKill) -> Reply<'_, ()>;
    /// Freezes one.
    fn container_pause(&self, target: String) -> Reply<'_, ()>;
    /// Lets a frozen one go on.
    fn container_unpause(&self, target: String) -> Reply<'_, ()>;
    /// Gives one another name.
    fn container_rename(&self, request: ContainerRename) -> Reply<'_, ()>;
    /// Changes limits and the restart policy of one.
    fn container_update(&self, request: ContainerUpdate) -> Reply<'_, UpdateResponse>;
    /// Lists the processes of one.
    fn container_top(&self, request: ContainerTop) -> Reply<'_, TopResponse>;
    /// Tells what one uses.
    fn container_stats(&self, request: ContainerStats) -> Reply<'_, Stream<StatsResponse>>;
    /// Tells what a path in one is.
    fn container_stat(&self, request: ContainerPath) -> Reply<'_, PathStat>;
    /// Copies files out of one.
    fn container_archive(&self, request: ContainerPath) -> Reply<'_, Extract>;
    /// Copies files into one.
    fn container_extract(&self, request: ContainerExtract) -> Reply<'_, ()>;
    /// Tells how the files of one differ from its image's.
    fn container_changes(&self, target: String) -> Reply<'_, Vec<FilesystemChange>>;
    /// Puts the root file system of one into an archive.
    fn container_export(&self, target: String) -> Reply<'_, Stream<Bytes>>;
    /// Begins to wait; the answer's headers leave when this replies.
    fn container_wait(&self, request: ContainerWait) -> Reply<'_, Waiting>;
    /// Removes one.
    fn container_remove(&self, request: ContainerRemove) -> Reply<'_, ()>;
    /// Removes those that do not run.
    fn container_prune(&self, filters: Filters) -> Reply<'_, ContainersPruned>;
    /// Reads one's log.
    fn container_logs(&self, request: LogsRequest) -> Reply<'_, Logs>;
    /// Joins the streams of one.
    fn container_attach(&self, request: AttachRequest) -> Reply<'_, Attached>;
    /// Sets the size of one's terminal.
    fn container_resize(&self, request: Resize) -> Reply<'_, ()>;

    /// Prepares a further process in a container; replies its id.
    fn exec_create(&self, request: ExecCreate) -> Reply<'_, String>;
    /// Runs it; replies nothing to join where it is detached.
    fn exec_start(&self, request: ExecStart) -> Reply<'_, Option<Attached>>;
    /// Tells everything about one.
    fn exec_inspect(&self, id: String) -> Reply<'_, ExecInspect>;
    /// Sets the size of its terminal.
    fn exec_resize(&self, request: Resize) -> Reply<'_, ()>;

    /// Fetches an image from a registry.
    fn image_pull(&self, request: ImagePull) -> Reply<'_, Progress>;
    /// Makes an image of a root file system.
    fn image_import(&self, request: ImageImport) -> Reply<'_, Progress>;
    /// Makes an image of a container; replies its id.
    fn image_commit(&self, request: ImageCommit) -> Reply<'_, String>;
    /// Lists images, the newest first.
    fn image_list(&self, request: ImageList) -> Reply<'_, Vec<ImageSummary>>;
    /// Tells everything about one.
    fn image_inspect(&self, request: ImageLook) -> Reply<'_, ImageInspect>;
    /// Tells how one was made, the newest step first.
    fn image_history(&self, request: ImageLook) -> Reply<'_, Vec<ImageHistoryItem>>;
    /// Gives one a further name.
    fn image_tag(&self, request: ImageTag) -> Reply<'_, ()>;
    /// Takes a name away, and the image with its last one.
    fn image_remove(&self, request: ImageRemove) -> Reply<'_, Vec<ImageDeleteItem>>;
    /// Removes those that nobody uses.
    fn image_prune(&self, filters: Filters) -> Reply<'_, ImagesPruned>;
    /// Takes images in from an archive.
    fn image_load(&self, request: ImageLoad) -> Reply<'_, Progress>;
    /// Puts images into an archive.
    fn image_save(&self, request: ImageSave) -> Reply<'_, Stream<Bytes>>;

    /// Lists networks.
    fn network_list(&self, request: NetworkList) -> Reply<'_, Vec<Network>>;
    /// Tells everything about one (name, id, or the beginning of an id).
    fn network_inspect(&self, target: String) -> Reply<'_, Network>;
    /// Removes one.
    fn network_remove(&self, target: String) -> Reply<'_, ()>;
}
