//! Fetches an image from a registry, or from this binary.

use std::sync::Arc;

use api::auth::AuthConfig;
use fault::{Fault, Result};
use image::Progress;
use names::{Platform, Reference};

use super::embedded;
use super::progress::Lines;
use crate::action;
use crate::container::blocking;
use crate::inner::Inner;
use crate::request::ImagePull;

/// Begins to fetch; the stream tells how it goes on. A client that goes away cancels it.
pub async fn pull(engine: &Arc<Inner>, request: ImagePull) -> Result<action::Progress> {
    let reference = reference(&request)?;
    let platform = request.platform.as_deref().filter(|text| !text.is_empty()).map(str::parse::<Platform>).transpose();
    let platform = platform.map_err(|error| Fault::invalid(error.to_string()))?;
    let auth = request.auth.as_ref().map(credentials);
    let (lines, stream) = Lines::new();
    let engine = Arc::clone(engine);
    tokio::spawn(async move {
        let work = run(&engine, &reference, platform.as_ref(), auth.as_ref(), lines.sink());
        tokio::select! {
            outcome = work => if let Err(fault) = outcome { lines.fail(fault) },
            () = lines.closed() => tracing::info!(image = reference.familiar(), "the pull was cancelled by its client"),
        }
    });
    Ok(stream)
}

fn reference(request: &ImagePull) -> Result<Reference> {
    let invalid = |error: names::ReferenceError| Fault::invalid(error.to_string());
    let reference: Reference = request.from_image.parse().map_err(invalid)?;
    match request.tag.as_deref().filter(|tag| !tag.is_empty()) {
        // Older clients say `tag=sha256:…`.
        Some(digest) if digest.contains(':') => {
            Ok(reference.with_digest(digest.parse().map_err(|_| Fault::invalid("invalid reference format"))?))
        }
        Some(tag) => reference.with_tag(tag).map_err(invalid),
        None if reference.is_name_only() => {
            Err(Fault::not_implemented("pulling all tags of a repository is not implemented yet"))
        }
        None => Ok(reference),
    }
}

fn credentials(auth: &AuthConfig) -> registry::AuthConfig {
    registry::AuthConfig {
        username: auth.username.clone(),
        password: auth.password.clone(),
        auth: auth.auth.clone(),
        identitytoken: auth.identity_token.clone(),
        registrytoken: auth.registry_token.clone(),
        serveraddress: auth.server_address.clone(),
    }
}

async fn run(
    engine: &Arc<Inner>,
    reference: &Reference,
    platform: Option<&Platform>,
    auth: Option<&registry::AuthConfig>,
    progress: Progress,
) -> Result<()> {
    if is_embedded(reference) {
        return load_embedded(engine, progress).await;
    }
    engine.images.pull(reference, platform, auth, progress).await?;
    let labels = super::labels(engine, &reference.familiar());
    let attributes = super::attributes(labels, reference.familiar_name());
    engine.events.emit("image", "pull", &reference.familiar(), attributes);
    Ok(())
}

fn is_embedded(reference: &Reference) -> bool {
    reference.familiar_name() == embedded::NAME
        && reference.digest().is_none()
        && matches!(reference.tag(), None | Some("latest"))
}

/// The image inside this binary needs no registry.
async fn load_embedded(engine: &Arc<Inner>, progress: Progress) -> Result<()> {
    let owner = Arc::clone(engine);
    blocking(move || {
        let archive = embedded::archive(owner.settings.stage)
            .map_err(|error| Fault::system(format!("make the embedded image: {error}")))?;
        owner.images.load(archive.as_slice(), &progress)
    })
    .await
    .map(drop)
}
