//! `POST /containers/{id}/kill`.

use engine::request::ContainerKill;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn kill(call: Call) -> Result<Answer> {
    let request = ContainerKill { target: call.container()?, signal: call.query.given("signal") };
    call.engine.container_kill(request).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
