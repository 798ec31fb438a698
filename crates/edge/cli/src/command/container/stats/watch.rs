//! The containers that are watched: a task for each, and one for the events that add and remove them.

use super::sample::Sample;
use crate::command::container::each::{check, path, summed};
use crate::command::container::ls::short_id;
use crate::exit::Exit;
use crate::format::Value;
use crate::session::Session;
use api::container::{ContainerSummary, StatsResponse};
use api::events::Event;
use client::{JsonStream, Query, Request};
use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// After this long without a sample the numbers are not shown any more.
const STALE: Duration = Duration::from_secs(2);
/// A single sample takes the daemon up to two seconds; one that takes much longer, or a daemon that does not answer at
/// all, is not waited for.
const SINGLE: Duration = Duration::from_secs(20);

/// One container.
pub struct Entry {
    container: String,
    sample: Sample,
    /// Why its statistics cannot be had.
    failure: Option<String>,
    /// Its first sample, or failure, is there.
    is_known: bool,
    task: Option<AbortHandle>,
}

impl Entry {
    /// The row of this container.
    pub fn row(&self, truncate: bool) -> Value {
        self.sample.row(&self.container, truncate)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// All containers that are watched, in the order in which they came.
#[derive(Clone)]
pub struct Watch(Rc<Shared>);

struct Shared {
    session: Rc<Session>,
    live: bool,
    entries: RefCell<Vec<Entry>>,
    changed: Notify,
    /// The daemon ended the stream of events.
    has_ended: Cell<bool>,
}

impl Watch {
    /// Nothing is watched yet. When not `live`, each container has one sample.
    pub fn new(session: Rc<Session>, live: bool) -> Watch {
        let entries = RefCell::default();
        Watch(Rc::new(Shared { session, live, entries, changed: Notify::new(), has_ended: Cell::new(false) }))
    }

    /// The containers now.
    pub fn entries(&self) -> Ref<'_, Vec<Entry>> {
        self.0.entries.borrow()
    }

    /// Whether nothing can come any more.
    pub fn has_ended(&self) -> bool {
        self.0.has_ended.get()
    }

    /// Watches these containers, and returns when something is known of each. Fails where one cannot be watched.
    pub async fn name(&self, names: &[String]) -> Result<(), Exit> {
        names.iter().try_for_each(|name| check(name))?;
        self.0.session.client().await?;
        names.iter().for_each(|name| self.add(name));
        self.all_known().await;
        let failures: Vec<String> = self.entries().iter().filter_map(|entry| entry.failure.clone()).collect();
        summed(failures)
    }

    /// Watches all containers, or those that run, and those that come; returns when something is known of the first.
    pub async fn follow(&self, all: bool) -> Result<(), Exit> {
        let client = self.0.session.client().await?;
        if self.0.live {
            // Asked for before the list, so that no container falls between the two.
            let query = Query::new().set("filters", r#"{"type":{"container":true}}"#);
            let events = client.send(Request::get("/events").query(query)).await?.json_stream();
            tokio::task::spawn_local(self.clone().listen(events, all));
        }
        let request = Request::get("/containers/json").query(Query::new().flag("all", all));
        let list: Vec<ContainerSummary> = client.send(request).await?.json().await?;
        list.iter().for_each(|container| self.add(short_id(&container.id)));
        self.all_known().await;
        Ok(())
    }

    async fn listen(self, mut events: JsonStream, all: bool) {
        while let Ok(Some(event)) = events.next::<Event>().await {
            match decide(&event, all) {
                Some(Change::Add) => self.add(short_id(&event.actor.id)),
                Some(Change::Remove) => self.remove(short_id(&event.actor.id)),
                None => {}
            }
        }
        self.0.has_ended.set(true);
    }

    fn add(&self, container: &str) {
        let mut entries = self.0.entries.borrow_mut();
        if entries.iter().any(|entry| entry.container == container) {
            return;
        }
        let task = tokio::task::spawn_local(self.clone().collect(container.to_string())).abort_handle();
        entries.push(Entry {
            container: container.into(),
            sample: Sample::unknown(),
            failure: None,
            is_known: false,
            task: Some(task),
        });
    }

    fn remove(&self, container: &str) {
        self.0.entries.borrow_mut().retain(|entry| entry.container != container);
        self.0.changed.notify_one();
    }

    async fn all_known(&self) {
        while self.entries().iter().any(|entry| !entry.is_known) {
            self.0.changed.notified().await;
        }
    }

    /// Changes one entry, of which something is known then.
    fn update(&self, container: &str, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.0.entries.borrow_mut().iter_mut().find(|entry| entry.container == container) {
            change(entry);
            entry.is_known = true;
        }
        self.0.changed.notify_one();
    }

    /// Reads the statistics of one container to their end.
    async fn collect(self, container: String) {
        let failed = |entry: &mut Entry, error: client::Error| {
            entry.sample.lose();
            entry.failure = Some(error.to_string());
        };
        let mut stream = match tokio::time::timeout(SINGLE, self.open(&container)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return self.update(&container, |entry| failed(entry, error)),
            Err(_) => return self.update(&container, |entry| entry.sample.lose()),
        };
        let patience = if self.0.live { STALE } else { SINGLE };
        loop {
            match tokio::time::timeout(patience, stream.next::<StatsResponse>()).await {
                Ok(Ok(Some(stats))) => {
                    self.update(&container, |entry| entry.sample = Sample::read(&stats));
                    if !self.0.live {
                        return;
                    }
                }
                Ok(Ok(None)) => return self.update(&container, |entry| entry.sample.lose()),
                Ok(Err(error)) => return self.update(&container, |entry| failed(entry, error)),
                Err(_) => self.update(&container, |entry| entry.sample.lose()),
            }
            if !self.0.live {
                return;
            }
        }
    }

    async fn open(&self, container: &str) -> Result<JsonStream, client::Error> {
        let client = self.0.session.unconnected().map_err(|exit| std::io::Error::other(exit.message))?;
        let query = Query::new().set("stream", if self.0.live { "1" } else { "0" });
        Ok(client.send(Request::get(path(container, "/stats")).query(query)).await?.json_stream())
    }
}

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Add,
    Remove,
}

fn decide(event: &Event, all: bool) -> Option<Change> {
    match event.action.as_str() {
        "start" => Some(Change::Add),
        "create" if all => Some(Change::Add),
        "die" if !all => Some(Change::Remove),
        "destroy" => Some(Change::Remove),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_add_and_remove() {
        let change = |action: &str, all| decide(&Event { action: action.into(), ..Event::default() }, all);
        assert_eq!([change("start", false), change("start", true)], [Some(Change::Add); 2]);
        assert_eq!([change("create", false), change("create", true)], [None, Some(Change::Add)]);
        assert_eq!([change("die", false), change("die", true)], [Some(Change::Remove), None]);
        assert_eq!([change("destroy", true), change("exec_start: sh", false)], [Some(Change::Remove), None]);
    }
}
