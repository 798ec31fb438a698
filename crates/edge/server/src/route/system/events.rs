//! `GET /events`: a line of JSON for each, until the client goes away or `until` has come.

use engine::request::EventsRequest;
use fault::{Fault, Result};
use futures_util::StreamExt;

use crate::answer::progress::line;
use crate::answer::{self, Answer, JSON};
use crate::request::Call;

pub(in crate::route) async fn events(call: Call) -> Result<Answer> {
    let request = EventsRequest {
        since: call.query.time("since")?,
        until: call.query.time("until")?,
        filters: call.query.filters()?,
    };
    if let (Some(since), Some(until)) = (request.since, request.until)
        && until < since
    {
        let (since, until) = (call.query.text("since"), call.query.text("until"));
        return Err(Fault::invalid(format!("`since` time ({since}) cannot be after `until` time ({until})")));
    }
    let events = call.engine.events(request).await?;
    Ok(answer::stream(JSON, call.stopping(), events.map(|event| line(&event?, "\n"))))
}
