//! `POST /commit`.

use api::container::ContainerConfig;
use api::image::CommitResponse;
use engine::request::ImageCommit;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn commit(mut call: Call) -> Result<Answer> {
    let config: Option<ContainerConfig> = call.json().await?;
    let query = &call.query;
    let request = ImageCommit {
        container: query.text("container").to_owned(),
        repository: query.given("repo"),
        tag: query.given("tag"),
        author: query.text("author").to_owned(),
        comment: query.text("comment").to_owned(),
        pause: query.flag_or("pause", true),
        changes: query.all("changes"),
        config,
    };
    let id = call.engine.image_commit(request).await?;
    answer::json(StatusCode::CREATED, &CommitResponse { id })
}
