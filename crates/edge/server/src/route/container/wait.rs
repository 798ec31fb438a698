//! `POST /containers/{id}/wait`: the headers leave as soon as the wait has begun, since clients start the container
//! only after them; the body follows at the end.

use api::container::{WaitCondition, WaitError, WaitResponse};
use engine::request::ContainerWait;
use fault::{Fault, Result};
use futures_util::stream;
use http::StatusCode;

use crate::answer::progress::line;
use crate::answer::{self, Answer, JSON};
use crate::older::{self, Form};
use crate::request::Call;

pub(in crate::route) async fn wait(call: Call) -> Result<Answer> {
    let request = ContainerWait { target: call.container()?, condition: condition(&call)? };
    let waiting = call.engine.container_wait(request).await?;
    let version = call.version;
    if !call.speaks(30) {
        return answer::json(StatusCode::OK, &older::convert(version, Form::Wait, &waiting.await?)?);
    }
    // An error that comes now has no status any more.
    let result = async move {
        let response = waiting.await.unwrap_or_else(|fault| failed(&fault));
        line(&older::convert(version, Form::Wait, &response)?, "\n")
    };
    Ok(answer::stream(JSON, call.stopping(), stream::once(result)))
}

/// The condition; before 1.30 there was only one.
fn condition(call: &Call) -> Result<WaitCondition> {
    let text = if call.speaks(30) { call.query.text("condition") } else { "" };
    let refused = || Fault::invalid(format!("invalid condition: {:?}", crate::request::echo(text)));
    WaitCondition::parse(text).ok_or_else(refused)
}

fn failed(fault: &Fault) -> WaitResponse {
    WaitResponse { status_code: -1, error: Some(WaitError { message: fault.to_string() }) }
}
