//! `GET /events`: a line of JSON for each, until the client goes away or `until` has come.

use api::events::Event;
use engine::request::EventsRequest;
use fault::{Fault, Result};
use futures_util::StreamExt;
use futures_util::future::ready;

use crate::answer::progress::line;
use crate::answer::{self, Answer, JSON};
use crate::request::Call;

pub(in crate::route) async fn events(call: Call) -> Result<Answer> {
    let request = EventsRequest {
        since: call.query.time("since")?,
        until: call.query.instant("until")?,
        filters: call.query.filters()?,
    };
    if let (Some(since), Some(until)) = (request.since, request.until)
        && until < since
    {
        let (since, until) = (call.query.text("since"), call.query.text("until"));
        return Err(Fault::invalid(format!("`since` time ({since}) cannot be after `until` time ({until})")));
    }
    let knows_creations = call.speaks(46);
    let events = call.engine.events(request).await?;
    let events = events.filter(move |event| ready(knows_creations || !event.as_ref().is_ok_and(is_creation)));
    Ok(answer::stream(JSON, call.stopping(), events.map(|event| line(&event?, "\n"))))
}

/// An image that was made here; such events came with 1.46.
fn is_creation(event: &Event) -> bool {
    event.kind == "image" && event.action == "create"
}
