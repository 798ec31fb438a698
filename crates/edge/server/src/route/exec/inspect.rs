//! `GET /exec/{id}/json`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn inspect(call: Call) -> Result<Answer> {
    answer::json(StatusCode::OK, &call.engine.exec_inspect(call.exec()?).await?)
}
