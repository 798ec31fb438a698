//! `POST /containers/{id}/rename`.

use engine::request::ContainerRename;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn rename(call: Call) -> Result<Answer> {
    let request = ContainerRename { target: call.container()?, name: call.query.text("name").to_owned() };
    call.engine.container_rename(request).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
