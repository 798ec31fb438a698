//! `POST /containers/prune`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn prune(call: Call) -> Result<Answer> {
    answer::json(StatusCode::OK, &call.engine.container_prune(call.query.filters()?).await?)
}
