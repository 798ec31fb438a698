//! The engine's way through the list of actions: one line each, which calls the use case.

use api::container::{
    ContainerInspect, ContainerSummary, CreateResponse, FilesystemChange, PathStat, StatsResponse, TopResponse,
    UpdateResponse,
};
use api::events::Event;
use api::exec::ExecInspect;
use api::filters::Filters;
use api::image::{ImageDeleteItem, ImageHistoryItem, ImageInspect, ImageSummary};
use api::network::Network;
use api::prune::{ContainersPruned, ImagesPruned};
use api::system::{DiskUsage, Info, Version};
use bytes::Bytes;

use crate::{Engine, container, exec, image, network, system};

use crate::action::{Actions, Progress, Reply, Stream};
use crate::metrics::Act;
use crate::reply::{Attached, Extract, Logs, Ping, Waiting};
use crate::request::{
    AttachRequest, ContainerCreate, ContainerExtract, ContainerKill, ContainerList, ContainerLook, ContainerPath,
    ContainerRemove, ContainerRename, ContainerStats, ContainerStop, ContainerTop, ContainerUpdate, ContainerWait,
    DiskUsageRequest, EventsRequest, ExecCreate, ExecStart, ImageCommit, ImageImport, ImageList, ImageLoad, ImageLook,
    ImagePull, ImageRemove, ImageSave, ImageTag, LogsRequest, NetworkList, Resize,
};

impl Actions for Engine {
    fn ping(&self) -> Ping {
        Ping {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            experimental: false,
            builder: "",
            swarm: "inactive".to_owned(),
        }
    }

