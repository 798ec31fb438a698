//! `GET /images/json`.

use engine::request::ImageList;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn list(call: Call) -> Result<Answer> {
    let mut filters = call.query.filters()?;
    // Until 1.40 a name could stand beside the filters.
    if let (false, Some(name)) = (call.speaks(41), call.query.given("filter")) {
        filters.add("reference", name);
    }
    let request = ImageList { all: call.query.flag("all"), shared_size: shared_size(&call), filters };
    let list = call.engine.image_list(request).await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::ImageSummary, &list)?)
}

fn shared_size(call: &Call) -> bool {
    call.speaks(42) && call.query.flag("shared-size")
}
