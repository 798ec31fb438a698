//! All containers by id and by name, and the way to their owners.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use fault::{Fault, Result};
use tokio::sync::{mpsc, oneshot, watch};

use super::View;
use super::actor::Message;

/// A container, from outside: what is published of it, and the inbox of its owner.
#[derive(Clone, Debug)]
pub struct Handle {
    /// What is published.
    pub views: watch::Receiver<Arc<View>>,
    /// Held while its files are changed though it does not run, and while it is started.
    pub files: Arc<tokio::sync::Mutex<()>>,
    /// Where its owner takes requests.
    pub inbox: mpsc::Sender<Message>,
}

impl Handle {
    /// What is published now.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.views.borrow())
    }

    /// Asks the owner, and waits for its answer.
    pub async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<Result<T>>) -> Message) -> Result<T> {
        let (reply, told) = oneshot::channel();
        let gone = || Fault::not_found(format!("No such container: {}", self.view().stored.record.id));
        self.inbox.send(message(reply)).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

/// All containers. The locks are held for a look-up or an insertion, never while anything is waited for.
#[derive(Debug, Default)]
pub struct Registry {
    handles: RwLock<BTreeMap<String, Handle>>,
    names: Mutex<HashMap<String, String>>,
}

impl Registry {
    /// Takes a name for a container that is being made; refuses one that is taken.
    pub fn reserve(&self, name: &str, id: &str) -> Result<()> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get(name) {
            Some(owner) => Err(Fault::conflict(format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or rename) that container to be able to reuse that name."
            ))),
            None => {
                names.insert(name.to_owned(), id.to_owned());
                Ok(())
            }
        }
    }

    /// Gives a name back.
    pub fn release(&self, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Adds a container whose name is reserved.
    pub fn insert(&self, id: String, handle: Handle) {
        self.handles.write().unwrap_or_else(PoisonError::into_inner).insert(id, handle);
    }

    /// Takes a container out, and its name.
    pub fn remove(&self, id: &str, name: &str) {
        self.handles.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.release(name);
    }

    /// All containers, in the order of their ids.
    pub fn all(&self) -> Vec<Handle> {
        self.handles.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Finds one by its full id, its name (with or without a slash), or the beginning of its id.
    pub fn find(&self, target: &str) -> Result<Handle> {
        let handles = self.handles.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handles.get(target) {
            return Ok(handle.clone());
        }
        let name = target.strip_prefix('/').unwrap_or(target);
        let named = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(handle) = named.and_then(|id| handles.get(&id)) {
            return Ok(handle.clone());
        }
        by_prefix(&handles, target)
    }
}

fn by_prefix(handles: &BTreeMap<String, Handle>, prefix: &str) -> Result<Handle> {
    let mut found =
        handles.range(prefix.to_owned()..).take_while(|(id, _)| id.starts_with(prefix)).map(|(_, handle)| handle);
    match (found.next().filter(|_| !prefix.is_empty()), found.next()) {
        (Some(handle), None) => Ok(handle.clone()),
        (Some(_), Some(_)) => Err(Fault::invalid(format!("Multiple IDs found with provided prefix: {prefix}"))),
        (None, _) => Err(Fault::not_found(format!("No such container: {prefix}"))),
    }
}
