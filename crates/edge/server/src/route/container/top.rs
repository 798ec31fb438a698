//! `GET /containers/{id}/top`.

use engine::request::ContainerTop;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn top(call: Call) -> Result<Answer> {
    let request = ContainerTop { target: call.container()?, arguments: call.query.text("ps_args").to_owned() };
    answer::json(StatusCode::OK, &call.engine.container_top(request).await?)
}