    fn version(&self) -> Reply<'_, Version> {
        Box::pin(async { Ok(system::version(&self.inner)) })
    }

    fn info(&self) -> Reply<'_, Info> {
        Box::pin(async { Ok(system::info(&self.inner)) })
    }

    fn events(&self, request: EventsRequest) -> Reply<'_, Stream<Event>> {
        Box::pin(async { self.inner.events.stream(request) })
    }

    fn disk_usage(&self, request: DiskUsageRequest) -> Reply<'_, DiskUsage> {
        Box::pin(system::df(&self.inner, request))
    }

    fn container_create(&self, request: ContainerCreate) -> Reply<'_, CreateResponse> {
        Box::pin(self.inner.metrics.timed(Act::Create, container::create(&self.inner, request)))
    }

    fn container_list(&self, request: ContainerList) -> Reply<'_, Vec<ContainerSummary>> {
        Box::pin(container::list(&self.inner, request))
    }

    fn container_inspect(&self, request: ContainerLook) -> Reply<'_, ContainerInspect> {
        Box::pin(container::inspect(&self.inner, request))
    }

    fn container_start(&self, target: String) -> Reply<'_, ()> {
        Box::pin(async move { self.inner.metrics.timed(Act::Start, container::start(&self.inner, &target)).await })
    }

    fn container_stop(&self, request: ContainerStop) -> Reply<'_, ()> {
        Box::pin(container::stop(&self.inner, request))
    }

    fn container_restart(&self, request: ContainerStop) -> Reply<'_, ()> {
        Box::pin(container::restart(&self.inner, request))
    }

    fn container_kill(&self, request: ContainerKill) -> Reply<'_, ()> {
        Box::pin(container::kill(&self.inner, request))
    }

    fn container_pause(&self, target: String) -> Reply<'_, ()> {
        Box::pin(async move { container::pause(&self.inner, &target).await })
    }

    fn container_unpause(&self, target: String) -> Reply<'_, ()> {
        Box::pin(async move { container::unpause(&self.inner, &target).await })
    }

    fn container_rename(&self, request: ContainerRename) -> Reply<'_, ()> {
        Box::pin(container::rename(&self.inner, request))
    }

    fn container_update(&self, request: ContainerUpdate) -> Reply<'_, UpdateResponse> {
        Box::pin(container::update(&self.inner, request))
    }

    fn container_top(&self, request: ContainerTop) -> Reply<'_, TopResponse> {
        Box::pin(container::top(&self.inner, request))
    }

    fn container_stats(&self, request: ContainerStats) -> Reply<'_, Stream<StatsResponse>> {
        Box::pin(container::stats(&self.inner, request))
    }

    fn container_stat(&self, request: ContainerPath) -> Reply<'_, PathStat> {
        Box::pin(container::path_stat(&self.inner, request))
    }

    fn container_archive(&self, request: ContainerPath) -> Reply<'_, Extract> {
        Box::pin(container::archive(&self.inner, request))
    }

    fn container_extract(&self, request: ContainerExtract) -> Reply<'_, ()> {
        Box::pin(container::extract(&self.inner, request))
    }

    fn container_changes(&self, target: String) -> Reply<'_, Vec<FilesystemChange>> {
        Box::pin(async move { self.inner.metrics.timed(Act::Changes, container::changes(&self.inner, &target)).await })
    }

    fn container_export(&self, target: String) -> Reply<'_, Stream<Bytes>> {
        Box::pin(async move { container::export(&self.inner, &target).await })
    }

    fn container_wait(&self, request: ContainerWait) -> Reply<'_, Waiting> {
        Box::pin(container::wait(&self.inner, request))
    }

    fn container_remove(&self, request: ContainerRemove) -> Reply<'_, ()> {
        Box::pin(self.inner.metrics.timed(Act::Delete, container::remove(&self.inner, request)))
    }

    fn container_prune(&self, filters: Filters) -> Reply<'_, ContainersPruned> {
        Box::pin(async move { container::prune(&self.inner, &filters).await })
    }

    fn container_logs(&self, request: LogsRequest) -> Reply<'_, Logs> {
        Box::pin(container::logs(&self.inner, request))
    }

    fn container_attach(&self, request: AttachRequest) -> Reply<'_, Attached> {
        Box::pin(container::attach(&self.inner, request))
    }

    fn container_resize(&self, request: Resize) -> Reply<'_, ()> {
        Box::pin(container::resize(&self.inner, request))
    }

    fn exec_create(&self, request: ExecCreate) -> Reply<'_, String> {
        Box::pin(exec::create(&self.inner, request))
    }

    fn exec_start(&self, request: ExecStart) -> Reply<'_, Option<Attached>> {
        Box::pin(exec::start(&self.inner, request))
    }

    fn exec_inspect(&self, id: String) -> Reply<'_, ExecInspect> {
        Box::pin(async move { exec::inspect(&self.inner, &id).await })
    }

    fn exec_resize(&self, request: Resize) -> Reply<'_, ()> {
        Box::pin(exec::resize(&self.inner, request))
    }

    fn image_pull(&self, request: ImagePull) -> Reply<'_, Progress> {
        Box::pin(image::pull(&self.inner, request))
    }

    fn image_import(&self, request: ImageImport) -> Reply<'_, Progress> {
        Box::pin(image::import(&self.inner, request))
    }

    fn image_commit(&self, request: ImageCommit) -> Reply<'_, String> {
        Box::pin(self.inner.metrics.timed(Act::Commit, image::commit(&self.inner, request)))
    }

    fn image_list(&self, request: ImageList) -> Reply<'_, Vec<ImageSummary>> {
        Box::pin(image::list(&self.inner, request))
    }

    fn image_inspect(&self, request: ImageLook) -> Reply<'_, ImageInspect> {
        Box::pin(image::inspect(&self.inner, request))
    }

    fn image_history(&self, request: ImageLook) -> Reply<'_, Vec<ImageHistoryItem>> {
        Box::pin(image::history(&self.inner, request))
    }

    fn image_tag(&self, request: ImageTag) -> Reply<'_, ()> {
        Box::pin(image::tag(&self.inner, request))
    }

    fn image_remove(&self, request: ImageRemove) -> Reply<'_, Vec<ImageDeleteItem>> {
        Box::pin(image::remove(&self.inner, request))
    }

    fn image_prune(&self, filters: Filters) -> Reply<'_, ImagesPruned> {
        Box::pin(async move { image::prune(&self.inner, &filters).await })
    }

    fn image_load(&self, request: ImageLoad) -> Reply<'_, Progress> {
        Box::pin(image::load(&self.inner, request))
    }

    fn image_save(&self, request: ImageSave) -> Reply<'_, Stream<Bytes>> {
        Box::pin(image::save(&self.inner, request))
    }

    fn network_list(&self, request: NetworkList) -> Reply<'_, Vec<Network>> {
        Box::pin(async move { network::list(&self.inner, &request.filters) })
    }

    fn network_inspect(&self, target: String) -> Reply<'_, Network> {
        Box::pin(async move { network::inspect(&self.inner, &target) })
    }

    fn network_remove(&self, target: String) -> Reply<'_, ()> {
        Box::pin(async move { network::remove(&self.inner, &target) })
    }
}
