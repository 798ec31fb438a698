//! `GET /system/df`.

use engine::request::DiskUsageRequest;
use fault::{Fault, Result};
use http::StatusCode;
use serde_json::Value;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::{Call, echo};

const KINDS: [&str; 4] = ["container", "image", "volume", "build-cache"];

pub(in crate::route) async fn df(call: Call) -> Result<Answer> {
    let kinds = if call.speaks(42) { call.query.all("type") } else { Vec::new() };
    if let Some(unknown) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(Fault::invalid(format!("unknown object type: {}", echo(unknown))));
    }
    let wants = |kind: &str| kinds.is_empty() || kinds.iter().any(|wanted| wanted == kind);
    let request = DiskUsageRequest {
        containers: wants("container"),
        images: wants("image"),
        volumes: wants("volume"),
        build_cache: wants("build-cache"),
    };
    let usage = call.engine.disk_usage(request).await?;
    let mut body = serde_json::to_value(&usage).map_err(|error| Fault::system(format!("write the answer: {error}")))?;
    if let Some(images) = &usage.images {
        body["Images"] = older::convert(call.version, Form::ImageSummary, images)?;
    }
    if let Some(containers) = &usage.containers {
        body["Containers"] = older::convert(call.version, Form::ContainerSummary, containers)?;
    }
    for (image, told) in usage.images.iter().flatten().zip(body["Images"].as_array_mut().into_iter().flatten()) {
        // Here, unlike in lists, containers are counted for every version, and no names are `null`.
        told["Containers"] = image.containers.into();
        if image.repo_tags.is_empty() {
            told["RepoTags"] = Value::Null;
        }
        if image.repo_digests.is_empty() {
            told["RepoDigests"] = Value::Null;
        }
    }
    answer::json(StatusCode::OK, &body)
}
