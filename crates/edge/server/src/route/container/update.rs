//! `POST /containers/{id}/update`.

use api::container::UpdateRequest;
use engine::request::ContainerUpdate;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn update(mut call: Call) -> Result<Answer> {
    let UpdateRequest { host_config: mut change, edit } = call.json().await?;
    if !call.speaks(40) {
        // Older clients send 0 for what they do not mean to change.
        change.pids_limit = change.pids_limit.filter(|&limit| limit != 0);
    }
    let request = ContainerUpdate { target: call.container()?, change, edit };
    answer::json(StatusCode::OK, &call.engine.container_update(request).await?)
}
