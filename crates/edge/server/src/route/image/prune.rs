//! `POST /images/prune` and `/build/prune`.

use api::prune::BuildCachePruned;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn prune(call: Call) -> Result<Answer> {
    answer::json(StatusCode::OK, &call.engine.image_prune(call.query.filters()?).await?)
}

/// Nothing is built here yet, so no builder keeps anything.
pub(in crate::route) async fn prune_builds(call: Call) -> Result<Answer> {
    let known = ["until", "id", "parent", "type", "description", "inuse", "shared", "private", "unused-for"];
    crate::route::network::known_filters(&call, &known)?;
    answer::json(StatusCode::OK, &BuildCachePruned::default())
}
