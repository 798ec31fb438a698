//! What all use cases share: the nouns, the containers, the paths.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use api::container::HostConfig;
use arc_swap::ArcSwap;
use container::record::Record;
use container::security::Security;
use fault::{Fault, Result, Step};
use image::Images;
use metastore::Catalogue;
use names::ContainerId;
use network::Networks;
use shim_proto::ExitRecord;

use crate::container::{Registry, Stored, recover};
use crate::exec::Execs;
use crate::filters::Filters;
use crate::logging::{Forwarders, pack_rotated};
use crate::metrics::Metrics;
use crate::settings::{Live, Settings};
use crate::store::Store;
use crate::system::Events;

/// The record of a container that is removed at its end, in its bundle.
pub const RUN_RECORD: &str = "record.json";

/// Loads the default profile, where the kernel confines by AppArmor; nothing where that cannot be.
async fn install_apparmor() -> Result<Option<&'static str>> {
    if !apparmor::is_enabled() {
        return Ok(None);
    }
    // Kernels have it switched on where nobody uses it, and a daemon in a container may load no profile: as with Docker,
    // that is no reason not to run.
    match crate::container::blocking(|| Ok(apparmor::install(apparmor::DEFAULT))).await? {
        Ok(()) => Ok(Some(apparmor::DEFAULT)),
        Err(error) => {
            tracing::warn!("containers are not confined by AppArmor: {error}");
            Ok(None)
        }
    }
}

/// The engine's insides.
#[derive(Debug)]
pub struct Inner {
    /// What it was told when it opened.
    pub settings: Settings,
    /// What it was told last.
    pub live: ArcSwap<Live>,
    /// What images are pulled with.
    pub registry: registry::Client,
    /// This engine's identity, for `info`.
    pub id: String,
    /// Writes containers down.
    pub store: Store,
    /// Images.
    pub images: Images,
    /// Networks.
    pub networks: Arc<Networks>,
    /// Containers.
    pub containers: Registry,
    /// Execs.
    pub execs: Execs,
    /// Compiled system call filters.
    pub filters: Filters,
    /// What happened.
    pub events: Events,
    pub(crate) metrics: Metrics,
    /// The daemon is ending, and its containers with it.
    pub is_stopping: AtomicBool,
    /// What brings logs to their receivers.
    pub(crate) forwarders: Forwarders,
    /// The sealed stage program.
    pub stage: OwnedFd,
    /// The AppArmor profile of containers that name none; none where the kernel does not confine by AppArmor.
    pub apparmor: Option<&'static str>,
}

impl Inner {
    /// Opens everything and takes the containers of earlier daemons over.
    pub async fn open(settings: Settings) -> Result<Arc<Self>> {
        make_roots(&settings)?;
        let catalogue = open_catalogue(&settings.data_root).await?;
        let stored = recover::stored(&catalogue, &settings.run_root)?;
        let live: std::collections::HashSet<String> =
            stored.iter().map(|stored| stored.record.id.to_string()).collect();
        let client = registry::Client::new(settings.live.registry.clone());
        let images = Images::open(&settings.data_root, catalogue.clone(), client.clone(), &|id| live.contains(id))?;
        let networks = Networks::open(settings.network.clone(), catalogue.clone())?;
        let stage = sys::memfd::sealed(settings.stage, c"gantry-stage").step("seal the stage program")?;
        write_init(&settings)?;
        let folder = settings.data_root.join("events");
        make_dir(&folder, 0o700)?;
        let events = Events::open(&folder)?;
        let inner = Arc::new(Self {
            id: identity(&settings.data_root)?,
            store: Store::open(catalogue)?,
            images,
            networks: Arc::new(networks),
            containers: Registry::default(),
            execs: Execs::default(),
            filters: Filters::open(&settings.run_root),
            events,
            metrics: Metrics::default(),
            is_stopping: AtomicBool::new(false),
            forwarders: Forwarders::default(),
            stage,
            apparmor: install_apparmor().await?,
            live: ArcSwap::from_pointee(settings.live.clone()),
            registry: client,
            settings,
        });
        recover::recover(&inner, stored).await;
        tokio::spawn(pack_rotated(Arc::clone(&inner)));
        Ok(inner)
    }

    /// The AppArmor profile that a container is under when it runs; empty where there is none.
    pub fn apparmor_profile(&self, host: &HostConfig) -> String {
        let chosen = Security::parse(host).ok().and_then(|security| security.apparmor);
        self.apparmor.map(|default| chosen.unwrap_or_else(|| default.to_owned())).unwrap_or_default()
    }

    /// The files of a container's present run.
    pub fn bundle(&self, id: impl AsRef<str>) -> PathBuf {
        self.settings.run_root.join("containers").join(id.as_ref())
    }

    /// The container's persistent files.
    pub fn container_dir(&self, id: &ContainerId) -> PathBuf {
        self.settings.data_root.join("containers").join(id.as_str())
    }

