//! `DELETE /images/{name}`.

use engine::request::ImageRemove;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn remove(call: Call) -> Result<Answer> {
    let (force, no_prune) = (call.query.flag("force"), call.query.flag("noprune"));
    let removed = call.engine.image_remove(ImageRemove { name: call.image()?, force, no_prune }).await?;
    answer::json(StatusCode::OK, &removed)
}
