//! `POST /containers/{id}/resize`.

use engine::request::Resize;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::{Call, echo};

pub(in crate::route) async fn resize(call: Call) -> Result<Answer> {
    let request = size(&call, call.container()?)?;
    call.engine.container_resize(request).await?;
    Ok(answer::empty(StatusCode::OK))
}

/// The size asked for; both numbers must be given.
pub(in crate::route) fn size(call: &Call, target: String) -> Result<Resize> {
    let number = |name: &str, what: &str| {
        let text = call.query.text(name);
        text.parse().map_err(|_| Fault::invalid(format!("invalid resize {what} {:?}: invalid syntax", echo(text))))
    };
    Ok(Resize { target, rows: number("h", "height")?, columns: number("w", "width")? })
}