    /// Its exit record: where it outlives a power cut, but for a container that is removed at its end.
    pub fn exit_path(&self, record: &Record) -> PathBuf {
        let folder =
            if record.host_config.auto_remove { self.bundle(&record.id) } else { self.container_dir(&record.id) };
        folder.join(shim_proto::file::EXIT)
    }

    /// How its last run ended, where that is on record.
    pub fn exit_record(&self, record: &Record) -> Option<ExitRecord> {
        // The shim puts it into the bundle where its own place cannot be written.
        let second = self.bundle(&record.id).join(shim_proto::file::EXIT);
        let read = |path: &Path| serde_json::from_slice(&fs::read(path).ok()?).ok();
        read(&self.exit_path(record)).or_else(|| read(&second))
    }

    /// Writes the present state of a container down, without waiting for the disk.
    pub fn keep(&self, stored: &Stored) {
        if !stored.record.host_config.auto_remove {
            self.store.put_later(stored.clone());
        } else if let Err(fault) = self.keep_in_run_root(stored) {
            tracing::error!(container = %stored.record.id, %fault, "its record was not written");
        }
    }

    /// Writes a container down; on disk when this returns, unless it is removed at its end anyway.
    pub async fn keep_now(&self, stored: &Stored) -> Result<()> {
        if stored.record.host_config.auto_remove {
            self.keep_in_run_root(stored)
        } else {
            self.store.put(stored.clone()).await
        }
    }

    /// Writes the record of a container that is removed at its end.
    pub fn keep_in_run_root(&self, stored: &Stored) -> Result<()> {
        let bundle = self.bundle(&stored.record.id);
        make_dir(&bundle, 0o700)?;
        let bytes = serde_json::to_vec(stored).step("write the container's record")?;
        let (new, path) = (bundle.join("record.new"), bundle.join(RUN_RECORD));
        let file = fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(&new);
        file.and_then(|mut file| file.write_all(&bytes))
            .and_then(|()| fs::rename(&new, &path))
            .step(format_args!("write {}", path.display()))
    }

    /// Removes all of a container but its place in the registry. What has been removed stays so when this fails.
    pub async fn forget(self: &Arc<Self>, record: &Record) -> Result<()> {
        self.forwarders.finish(record.id.as_str()).await;
        if !record.host_config.auto_remove {
            self.store.remove(record.id.as_str()).await.step("remove the container's record")?;
        }
        let (engine, id) = (Arc::clone(self), record.id.clone());
        crate::container::blocking(move || {
            engine.images.remove_container_layer(&id)?;
            crate::container::orphans::remove_bundle(&engine.bundle(&id))
        })
        .await?;
        self.execs.forget(record.id.as_str());
        Ok(())
    }

    /// Bytes of the writable layer, and of all layers together.
    pub fn sizes(&self, record: &Record) -> (i64, i64) {
        let own = self.images.container_size(&record.id).unwrap_or(0);
        let image = self.images.get(record.image_id.as_str()).map_or(0, |image| image.size);
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        (signed(own), signed(own.saturating_add(image)))
    }
}

/// The roots and what the engine keeps in them. Nobody but root looks into them (CVE-2021-41091).
fn make_roots(settings: &Settings) -> Result<()> {
    make_dir(&settings.data_root, 0o710)?;
    close_to_others(&settings.data_root)?;
    make_dir(&settings.data_root.join("containers"), 0o710)?;
    make_dir(&settings.run_root, 0o711)?;
    make_dir(&settings.run_root.join("containers"), 0o700)
}

/// Takes others' rights to a folder that was there already, as a new file system's own or one made by hand.
fn close_to_others(path: &Path) -> Result<()> {
    let mode = fs::metadata(path).step(format_args!("look at {}", path.display()))?.permissions().mode();
    if mode & 0o007 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o770)).step(format_args!("close {}", path.display()))
}

pub(crate) fn make_dir(path: &Path, mode: u32) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path).step(format_args!("make {}", path.display()))
}

/// Only one daemon can have the catalogue open. The one before may be about to end.
async fn open_catalogue(data_root: &Path) -> Result<Catalogue> {
    Catalogue::open(&data_root.join("catalogue.redb"))
        .map_err(|error| Fault::system(format!("{}: is another daemon using this data root?", fault::chain(&error))))
}

/// The init program of `--init`, as a file that can be bound into containers.
fn write_init(settings: &Settings) -> Result<()> {
    let path = settings.run_root.join("init");
    let new = settings.run_root.join("init.new");
    let _ = fs::remove_file(&new);
    let file = fs::File::options().create_new(true).write(true).mode(0o555).open(&new);
    file.and_then(|mut file| file.write_all(settings.stage))
        .and_then(|()| fs::rename(&new, &path))
        .step("write the init program")
}

/// A random identity, kept with the data.
fn identity(data_root: &Path) -> Result<String> {
    let path = data_root.join("engine-id");
    if let Ok(id) = fs::read_to_string(&path) {
        return Ok(id.trim().to_owned());
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| Fault::system(format!("make an id: {error}")))?;
    let h = hex::encode(random);
    let id = format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..]);
    fs::write(&path, &id).step("write the engine's id")?;
    Ok(id)
}
