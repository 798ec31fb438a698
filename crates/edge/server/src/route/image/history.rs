//! `GET /images/{name}/history`.

use engine::request::ImageLook;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn history(call: Call) -> Result<Answer> {
    let platform = if call.speaks(48) { call.query.given("platform") } else { None };
    let history = call.engine.image_history(ImageLook { name: call.image()?, platform }).await?;
    answer::json(StatusCode::OK, &history)
}
