//! The use cases: the only place where images, networks and containers meet.
//!
//! [`Actions`] is the table of contents: every operation that the product offers is one method there, with a typed
//! request and reply. [`Engine`] carries them out.

#![forbid(unsafe_code)]

pub mod action;
mod blocks;
mod clock;
mod container;
mod dispatch;
mod exec;
mod filters;
mod image;
mod inner;
mod logging;
mod metrics;
mod network;
pub mod reply;
pub mod request;
mod selection;
mod settings;
mod shim;
mod store;
mod system;

use std::sync::Arc;

pub use action::Actions;
use fault::Result;
use inner::Inner;
pub use logging::check_default as check_default_logging;
pub use settings::{BUILT_IN, Defaults, Live, Settings};

/// The product's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What was built; the version of the source where the build names none.
pub const BUILD: &str = match option_env!("GANTRY_BUILD") {
    Some(build) => build,
    None => "source",
};

/// The name by which clients know how layers are stored.
const STORAGE_DRIVER: &str = "overlay2";

/// Go's name of this machine's architecture.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A handle on the engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl Engine {
    /// Opens the engine and takes over the containers of the daemon before.
    pub async fn open(settings: Settings) -> Result<Self> {
        Ok(Self { inner: Inner::open(settings).await? })
    }

    /// Whether containers outlive this engine.
    pub fn outlived(&self) -> bool {
        self.inner.live.load().live_restore
    }

    /// What the engine counts and measures of itself, in the text format of OpenMetrics 1.0.
    pub fn metrics(&self) -> String {
        metrics::metrics(&self.inner)
    }

    /// Takes other settings, for all that begins from now on.
    pub fn reload(&self, live: Live) {
        system::reload(&self.inner, live);
    }

    /// Writes down what is not yet on disk. Containers go on, unless they are to be stopped with the daemon.
    pub async fn close(&self) {
        if !self.inner.live.load().live_restore {
            container::stop_all(&self.inner).await;
            self.inner.forwarders.drain().await;
        }
        if let Err(fault) = self.inner.store.flush().await {
            tracing::error!(%fault, "the last changes were not written");
        }
    }
}
