//! The user's configuration under `~/.docker`: the file, contexts, credentials.

mod auth;
mod context;
mod endpoint;
mod file;
mod tls;

pub use auth::registry_auth;
pub use context::endpoint_of;
pub use endpoint::{Choice, Globals, resolve};
pub use file::ConfigFile;
pub use tls::TlsFlags;
