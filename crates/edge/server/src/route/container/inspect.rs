//! `GET /containers/{id}/json`.

use engine::request::ContainerLook;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn inspect(call: Call) -> Result<Answer> {
    let request = ContainerLook { target: call.container()?, size: call.query.flag("size") };
    let container = call.engine.container_inspect(request).await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::ContainerInspect, &container)?)
}
