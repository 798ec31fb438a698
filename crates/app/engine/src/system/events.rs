//! What happened: a ring of the newest events, and everybody who listens.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use api::events::{Actor, Event};
use api::filters::Filters;
use fault::{Fault, Result};
use tokio::sync::broadcast;
use tokio_stream::{Stream, StreamExt};

use crate::action;
use crate::clock;
use crate::request::EventsRequest;

/// How many past events can be read back.
const KEPT: usize = 1024;
/// How many events a slow listener may lag behind before it is told that it lost some.
const LAG: usize = 4096;

/// The events of one engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Events {
    past: Arc<Mutex<VecDeque<Event>>>,
    live: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self { past: Arc::default(), live: broadcast::channel(LAG).0 }
    }
}

impl Events {
    /// Notes what happened now.
    pub fn emit(&self, kind: &str, action: &str, id: &str, attributes: BTreeMap<String, String>) {
        let event = event(kind, action, id, attributes, clock::now());
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.len() == KEPT {
            past.pop_front();
        }
        past.push_back(event.clone());
        // Sent under the lock: who reads the past and then listens misses nothing and gets nothing twice.
        let _ = self.live.send(event);
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.live.receiver_count()
    }

    /// Past events that match, then new ones as they come.
    pub fn stream(&self, request: EventsRequest) -> Result<action::Stream<Event>> {
        check(&request.filters)?;
        let (past, live) = {
            let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
            (past.iter().cloned().collect::<Vec<_>>(), self.live.subscribe())
        };
        let filters = Arc::new(request.filters);
        let (since, until) = (request.since, request.until);
        let wanted = {
            let filters = Arc::clone(&filters);
            move |event: &Event| until.is_none_or(|until| event.time_nano <= until) && matches(event, &filters)
        };
        let replay = past.into_iter().filter(move |event| since.is_some_and(|since| event.time_nano >= since));
        let replay = tokio_stream::iter(replay.filter(wanted.clone()).map(Ok).collect::<Vec<_>>());
        let Some(live) = live_until(live, until) else { return Ok(Box::pin(replay)) };
        let live = live.filter(move |event| event.as_ref().map_or(true, &wanted));
        Ok(Box::pin(replay.chain(live)))
    }
}

type Live = Pin<Box<dyn Stream<Item = Result<Event>> + Send>>;

/// The live part; none where the end is past already.
fn live_until(live: broadcast::Receiver<Event>, until: Option<i64>) -> Option<Live> {
    let events = tokio_stream::wrappers::BroadcastStream::new(live)
        .map(|event| event.map_err(|lost| Fault::system(format!("events: {lost}"))));
    let Some(until) = until else { return Some(Box::pin(events)) };
    let left = u64::try_from(until - clock::now()).ok().filter(|&left| left > 0)?;
    let end = tokio::time::sleep(std::time::Duration::from_nanos(left));
    Some(Box::pin(Ending { events: Box::pin(events), end: Box::pin(end) }))
}

/// A stream that ends at a moment.
struct Ending {
    events: Live,
    end: Pin<Box<tokio::time::Sleep>>,
}

impl Stream for Ending {
    type Item = Result<Event>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        use std::task::Poll;
        match self.events.as_mut().poll_next(context) {
            Poll::Pending => self.end.as_mut().poll(context).map(|()| None),
            ready => ready,
        }
    }
}

/// Makes an event, with the fields that older versions repeat.
fn event(kind: &str, action: &str, id: &str, attributes: BTreeMap<String, String>, now: i64) -> Event {
    let repeated = kind == "container" || kind == "image";
    Event {
        status: if repeated { action.to_owned() } else { String::new() },
        id: if repeated { id.to_owned() } else { String::new() },
        from: if kind == "container" { attributes.get("image").cloned().unwrap_or_default() } else { String::new() },
        kind: kind.to_owned(),
        action: action.to_owned(),
        actor: Actor { id: id.to_owned(), attributes },
        scope: "local".into(),
        time: now / 1_000_000_000,
        time_nano: now,
    }
}

const FILTERS: [&str; 13] = [
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "type",
    "volume",
];

fn check(filters: &Filters) -> Result<()> {
    match filters.names().find(|name| !FILTERS.contains(name)) {
        Some(name) => Err(Fault::invalid(format!("invalid filter '{name}'"))),
        None => Ok(()),
    }
}

fn matches(event: &Event, filters: &Filters) -> bool {
    filters.names().all(|name| {
        let wanted = filters.get(name);
        wanted.is_empty() || wanted.iter().any(|value| matches_one(event, name, value))
    })
}

fn matches_one(event: &Event, name: &str, value: &str) -> bool {
    let attribute = |key: &str| event.actor.attributes.get(key).map(String::as_str);
    match name {
        "event" => event.action == value || event.action.split(':').next() == Some(value),
        "type" => event.kind == value,
        "scope" => event.scope == value,
        "label" => match value.split_once('=') {
            Some((key, wanted)) => attribute(key) == Some(wanted),
            None => attribute(value).is_some(),
        },
        "image" => {
            let bare = |name: &str| name.rsplit_once(':').map_or(name.to_owned(), |(bare, _)| bare.to_owned());
            let named = if event.kind == "image" { Some(event.actor.id.as_str()) } else { None };
            [named, attribute("image"), attribute("name").filter(|_| event.kind == "image")]
                .into_iter()
                .flatten()
                .any(|image| image == value || bare(image) == value)
        }
        kind => event.kind == kind && (event.actor.id.starts_with(value) || attribute("name") == Some(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(text: &str) -> Filters {
        Filters::parse(text).unwrap()
    }

    async fn collect(events: &Events, request: EventsRequest) -> Vec<String> {
        events.stream(request).unwrap().map(|event| event.unwrap().action).collect().await
    }

    #[tokio::test]
    async fn the_past_is_read_back_and_ends_at_until() {
        let events = Events::default();
        events.emit("container", "create", "abc", BTreeMap::from([("image".into(), "busybox:latest".into())]));
        events.emit("container", "start", "abc", BTreeMap::new());
        events.emit("network", "connect", "net", BTreeMap::new());
        let past = |text: &str| EventsRequest { since: Some(0), until: Some(clock::now()), filters: filters(text) };
        assert_eq!(collect(&events, past("")).await, ["create", "start", "connect"]);
        assert_eq!(collect(&events, past(r#"{"type":["network"]}"#)).await, ["connect"]);
        assert_eq!(collect(&events, past(r#"{"container":["ab"],"event":["start"]}"#)).await, ["start"]);
        assert_eq!(collect(&events, past(r#"{"image":["busybox"]}"#)).await, ["create"]);
        assert!(events.stream(past(r#"{"nonsense":["x"]}"#)).is_err());
    }

    #[tokio::test]
    async fn nothing_falls_between_the_past_and_the_live_ones() {
        let events = Events::default();
        events.emit("container", "one", "a", BTreeMap::new());
        let mut stream = events.stream(EventsRequest { since: Some(0), ..EventsRequest::default() }).unwrap();
        events.emit("container", "two", "a", BTreeMap::new());
        assert_eq!(stream.next().await.unwrap().unwrap().action, "one");
        assert_eq!(stream.next().await.unwrap().unwrap().action, "two");
    }

    #[test]
    fn the_ring_forgets_the_oldest() {
        let events = Events::default();
        for n in 0..KEPT + 3 {
            events.emit("image", &n.to_string(), "x", BTreeMap::new());
        }
        let past = events.past.lock().unwrap();
        assert_eq!((past.len(), past[0].action.as_str()), (KEPT, "3"));
    }
}
