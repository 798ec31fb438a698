//! What happened: a journal on disk, the newest of it in memory, and everybody who listens.
//!
//! An event has its number before anybody hears of it. Who listens goes by numbers: what it is too slow to take from
//! memory it takes from the disk, and who asks for the past gets it from there, also what an earlier daemon noted.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::events::{Actor, Event};
use api::filters::Filters;
use fault::{Fault, Result, Step as _};
use journal::{Journal, Limits, Reader, Step};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use crate::action;
use crate::clock;
use crate::request::EventsRequest;

/// How many of the newest events are in memory.
const KEPT: usize = 1024;
/// How many events are taken at once.
const BATCH: usize = 128;
/// How many events may wait for a slow client.
const AHEAD: usize = 64;

/// The events of one engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Events {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// The number of the last event.
    news: watch::Sender<u64>,
    listeners: AtomicUsize,
}

#[derive(Debug)]
struct State {
    journal: Journal,
    /// The number of the last event of the engine before.
    before: u64,
    newest: VecDeque<(u64, Arc<Event>)>,
    /// Whether the last event could not be written, and that was said.
    is_troubled: bool,
}

impl Events {
    /// Opens the events of earlier daemons in `folder`, and goes on behind them.
    pub fn open(folder: &Path) -> Result<Self> {
        let journal = Journal::open(folder, Limits::default()).step("open the events' journal")?;
        let news = watch::channel(journal.last()).0;
        let state = Mutex::new(State { before: journal.last(), journal, newest: VecDeque::new(), is_troubled: false });
        Ok(Self { inner: Arc::new(Inner { state, news, listeners: AtomicUsize::new(0) }) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what happened now.
    pub fn emit(&self, kind: &str, action: &str, id: &str, attributes: BTreeMap<String, String>) {
        let mut state = self.lock();
        let event = event(kind, action, id, attributes, clock::now());
        let number = state.write(&event);
        if state.newest.len() == KEPT {
            state.newest.pop_front();
        }
        state.newest.push_back((number, Arc::new(event)));
        drop(state);
        // Emissions may overtake one another here.
        self.inner.news.send_if_modified(|last| std::mem::replace(last, number.max(*last)) < number);
    }

    /// The last event of each of these containers that is one of `actions`.
    pub fn last_of(&self, ids: &HashSet<String>, actions: &[&str]) -> Result<BTreeMap<String, String>> {
        let folder = self.lock().journal.folder().to_owned();
        let mut reader = Reader::from_time(&folder, 0).step("read the events' journal")?;
        let mut last = BTreeMap::new();
        while let Some(step) = reader.step().step("read the events' journal")? {
            let Step::Record(record) = step else { continue };
            // Most are of others: what costs more comes after a quick look.
            if !record.text.contains(r#""Type":"container""#) {
                continue;
            }
            let Ok(event) = serde_json::from_str::<Event>(&record.text) else { continue };
            if actions.contains(&event.action.as_str()) && ids.contains(&event.actor.id) {
                last.insert(event.actor.id, event.action);
            }
        }
        Ok(last)
    }

    /// How many this engine has noted.
    pub fn count(&self) -> u64 {
        let state = self.lock();
        state.journal.last() - state.before
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.inner.listeners.load(Ordering::Relaxed)
    }

    /// Past events that match, then new ones as they come.
    pub fn stream(&self, request: EventsRequest) -> Result<action::Stream<Event>> {
        check(&request.filters)?;
        let next = match request.since {
            Some(since) => {
                let folder = self.lock().journal.folder().to_owned();
                Reader::from_time(&folder, since).step("read the events' journal")?.next_number()
            }
            // With an end alone, what is remembered until then.
            None if request.until.is_some() => self.lock().oldest(),
            None => self.lock().journal.last() + 1,
        };
        let (events, receiver) = mpsc::channel(AHEAD);
        let listener = Listener { events: self.clone(), request, next, disk: None };
        self.inner.listeners.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            listener.run(&events).await;
        });
        Ok(Box::pin(ReceiverStream::new(receiver)))
    }
}

impl State {
    /// The number of the oldest event in memory, or of the next one.
    fn oldest(&self) -> u64 {
        self.newest.front().map_or_else(|| self.journal.last() + 1, |(number, _)| *number)
    }

