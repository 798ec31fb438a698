//! `GET /exec/{id}/json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::hijack::DetachKeys;
use crate::request::Call;

pub(in crate::route) async fn inspect(call: Call) -> Result<Answer> {
    let mut exec = call.engine.exec_inspect(call.exec()?).await?;
    if !exec.detach_keys.is_empty() {
        exec.detach_keys = STANDARD.encode(DetachKeys::parse(&exec.detach_keys)?.bytes());
    }
    answer::json(StatusCode::OK, &exec)
}
