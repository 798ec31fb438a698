//! `POST /containers/create`.

use api::container::ContainerCreateRequest;
use engine::request::ContainerCreate;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older;
use crate::request::Call;

pub(in crate::route) async fn create(mut call: Call) -> Result<Answer> {
    let body: Option<ContainerCreateRequest> = call.required_json().await?;
    let mut body = body.ok_or_else(|| Fault::invalid("config cannot be empty in order to create a container"))?;
    older::container_create(call.version, &mut body)?;
    let platform = if call.speaks(41) { call.query.given("platform") } else { None };
    let request = ContainerCreate { name: call.query.given("name"), platform, body };
    answer::json(StatusCode::CREATED, &call.engine.container_create(request).await?)
}