    fn write(&mut self, event: &Event) -> u64 {
        let text = serde_json::to_string(event).map_err(std::io::Error::from);
        match text.and_then(|text| self.journal.append(event.time_nano, &text)) {
            Ok(number) => {
                self.is_troubled = false;
                number
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_troubled, true) {
                    tracing::error!(%error, "events are not written to disk");
                }
                self.journal.skip()
            }
        }
    }
}

/// Somebody who listens.
struct Listener {
    events: Events,
    request: EventsRequest,
    /// The number of the next event to look at.
    next: u64,
    /// Open while it reads from the disk.
    disk: Option<Reader>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.events.inner.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Listener {
    async fn run(mut self, client: &mpsc::Sender<Result<Event>>) {
        let mut news = self.events.inner.news.subscribe();
        loop {
            news.borrow_and_update();
            // What happened until then is behind us once nothing more is found.
            let now = clock::now();
            loop {
                let batch = match self.batch() {
                    Ok(batch) if batch.is_empty() => break,
                    Ok(batch) => batch,
                    Err(fault) => return drop(client.send(Err(fault)).await),
                };
                // Much may be read of which nothing is wanted.
                tokio::task::yield_now().await;
                for event in batch {
                    if self.wants(&event) && client.send(Ok(Arc::unwrap_or_clone(event))).await.is_err() {
                        return;
                    }
                }
            }
            let left = self.request.until.map(|until| until.saturating_sub(now));
            if left.is_some_and(|left| left <= 0) {
                return;
            }
            let left = left.and_then(|left| u64::try_from(left).ok()).map_or(Duration::MAX, Duration::from_nanos);
            tokio::select! {
                _ = news.changed() => {}
                () = client.closed() => return,
                // Later than any clock goes.
                () = tokio::time::sleep(left.min(Duration::from_secs(86_400))) => {}
            }
        }
    }

    fn wants(&self, event: &Event) -> bool {
        let EventsRequest { since, until, filters } = &self.request;
        since.is_none_or(|since| event.time_nano >= since)
            && until.is_none_or(|until| event.time_nano <= until)
            && matches(event, filters)
    }

    /// The next events, from memory where they are there.
    fn batch(&mut self) -> Result<Vec<Arc<Event>>> {
        let state = self.events.lock();
        let first = state.newest.front().map_or(state.journal.last() + 1, |(number, _)| *number);
        if self.next >= first {
            self.disk = None;
            let skip = usize::try_from(self.next - first).unwrap_or(usize::MAX);
            let batch: Vec<_> =
                state.newest.iter().skip(skip).take(BATCH).map(|(_, event)| Arc::clone(event)).collect();
            self.next += batch.len() as u64;
            return Ok(batch);
        }
        let folder = state.journal.folder().to_owned();
        drop(state);
        let next = self.next;
        let reader = self.disk.get_or_insert_with(|| Reader::from_number(&folder, next));
        let mut batch = Vec::new();
        while batch.len() < BATCH && self.next < first {
            match reader.step().step("read the events' journal")? {
                Some(Step::Record(record)) => batch.extend(serde_json::from_str(&record.text).ok().map(Arc::new)),
                Some(Step::Lost(count)) => tracing::warn!(count, "events are gone that somebody was too slow for"),
                None => break,
            }
            self.next = reader.next_number();
        }
        if batch.is_empty() {
            // Nothing of what is missing here will come any more.
            self.next = first;
            drop(self.disk.take());
            return self.batch();
        }
        Ok(batch)
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
    use tokio_stream::StreamExt as _;

    use super::*;

    fn filters(text: &str) -> Filters {
        Filters::parse(text).unwrap()
    }

    struct Room {
        folder: tempfile::TempDir,
    }

    impl Room {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn events(&self) -> Events {
            Events::open(self.folder.path()).unwrap()
        }
    }

    async fn collect(events: &Events, request: EventsRequest) -> Vec<String> {
        events.stream(request).unwrap().map(|event| event.unwrap().action).collect().await
    }

    fn past(text: &str) -> EventsRequest {
        EventsRequest { since: Some(1), until: Some(clock::now()), filters: filters(text) }
    }

    #[tokio::test]
    async fn the_past_is_read_back_and_ends_at_until() {
        let room = Room::new();
        let events = room.events();
        events.emit("container", "create", "abc", BTreeMap::from([("image".into(), "busybox:latest".into())]));
        events.emit("container", "start", "abc", BTreeMap::new());
        events.emit("network", "connect", "net", BTreeMap::new());
        assert_eq!(collect(&events, past("")).await, ["create", "start", "connect"]);
        assert_eq!(collect(&events, past(r#"{"type":["network"]}"#)).await, ["connect"]);
        assert_eq!(collect(&events, past(r#"{"container":["ab"],"event":["start"]}"#)).await, ["start"]);
        assert_eq!(collect(&events, past(r#"{"image":["busybox"]}"#)).await, ["create"]);
        assert!(events.stream(past(r#"{"nonsense":["x"]}"#)).is_err());
    }

    #[tokio::test]
    async fn what_an_earlier_daemon_noted_is_there_and_times_are_exact() {
        let room = Room::new();
        room.events().emit("container", "one", "a", BTreeMap::new());
        let events = room.events();
        let between = clock::now();
        std::thread::sleep(Duration::from_millis(1));
        events.emit("container", "two", "a", BTreeMap::new());
        assert_eq!(collect(&events, past("")).await, ["one", "two"]);
        let since = EventsRequest { since: Some(between), until: Some(clock::now()), filters: Filters::default() };
        assert_eq!(collect(&events, since).await, ["two"]);
        let until = EventsRequest { since: Some(1), until: Some(between), filters: Filters::default() };
        assert_eq!(collect(&events, until).await, ["one"]);
    }

    #[tokio::test]
    async fn nothing_falls_between_the_past_and_the_live_ones() {
        let room = Room::new();
        let events = room.events();
        events.emit("container", "one", "a", BTreeMap::new());
        let mut stream = events.stream(EventsRequest { since: Some(1), ..EventsRequest::default() }).unwrap();
        let mut only_new = events.stream(EventsRequest::default()).unwrap();
        events.emit("container", "two", "a", BTreeMap::new());
        assert_eq!(stream.next().await.unwrap().unwrap().action, "one");
        assert_eq!(stream.next().await.unwrap().unwrap().action, "two");
        assert_eq!(only_new.next().await.unwrap().unwrap().action, "two");
        assert_eq!(events.listeners(), 2);
        drop((stream, only_new));
        while events.listeners() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn who_is_slow_gets_everything_in_order_all_the_same() {
        let room = Room::new();
        let events = room.events();
        let mut slow = events.stream(EventsRequest::default()).unwrap();
        let count = 3 * KEPT;
        for n in 0..count {
            events.emit("image", &n.to_string(), "x", BTreeMap::new());
        }
        for n in 0..count {
            assert_eq!(slow.next().await.unwrap().unwrap().action, n.to_string());
        }
        assert!(events.lock().newest.len() <= KEPT, "and costs no memory");
    }

    #[tokio::test]
    async fn a_live_stream_ends_at_its_time() {
        let room = Room::new();
        let events = room.events();
        let until = clock::now() + 50_000_000;
        let stream = events.stream(EventsRequest { until: Some(until), ..EventsRequest::default() }).unwrap();
        events.emit("image", "seen", "x", BTreeMap::new());
        let seen: Vec<_> = stream.map(|event| event.unwrap().action).collect().await;
        assert_eq!(seen, ["seen"]);
        assert!(clock::now() >= until);
    }
}
