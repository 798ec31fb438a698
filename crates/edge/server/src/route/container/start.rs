//! `POST /containers/{id}/start`.

use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn start(mut call: Call) -> Result<Answer> {
    let target = call.container()?;
    refuse_host_config(&mut call).await?;
    call.engine.container_start(target).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}

/// Before 1.24 a start carried the host's configuration; since then it must not. An empty object is let pass.
async fn refuse_host_config(call: &mut Call) -> Result<()> {
    let body: serde_json::Value = call.json().await?;
    if body.as_object().is_some_and(|object| !object.is_empty()) {
        return Err(Fault::invalid(
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
        ));
    }
    Ok(())
}
