//! What the tests of this crate share: a data root, archives, and a registry that serves them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use archive::{Entry, Kind, TarWriter};
use fault::Result;
use metastore::Catalogue;
use names::{ContainerId, Reference};
use registry::{Client, Settings};

use crate::{Event, Image, Images, Progress, Status};

/// A data root with its images.
pub struct Home {
    pub directory: tempfile::TempDir,
    images: Option<Images>,
}

impl Home {
    pub fn new() -> Self {
        let mut home = Self { directory: tempfile::tempdir().unwrap(), images: None };
        home.reopen(&|_| true);
        home
    }

    /// Closes the images and opens them again, as a new process would.
    pub fn reopen(&mut self, live: &dyn Fn(&str) -> bool) {
        self.images = None;
        self.images = Some(open(self.path(), live).unwrap());
        self.images().shared.layers.trash().wait();
    }

    /// Closes the images, so that another process can open them.
    pub fn close(&mut self) {
        self.images = None;
    }

    pub fn images(&self) -> &Images {
        self.images.as_ref().unwrap()
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Pulls and gives the events.
    pub fn pull(&self, reference: &str) -> (Result<Arc<Image>>, Vec<Event>) {
        let (progress, events) = recorder();
        let reference: Reference = reference.parse().unwrap();
        let pulled = runtime().block_on(self.images().pull(&reference, None, None, progress));
        let image = pulled.map(|id| self.images().get(id.as_str()).unwrap());
        let events = events.lock().unwrap().clone();
        (image, events)
    }

    /// Everything below the data root but the catalogue, when the trash is empty.
    pub fn files(&self) -> Vec<String> {
        self.images().shared.layers.trash().wait();
        let mut found = Vec::new();
        walk(self.path(), self.path(), &mut found);
        found.retain(|path| path != "catalogue.redb");
        found.sort();
        found
    }
}

pub fn open(path: &Path, live: &dyn Fn(&str) -> bool) -> Result<Images> {
    let catalogue = Catalogue::open(&path.join("catalogue.redb")).unwrap();
    Images::open(path, catalogue, Client::new(Settings::standard("test")), live)
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn recorder() -> (Progress, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    (Progress::new(move |event| sink.lock().unwrap().push(event)), events)
}

/// The words of the events about one layer, amounts left out.
pub fn words(events: &[Event], id: &str) -> Vec<String> {
    let mut words: Vec<String> =
        events.iter().filter(|event| event.id == id).map(|event| event.status.to_string()).collect();
    words.dedup();
    words
}

pub fn has(events: &[Event], status: &Status) -> bool {
    events.iter().any(|event| event.status == *status)
}

/// A plain layer with files, each with a text.
pub fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new());
    for (path, text) in files {
        tar.append(&entry(path, text.len()), text.as_bytes()).unwrap();
    }
    tar.finish().unwrap()
}

pub fn entry(path: &str, size: usize) -> Entry {
    Entry {
        path: path.into(),
        link: Vec::new(),
        kind: Kind::File,
        size: size as u64,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 1_000_000_000,
        mtime_nanoseconds: 0,
        xattrs: Vec::new(),
    }
}

pub fn container(number: u8) -> ContainerId {
    ContainerId::from_random([number; 32])
}

fn walk(root: &Path, directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.symlink_metadata().unwrap().is_dir() {
            walk(root, &path, found);
        } else {
            found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
        }
    }
}
