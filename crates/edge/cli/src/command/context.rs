//! Commands on contexts: named daemons of the user's, kept below `~/.docker/contexts`.

pub mod create;
mod endpoint;
pub mod export;
pub mod import;
pub mod inspect;
pub mod ls;
pub mod rm;
pub mod select;
pub mod show;
pub mod update;

use crate::config::context::{ContextError, Material, Meta, Store, material};
use crate::exit::Exit;
use crate::session::Session;

/// The name of the context that needs no file.
const DEFAULT: &str = "default";

/// What the list says about the default one.
const DEFAULT_DESCRIPTION: &str = "Current DOCKER_HOST based configuration";

impl From<ContextError> for Exit {
    fn from(error: ContextError) -> Exit {
        Exit::failure(error)
    }
}

fn store(session: &Session) -> Store {
    Store::of(&session.config().directory)
}

/// A context of the store, or the default one as flags and environment make it.
fn load(session: &Session, name: &str) -> Result<(Meta, Material), Exit> {
    if name == DEFAULT {
        let choice = session.default_choice()?;
        let certificates = choice.certificates.unwrap_or_default();
        let meta = Meta::new(DEFAULT, &choice.endpoint.to_string(), certificates.skip_verify);
        return Ok((meta, material(&certificates)));
    }
    let store = store(session);
    Ok((store.load(name)?, store.material(name)?))
}

/// Told where a context was chosen that `DOCKER_HOST` hides.
fn warn_of_host(what: &str) {
    if std::env::var("DOCKER_HOST").is_ok_and(|host| !host.is_empty()) {
        eprintln!(
            "Warning: DOCKER_HOST environment variable overrides the active context. To use {what}, either set the \
             global --context flag, or unset DOCKER_HOST environment variable."
        );
    }
}
