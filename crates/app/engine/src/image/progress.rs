//! Turns what an image operation tells into the API's lines, and its end into the last of them.

use api::progress::{JsonMessage, ProgressDetail};
use fault::{Fault, Result};
use image::{Event, Progress, Status};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::action;

/// Where the lines of one operation go. A client that went away is noticed by [`Lines::closed`].
#[derive(Clone)]
pub struct Lines(mpsc::UnboundedSender<Result<JsonMessage>>);

impl Lines {
    /// Makes the lines and the stream they come out of.
    ///
    /// The queue is not bounded by itself: operations tell a line for each step of each layer and at most ten a second
    /// for each of them, whatever their size.
    pub fn new() -> (Self, action::Progress) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), Box::pin(UnboundedReceiverStream::new(receiver)))
    }

    /// Tells a line.
    pub fn tell(&self, message: JsonMessage) {
        let _ = self.0.send(Ok(message));
    }

    /// Tells how the operation failed.
    pub fn fail(&self, fault: Fault) {
        let _ = self.0.send(Err(fault));
    }

    /// The sink for an image operation.
    pub fn sink(&self) -> Progress {
        let lines = self.clone();
        Progress::new(move |event| lines.tell(message(&event)))
    }

    /// Returns when the client is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

fn message(event: &Event) -> JsonMessage {
    let status = event.status.to_string();
    let whole =
        matches!(event.status, Status::PullingFrom(_) | Status::Digest(_) | Status::Summary(_) | Status::Line(_));
    if whole {
        return JsonMessage { id: event.id.clone(), ..JsonMessage::status(status) };
    }
    let Some((current, total)) = event.status.amount() else { return JsonMessage::of(event.id.clone(), status) };
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let detail = ProgressDetail { current: signed(current), total: signed(total), ..ProgressDetail::default() };
    JsonMessage { progress_detail: Some(detail), progress: String::new(), ..JsonMessage::of(event.id.clone(), status) }
}
