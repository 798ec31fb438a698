//! `POST /containers/{id}/attach`.

use engine::request::AttachRequest;
use fault::Result;

use crate::answer::Answer;
use crate::hijack::{self, DetachKeys, Join};
use crate::request::Call;

pub(in crate::route) async fn attach(call: Call) -> Result<Answer> {
    let query = &call.query;
    let request = AttachRequest {
        target: call.container()?,
        stdin: query.flag("stdin"),
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        logs: query.flag("logs"),
        stream: query.flag("stream"),
    };
    let join = Join { stdin: request.stdin && request.stream, keys: DetachKeys::parse(query.text("detachKeys"))? };
    let attached = call.engine.container_attach(request).await?;
    Ok(hijack::answer(call, attached, join))
}
