//! What a daemon says about itself in the headers of `/_ping`.

use api::version::ApiVersion;
use http::HeaderMap;

/// The headers of `/_ping`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// The newest API version the daemon speaks.
    pub api_version: Option<ApiVersion>,
    /// `linux` or `windows`.
    pub os: String,
    /// Whether experimental features are on.
    pub experimental: bool,
    /// The node's part in a swarm: `inactive`, `active/manager` …; empty from daemons that do not tell.
    pub swarm: String,
    /// The preferred builder: `1` classic, `2` BuildKit.
    pub builder: String,
}

impl Ping {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Ping {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_string();
        Ping {
            api_version: text("api-version").parse().ok(),
            os: text("ostype"),
            experimental: text("docker-experimental") == "true",
            swarm: text("swarm"),
            builder: text("builder-version"),
        }
    }
}
