//! Clears up runs that no record names: a daemon was killed while it removed them.
//!
//! What is below the run root is found by name, so whatever step the removal had come to, it is finished here. A shim
//! that still serves there is told to end its container first.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use fault::{Result, Step};
use shim_proto::Request;

use super::blocking;
use crate::inner::Inner;
use crate::shim::Shim;

const SIGKILL: i32 = 9;
/// How long a shim may take to end its container.
const DEATH: Duration = Duration::from_secs(10);
/// How often, and how far apart, a bundle is tried again in which a shim that is ending still writes.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Removes, in the background, the bundles of containers that are not among `known`. Must be called before containers
/// are made.
pub fn sweep(engine: &Arc<Inner>, known: &HashSet<String>) {
    let folder = engine.settings.run_root.join("containers");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !known.contains(entry.file_name().to_string_lossy().as_ref()) {
            tokio::spawn(clear(entry.path()));
        }
    }
}

async fn clear(bundle: PathBuf) {
    end(&bundle).await;
    let path = bundle.clone();
    match blocking(move || remove_bundle(&path)).await {
        Ok(()) => tracing::info!(bundle = %bundle.display(), "removed a run that no record names"),
        Err(fault) => tracing::error!(bundle = %bundle.display(), %fault, "a run that no record names was not removed"),
    }
}

/// Kills the container of a shim that serves in the bundle. Mostly there is none.
async fn end(bundle: &Path) {
    let shim = Shim::new(bundle.to_owned());
    if shim.ask(&Request::Signal { exec: None, signal: SIGKILL }).await.is_ok() {
        let _ = tokio::time::timeout(DEATH, shim.wait(None)).await;
    }
}

/// Removes a bundle, in which a shim that is ending may still write. Blocks.
pub fn remove_bundle(bundle: &Path) -> Result<()> {
    for _ in 1..TRIES {
        match fs::remove_dir_all(bundle) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => thread::sleep(PAUSE),
            outcome => return removed(outcome, bundle),
        }
    }
    removed(fs::remove_dir_all(bundle), bundle)
}

fn removed(outcome: std::io::Result<()>, bundle: &Path) -> Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome.step(format_args!("remove {}", bundle.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_goes_with_all_that_is_in_it_and_once_gone_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("x");
        fs::create_dir(&bundle).unwrap();
        fs::write(bundle.join("state.json"), "{}").unwrap();
        remove_bundle(&bundle).unwrap();
        assert!(!bundle.exists());
        remove_bundle(&bundle).unwrap();
    }

    #[tokio::test]
    async fn a_bundle_without_a_shim_is_cleared_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("x");
        fs::create_dir(&bundle).unwrap();
        clear(bundle.clone()).await;
        assert!(!bundle.exists());
    }
}
