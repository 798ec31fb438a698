//! `POST /exec/{id}/resize`.

use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;
use crate::route::container::size;

pub(in crate::route) async fn resize(call: Call) -> Result<Answer> {
    let request = size(&call, call.exec()?)?;
    call.engine.exec_resize(request).await?;
    Ok(answer::empty(StatusCode::OK))
}
