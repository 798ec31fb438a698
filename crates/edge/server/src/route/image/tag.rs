//! `POST /images/{name}/tag`.

use engine::request::ImageTag;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn tag(call: Call) -> Result<Answer> {
    let repository = call.query.text("repo").to_owned();
    call.engine.image_tag(ImageTag { name: call.image()?, repository, tag: call.query.given("tag") }).await?;
    Ok(answer::empty(StatusCode::CREATED))
}
