//! `GET /containers/{id}/attach/ws`.

use engine::request::AttachRequest;
use fault::Result;

use crate::answer::Answer;
use crate::hijack::websocket::{self, Handshake};
use crate::hijack::{DetachKeys, Join};
use crate::request::Call;

pub(in crate::route) async fn attach_ws(call: Call) -> Result<Answer> {
    let handshake = Handshake::read(call.headers())?;
    let query = &call.query;
    // Before 1.42 all streams were joined.
    let wants = |name: &str| !call.speaks(42) || query.flag(name);
    let request = AttachRequest {
        target: call.container()?,
        stdin: wants("stdin"),
        stdout: wants("stdout"),
        stderr: wants("stderr"),
        logs: query.flag("logs"),
        stream: query.flag("stream"),
    };
    let join = Join { stdin: request.stdin && request.stream, keys: DetachKeys::parse(query.text("detachKeys"))? };
    let attached = call.engine.container_attach(request).await?;
    websocket::answer(call, handshake, attached, join)
}
