//! A real registry: Debian's `docker-registry` with a configuration of its own, on a host's loopback.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::{Host, Image, Job, eventually};

const ADDRESS: &str = "127.0.0.1:5000";

/// The running registry. It stops, and forgets, when it is dropped.
pub struct Distributor {
    host: Arc<Host>,
    _server: Job,
    _storage: TempDir,
}

impl Distributor {
    /// Starts one; a host has room for one only.
    pub fn start(host: &Arc<Host>) -> Self {
        let storage = tempfile::tempdir().expect("make a folder for the registry");
        let config = storage.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: \"{ADDRESS}\", secret: none}}\n",
            storage.path().join("content").display()
        );
        fs::write(&config, text).expect("write the registry's configuration");
        let mut command = host.command("docker-registry");
        command.arg("serve").arg(&config).env("OTEL_TRACES_EXPORTER", "none");
        let server = Job::spawn(command);
        let ping = format!("http://{ADDRESS}/v2/");
        eventually("the registry's first answer (Debian: docker-registry, curl)", || {
            (host.run(&["curl", "--fail", "--silent", "--noproxy", "*", &ping]).code == 0).then_some(())
        });
        Self { host: Arc::clone(host), _server: server, _storage: storage }
    }

    /// The name by which clients ask for something in it, as `app:1`.
    pub fn name(&self, what: &str) -> String {
        format!("{ADDRESS}/{what}")
    }

    /// Pushes an image with skopeo; gives its full name.
    pub fn push(&self, image: &Image, what: &str) -> String {
        self.push_with(image.path(), what, &[])
    }

    /// Pushes the layout in a folder with skopeo and more of its options; gives its full name.
    pub fn push_with(&self, layout: &Path, what: &str, options: &[&str]) -> String {
        let from = format!("oci:{}:latest", layout.display());
        let to = format!("docker://{}", self.name(what));
        let words = ["skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"];
        let words: Vec<&str> = words.into_iter().chain(options.iter().copied()).chain([from.as_str(), &to]).collect();
        self.host.ok(&words);
        self.name(what)
    }
}
