//! The user's configuration under `~/.docker`: the file, contexts, credentials.

mod auth;
pub mod context;
mod endpoint;
mod file;
mod tls;

pub use auth::registry_auth;
use context::endpoint_of;
pub use endpoint::{Choice, Globals, context_name, resolve};
pub use file::ConfigFile;
pub use tls::TlsFlags;
