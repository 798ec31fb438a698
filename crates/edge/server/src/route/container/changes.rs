//! `GET /containers/{id}/changes`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn changes(call: Call) -> Result<Answer> {
    let changes = call.engine.container_changes(call.container()?).await?;
    // Docker's word for none is `null`.
    answer::json(StatusCode::OK, &Some(changes).filter(|changes| !changes.is_empty()))
}
