//! The trash: what is in it is gone for everybody, and its space comes back in the background.
//!
//! A thread removes one tree after another and ends when there is none left. What cannot be removed, because something is
//! still mounted in it, stays for the next start or the next removal.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::{At, Error};
use crate::random;

/// The trash of one data root; clones are the same trash.
#[derive(Clone)]
pub struct Trash {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    state: Mutex<State>,
    idle: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<String>,
    is_running: bool,
    kept: usize,
}

impl Trash {
    /// Opens the trash at `path`, an existing directory, and starts to remove what is in it.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let left_over: Vec<_> = fs::read_dir(&path).at("read directory", &path)?.collect();
        let trash = Self { inner: Arc::new(Inner { path, state: Mutex::default(), idle: Condvar::new() }) };
        for entry in left_over {
            let name = entry.at("read directory", &trash.inner.path)?.file_name();
            // Every name in here was made here.
            if let Some(name) = name.to_str() {
                trash.remove_later(name.to_owned());
            }
        }
        Ok(trash)
    }

    /// Throws away `path`, a file or directory on the same file system. What is not there is gone already.
    pub fn take(&self, path: &Path) -> Result<(), Error> {
        let name = random::name(&self.inner.path)?;
        match fs::rename(path, self.inner.path.join(&name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            moved => moved.at("move to the trash", path)?,
        }
        self.remove_later(name);
        Ok(())
    }

    /// Waits till everything that can be removed is removed. Says how many trees could not be.
    pub fn wait(&self) -> usize {
        let state = self.inner.state();
        let idle = self.inner.idle.wait_while(state, |state| state.is_running);
        idle.unwrap_or_else(PoisonError::into_inner).kept
    }

    fn remove_later(&self, name: String) {
        let mut state = self.inner.state();
        state.waiting.push_back(name);
        if !state.is_running {
            state.is_running = true;
            let inner = Arc::clone(&self.inner);
            let started = thread::Builder::new().name("trash".into()).spawn(move || inner.run());
            // Without a thread it waits for the next call.
            state.is_running = started.is_ok();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut state = self.state();
            let Some(name) = state.waiting.pop_front() else {
                state.is_running = false;
                self.idle.notify_all();
                return;
            };
            drop(state);
            if self.remove(&name).is_err() {
                self.state().kept += 1;
            }
        }
    }

    fn remove(&self, name: &str) -> std::io::Result<()> {
        let directory = File::open(&self.path)?;
        Ok(sys::tree::remove(directory.as_fd(), name)?)
    }
}
