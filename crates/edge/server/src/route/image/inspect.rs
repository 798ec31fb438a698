//! `GET /images/{name}/json`.

use engine::request::ImageLook;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn inspect(call: Call) -> Result<Answer> {
    let platform = if call.speaks(49) { call.query.given("platform") } else { None };
    let image = call.engine.image_inspect(ImageLook { name: call.image()?, platform }).await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::ImageInspect, &image)?)
}
