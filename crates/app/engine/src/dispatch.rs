//! The engine's way through the list of actions: one line each, which calls the use case.

use api::container::{ContainerInspect, ContainerSummary, CreateResponse};
use api::events::Event;
use api::exec::ExecInspect;
use api::image::{ImageDeleteItem, ImageHistoryItem, ImageInspect, ImageSummary};
use api::system::{Info, Version};
use bytes::Bytes;
use fault::Fault;

use crate::Engine;
use crate::action::{Actions, Progress, Reply, Stream};
use crate::reply::{Attached, Logs, Ping, Waiting};
use crate::request::{
    AttachRequest, ContainerCreate, ContainerKill, ContainerList, ContainerLook, ContainerRemove, ContainerStop,
    ContainerWait, EventsRequest, ExecCreate, ExecStart, ImageImport, ImageList, ImageLoad, ImageLook, ImagePull,
    ImageRemove, ImageSave, ImageTag, LogsRequest, Resize,
};

impl Engine {
    fn unimplemented<T: 'static>(&self, action: &str) -> Reply<'_, T> {
        let fault = Fault::not_implemented(format!("{action} is not implemented yet"));
        Box::pin(async { Err(fault) })
    }
}

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
        self.unimplemented("version")
    }

    fn info(&self) -> Reply<'_, Info> {
        self.unimplemented("info")
    }

    fn events(&self, _request: EventsRequest) -> Reply<'_, Stream<Event>> {
        self.unimplemented("events")
    }

    fn container_create(&self, _request: ContainerCreate) -> Reply<'_, CreateResponse> {
        self.unimplemented("container_create")
    }

    fn container_list(&self, _request: ContainerList) -> Reply<'_, Vec<ContainerSummary>> {
        self.unimplemented("container_list")
    }

    fn container_inspect(&self, _request: ContainerLook) -> Reply<'_, ContainerInspect> {
        self.unimplemented("container_inspect")
    }

    fn container_start(&self, _target: String) -> Reply<'_, ()> {
        self.unimplemented("container_start")
    }

    fn container_stop(&self, _request: ContainerStop) -> Reply<'_, ()> {
        self.unimplemented("container_stop")
    }

    fn container_restart(&self, _request: ContainerStop) -> Reply<'_, ()> {
        self.unimplemented("container_restart")
    }

    fn container_kill(&self, _request: ContainerKill) -> Reply<'_, ()> {
        self.unimplemented("container_kill")
    }

    fn container_wait(&self, _request: ContainerWait) -> Reply<'_, Waiting> {
        self.unimplemented("container_wait")
    }

    fn container_remove(&self, _request: ContainerRemove) -> Reply<'_, ()> {
        self.unimplemented("container_remove")
    }

    fn container_logs(&self, _request: LogsRequest) -> Reply<'_, Logs> {
        self.unimplemented("container_logs")
    }

    fn container_attach(&self, _request: AttachRequest) -> Reply<'_, Attached> {
        self.unimplemented("container_attach")
    }

    fn container_resize(&self, _request: Resize) -> Reply<'_, ()> {
        self.unimplemented("container_resize")
    }

    fn exec_create(&self, _request: ExecCreate) -> Reply<'_, String> {
        self.unimplemented("exec_create")
    }

    fn exec_start(&self, _request: ExecStart) -> Reply<'_, Option<Attached>> {
        self.unimplemented("exec_start")
    }

    fn exec_inspect(&self, _id: String) -> Reply<'_, ExecInspect> {
        self.unimplemented("exec_inspect")
    }

    fn exec_resize(&self, _request: Resize) -> Reply<'_, ()> {
        self.unimplemented("exec_resize")
    }

    fn image_pull(&self, _request: ImagePull) -> Reply<'_, Progress> {
        self.unimplemented("image_pull")
    }

    fn image_import(&self, _request: ImageImport) -> Reply<'_, Progress> {
        self.unimplemented("image_import")
    }

    fn image_list(&self, _request: ImageList) -> Reply<'_, Vec<ImageSummary>> {
        self.unimplemented("image_list")
    }

    fn image_inspect(&self, _request: ImageLook) -> Reply<'_, ImageInspect> {
        self.unimplemented("image_inspect")
    }

    fn image_history(&self, _request: ImageLook) -> Reply<'_, Vec<ImageHistoryItem>> {
        self.unimplemented("image_history")
    }

    fn image_tag(&self, _request: ImageTag) -> Reply<'_, ()> {
        self.unimplemented("image_tag")
    }

    fn image_remove(&self, _request: ImageRemove) -> Reply<'_, Vec<ImageDeleteItem>> {
        self.unimplemented("image_remove")
    }

    fn image_load(&self, _request: ImageLoad) -> Reply<'_, Progress> {
        self.unimplemented("image_load")
    }

    fn image_save(&self, _request: ImageSave) -> Reply<'_, Stream<Bytes>> {
        self.unimplemented("image_save")
    }
}
