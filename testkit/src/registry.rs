//! A registry in the test's own process, on loopback over plain HTTP, that lies on demand.
//!
//! It serves the blobs and manifests it is given, can demand basic or bearer authentication, notes every request, and
//! bends its answers by [`Rule`]s: wrong bytes, wrong lengths, cut or dripping connections, redirects, refusals. It has
//! threads of its own and needs no async runtime; it stops when it is dropped.
//!
//! ```
//! use testkit::registry::{Act, Registry, Rule, Target};
//!
//! let registry = Registry::start().unwrap();
//! let image = registry.add_image("app", "v1", &[b"layer".to_vec()]);
//! registry.add_rule(Rule::on(Target::Blob).times(1).act(Act::CutAfter(3)));
//! // … pull `registry.host()/app:v1`, then look at `registry.requests()`.
//! assert_eq!(image.layers.len(), 1);
//! ```

mod auth;
mod contents;
mod http;
mod respond;
mod rule;
mod server;

pub use auth::Auth;
pub use contents::{Image, digest_of};
pub use http::Request;
pub use rule::{Act, Rule, Target};
pub use server::Registry;
