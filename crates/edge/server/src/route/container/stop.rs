//! `POST /containers/{id}/stop` and `/restart`.

use engine::request::ContainerStop;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn stop(call: Call) -> Result<Answer> {
    call.engine.container_stop(request(&call)?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

pub(in crate::route) async fn restart(call: Call) -> Result<Answer> {
    call.engine.container_restart(request(&call)?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

fn request(call: &Call) -> Result<ContainerStop> {
    let signal = if call.speaks(42) { call.query.given("signal") } else { None };
    Ok(ContainerStop { target: call.container()?, signal, timeout: call.query.number("t")? })
}
