//! The engine's version and that of its parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::system::{Component, Platform, Version};

use crate::inner::Inner;

/// The engine's version.
pub fn version(_engine: &Arc<Inner>) -> Version {
    let system = rustix::system::uname();
    let kernel = system.release().to_string_lossy().into_owned();
    let details = [
        ("ApiVersion", api::version::NEWEST.to_string()),
        ("Arch", crate::architecture().to_owned()),
        ("Experimental", "false".to_owned()),
        ("GitCommit", crate::BUILD.to_owned()),
        ("KernelVersion", kernel.clone()),
        ("MinAPIVersion", api::version::OLDEST.to_string()),
        ("Os", "linux".to_owned()),
    ];
    let details: BTreeMap<String, String> = details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Version {
        platform: Platform { name: "Gantry".into() },
        components: vec![Component { name: "Engine".into(), version: crate::VERSION.into(), details }],
        version: crate::VERSION.into(),
        api_version: api::version::NEWEST.to_string(),
        min_api_version: api::version::OLDEST.to_string(),
        git_commit: crate::BUILD.into(),
        // Clients print it; there is no Go here, and an empty line would look like a fault.
        go_version: "none (Rust)".into(),
        os: "linux".into(),
        arch: crate::architecture().into(),
        kernel_version: kernel,
        experimental: false,
        build_time: String::new(),
    }
}
