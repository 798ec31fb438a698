//! `GET /containers/{id}/logs`.

use engine::reply::LogEntry;
use engine::request::LogsRequest;
use fault::{Fault, Result};
use futures_util::StreamExt;

use crate::answer::frames::{Layout, content_type};
use crate::answer::{self, Answer};
use crate::request::Call;

/// How many entries are sent together where so many are there.
const TOGETHER: usize = 128;

pub(in crate::route) async fn logs(call: Call) -> Result<Answer> {
    let query = &call.query;
    let request = LogsRequest {
        target: call.container()?,
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr"),
        follow: query.flag("follow"),
        since: query.time("since")?,
        until: if call.speaks(35) { query.time("until")? } else { None },
        // `all`, and whatever else is no number, means all.
        tail: query.text("tail").parse().ok(),
    };
    if !(request.stdout || request.stderr) {
        return Err(Fault::invalid("Bad parameters: you must choose at least one stream"));
    }
    let (timestamps, details) = (query.flag("timestamps"), query.flag("details"));
    let logs = call.engine.container_logs(request).await?;
    let layout = Layout { terminal: logs.terminal, timestamps, details };
    let wire = logs.entries.ready_chunks(TOGETHER).map(move |entries| write(layout, entries));
    Ok(answer::stream(content_type(call.version, logs.terminal), call.stopping(), wire))
}

/// The entries as they go over the wire; after an error none of them, since the connection is cut.
fn write(layout: Layout, entries: Vec<Result<LogEntry>>) -> Result<bytes::Bytes> {
    let entries = entries.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(layout.write(&entries))
}
