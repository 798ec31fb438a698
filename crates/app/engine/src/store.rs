//! Writes containers to the catalogue, many changes in one transaction.
//!
//! One thread owns the writing. Changes that arrive while a transaction is being synced share the next one, so that many
//! containers made at once cost few syncs. Changes are written in the order in which they were handed in.

use std::sync::mpsc;
use std::thread;

use fault::{Fault, Result, Step};
use metastore::{Catalogue, Table};
use tokio::sync::oneshot;

use crate::container::Stored;

/// Containers, by id. Those that are removed at their end are not here: their record is in their bundle.
pub const CONTAINERS: Table<Stored> = Table::new("containers");

struct Change {
    id: String,
    stored: Option<Stored>,
    done: Option<oneshot::Sender<Result<()>>>,
}

/// A handle on the writer; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    changes: mpsc::Sender<Change>,
}

impl Store {
    /// Starts the writer.
    pub fn open(catalogue: Catalogue) -> Result<Self> {
        let (changes, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("store".into())
            .spawn(move || run(&catalogue, &inbox))
            .step("start the store's thread")?;
        Ok(Self { changes })
    }

    /// Hands a change in without waiting for the disk.
    pub fn put_later(&self, stored: Stored) {
        let id = stored.record.id.to_string();
        let _ = self.changes.send(Change { id, stored: Some(stored), done: None });
    }

    /// Writes a container; on disk when this returns.
    pub async fn put(&self, stored: Stored) -> Result<()> {
        let id = stored.record.id.to_string();
        self.change(id, Some(stored)).await
    }

    /// Takes a container out; on disk when this returns.
    pub async fn remove(&self, id: &str) -> Result<()> {
        self.change(id.to_owned(), None).await
    }

    /// Returns when everything that was handed in before is on disk.
    pub async fn flush(&self) -> Result<()> {
        self.change(String::new(), None).await
    }

    async fn change(&self, id: String, stored: Option<Stored>) -> Result<()> {
        let (done, told) = oneshot::channel();
        let gone = |_| Fault::system("catalogue: its writer has ended");
        self.changes.send(Change { id, stored, done: Some(done) }).map_err(|_| gone(()))?;
        told.await.map_err(|_| gone(()))?
    }
}

fn run(catalogue: &Catalogue, inbox: &mpsc::Receiver<Change>) {
    while let Ok(first) = inbox.recv() {
        let mut batch = vec![first];
        batch.extend(inbox.try_iter());
        let outcome = write(catalogue, &batch);
        if let Err(error) = &outcome {
            tracing::error!(%error, changes = batch.len(), "containers were not written to the catalogue");
        }
        for done in batch.into_iter().filter_map(|change| change.done) {
            let told = outcome.as_ref().map_err(|error| Fault::system(error.to_string()));
            let _ = done.send(told.copied());
        }
    }
}

fn write(catalogue: &Catalogue, batch: &[Change]) -> Result<(), metastore::Error> {
    catalogue.write(|tables| {
        for change in batch {
            match &change.stored {
                Some(stored) => tables.put(&CONTAINERS, &change.id, stored)?,
                None => drop(tables.remove(&CONTAINERS, &change.id)?),
            }
        }
        Ok(())
    })
}
