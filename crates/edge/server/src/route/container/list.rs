//! `GET /containers/json`.

use engine::request::ContainerList;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn list(call: Call) -> Result<Answer> {
    let limit = call.query.number::<i64>("limit")?;
    let request = ContainerList {
        all: call.query.flag("all"),
        // Docker takes 0 and below for no limit.
        limit: limit.and_then(|limit| usize::try_from(limit).ok()).filter(|&limit| limit > 0),
        size: call.query.flag("size"),
        filters: call.query.filters()?,
    };
    let list = call.engine.container_list(request).await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::ContainerSummary, &list)?)
}
