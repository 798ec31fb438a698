//! Debian's docker-registry on the loopback device of an engine's network namespace.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::engine::Engine;

/// Its address there.
pub const ADDRESS: &str = "127.0.0.1:5000";

/// A registry that runs until this is dropped. It is in none of the engine's control groups.
#[derive(Debug)]
pub struct Registry {
    server: Child,
}

impl Registry {
    /// Serves what is in `folder`.
    pub fn start(engine: &Engine, folder: &Path) -> Result<Self> {
        let config = folder.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{ADDRESS}\"}}\n",
            folder.join("content").display()
        );
        fs::write(&config, text).with_context(|| format!("write {}", config.display()))?;
        let mut serve = engine.in_network(&["docker-registry", "serve"]);
        let server = serve.arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let registry = Self { server: server.context("start docker-registry")? };
        registry.wait_until_ready(engine)?;
        Ok(registry)
    }

    fn wait_until_ready(&self, engine: &Engine) -> Result<()> {
        let begun = Instant::now();
        let url = format!("http://{ADDRESS}/v2/");
        while !engine.in_network(&["curl", "-sf", &url]).output()?.status.success() {
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("docker-registry does not answer");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
