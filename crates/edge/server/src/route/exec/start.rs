//! `POST /exec/{id}/start`.

use api::exec::ExecStartRequest;
use engine::request::ExecStart;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::hijack::{self, DetachKeys, Join};
use crate::request::Call;

pub(in crate::route) async fn start(mut call: Call) -> Result<Answer> {
    let id = call.exec()?;
    let body: ExecStartRequest = call.json().await?;
    let console_size = if call.speaks(42) { console_size(&body)? } else { None };
    let request = ExecStart { id, detach: body.detach, tty: body.tty, console_size };
    match call.engine.exec_start(request).await? {
        Some(attached) => {
            // An exec without standard input ignores what it is sent.
            let join = Join { stdin: true, keys: DetachKeys::parse(&attached.detach_keys)? };
            Ok(hijack::answer(call, attached, join))
        }
        None => Ok(answer::empty(StatusCode::OK)),
    }
}

fn console_size(body: &ExecStartRequest) -> Result<Option<(u16, u16)>> {
    let Some([rows, columns]) = body.console_size else { return Ok(None) };
    // Without a terminal it means nothing, and the original does not look at it.
    if !body.tty {
        return Ok(None);
    }
    match (rows.try_into(), columns.try_into()) {
        (Ok(rows), Ok(columns)) => Ok(Some((rows, columns))),
        _ => Err(Fault::invalid("console size: not a number in range")),
    }
}
