//! Networks.

use engine::request::NetworkList;
use fault::Result;
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::Call;

/// `GET /networks`.
pub(super) async fn list(call: Call) -> Result<Answer> {
    let list = call.engine.network_list(NetworkList { filters: call.query.filters()? }).await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::Network, &list)?)
}

/// `GET /networks/{id}`.
pub(super) async fn inspect(call: Call) -> Result<Answer> {
    let network = call.engine.network_inspect(call.network()?).await?;
    answer::json(StatusCode::OK, &older::convert(call.version, Form::Network, &network)?)
}

/// `DELETE /networks/{id}`.
pub(super) async fn remove(call: Call) -> Result<Answer> {
    call.engine.network_remove(call.network()?).await?;
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
