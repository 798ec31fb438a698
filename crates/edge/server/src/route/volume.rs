//! Volumes: there are none, which clients that look for an object of any kind must be told in Docker's words.

use api::prune::VolumesPruned;
use fault::{Fault, Result};
use http::StatusCode;
use serde_json::json;

use crate::answer::{self, Answer};
use crate::request::{Call, echo};

/// `GET /volumes`.
pub(super) async fn list(call: Call) -> Result<Answer> {
    super::network::known_filters(&call, &["dangling", "driver", "label", "name"])?;
    answer::json(StatusCode::OK, &json!({ "Volumes": [], "Warnings": null }))
}

/// `GET /volumes/{name}`.
pub(super) async fn inspect(call: Call) -> Result<Answer> {
    Err(missing(&call))
}

/// `DELETE /volumes/{name}`. With `force` a missing one is no error.
pub(super) async fn remove(call: Call) -> Result<Answer> {
    if call.query.flag("force") { Ok(answer::empty(StatusCode::NO_CONTENT)) } else { Err(missing(&call)) }
}

/// `POST /volumes/prune`.
pub(super) async fn prune(call: Call) -> Result<Answer> {
    super::network::known_filters(&call, &["all", "label", "label!"])?;
    answer::json(StatusCode::OK, &VolumesPruned::default())
}

fn missing(call: &Call) -> Fault {
    Fault::not_found(format!("get {}: no such volume", echo(call.name())))
}
