//! `POST /containers/{id}/exec`.

use api::exec::{ExecCreateRequest, ExecCreateResponse};
use engine::request::ExecCreate;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::hijack::DetachKeys;
use crate::request::{Call, echo};

pub(in crate::route) async fn create(mut call: Call) -> Result<Answer> {
    let target = call.container()?;
    let mut body: ExecCreateRequest = call.json().await?;
    if body.cmd.is_empty() {
        return Err(Fault::invalid("No exec command specified"));
    }
    // The original has another word for them here.
    DetachKeys::parse(&body.detach_keys)
        .map_err(|_| Fault::invalid(format!("Invalid escape keys ({}) provided", echo(&body.detach_keys))))?;
    if !call.speaks(42) {
        body.console_size = None;
    }
    let id = call.engine.exec_create(ExecCreate { target, body }).await?;
    answer::json(StatusCode::CREATED, &ExecCreateResponse { id })
}
