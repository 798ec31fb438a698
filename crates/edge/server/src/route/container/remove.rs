//! `DELETE /containers/{id}`.

use engine::request::ContainerRemove;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn remove(call: Call) -> Result<Answer> {
    let query = &call.query;
    let (force, volumes, link) = (query.flag("force"), query.flag("v"), query.flag("link"));
    call.engine.container_remove(ContainerRemove { target: call.container()?, force, volumes, link }).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
