//! `GET /version`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn version(call: Call) -> Result<Answer> {
    let version = call.engine.version().await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::Version, &version)?)
}
