//! Networks.

use api::prune::NetworksPruned;
use engine::request::NetworkList;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::older::{self, Form};
use crate::request::{Call, echo};

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

/// `POST /networks/prune`. All networks here are built in, which none ever takes.
pub(super) async fn prune(call: Call) -> Result<Answer> {
    known_filters(&call, &["until", "label", "label!"])?;
    answer::json(StatusCode::OK, &NetworksPruned::default())
}

/// Refuses filters of a prune that it does not know.
pub(super) fn known_filters(call: &Call, known: &[&str]) -> Result<()> {
    match call.query.filters()?.names().find(|name| !known.contains(name)) {
        Some(name) => Err(Fault::invalid(format!("invalid filter '{}'", echo(name)))),
        None => Ok(()),
    }
}
