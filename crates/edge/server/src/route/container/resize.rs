//! `POST /containers/{id}/resize`.

use engine::request::Resize;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn resize(call: Call) -> Result<Answer> {
    let request = size(&call, call.container()?)?;
    call.engine.container_resize(request).await?;
    Ok(answer::empty(StatusCode::OK))
}

/// The size asked for; both numbers must be given.
pub(in crate::route) fn size(call: &Call, target: String) -> Result<Resize> {
    let number = |name: &str, what: &str| {
        call.query.number(name)?.ok_or_else(|| Fault::invalid(format!("invalid resize {what} \"\": invalid syntax")))
    };
    Ok(Resize { target, rows: number("h", "height")?, columns: number("w", "width")? })
}
