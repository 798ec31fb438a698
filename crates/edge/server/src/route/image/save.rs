//! `GET /images/get` and `GET /images/{name}/get`: an archive.

use engine::request::ImageSave;
use fault::{Fault, Result};
use futures_util::{StreamExt, stream};

use crate::answer::{self, Answer, TAR};
use crate::request::Call;

pub(in crate::route) async fn save(call: Call) -> Result<Answer> {
    let names = names(&call)?;
    let platforms = if call.speaks(48) { call.query.all("platform") } else { Vec::new() };
    let mut archive = call.engine.image_save(ImageSave { names, platforms }).await?;
    // What fails before the first byte has a status of its own.
    let first = match archive.next().await {
        Some(Err(fault)) => return Err(fault),
        first => first,
    };
    Ok(answer::stream(TAR, call.stopping(), stream::iter(first).chain(archive)))
}

/// The name in the path, else those behind `names`.
fn names(call: &Call) -> Result<Vec<String>> {
    if call.has_image() {
        return Ok(vec![call.image()?]);
    }
    let names = call.query.all("names");
    if names.is_empty() { Err(Fault::invalid("no image names are given")) } else { Ok(names) }
}
