//! Who the user is, what a registry asks to prove it, and how a token is had.

mod challenge;
mod config;
mod token;

pub use challenge::{Challenge, challenges};
pub use config::AuthConfig;
pub(crate) use config::Credentials;
pub(crate) use token::{TokenRequest, basic, bearer, fetch};
