//! `GET /info`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn info(call: Call) -> Result<Answer> {
    let info = call.engine.info().await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::Info, &info)?)
}
