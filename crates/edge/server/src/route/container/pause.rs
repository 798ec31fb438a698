//! `POST /containers/{id}/pause` and `/unpause`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn pause(call: Call) -> Result<Answer> {
    call.engine.container_pause(call.container()?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

pub(in crate::route) async fn unpause(call: Call) -> Result<Answer> {
    call.engine.container_unpause(call.container()?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
