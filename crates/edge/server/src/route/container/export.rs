//! `GET /containers/{id}/export`: an archive.

use fault::Result;
use futures_util::{StreamExt, stream};

use crate::answer::{self, Answer};
use crate::request::Call;

pub(in crate::route) async fn export(call: Call) -> Result<Answer> {
    let mut archive = call.engine.container_export(call.container()?).await?;
    // What fails before the first byte has a status of its own.
    let first = match archive.next().await {
        Some(Err(fault)) => return Err(fault),
        first => first,
    };
    Ok(answer::stream("application/octet-stream", call.stopping(), stream::iter(first).chain(archive)))
}
