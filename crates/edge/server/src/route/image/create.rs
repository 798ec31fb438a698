//! `POST /images/create`: a pull where `fromImage` is given, else an import.

use engine::request::{ImageImport, ImagePull};
use fault::{Fault, Result};

use crate::answer::{Answer, progress};
use crate::request::Call;

pub(in crate::route) async fn create(call: Call) -> Result<Answer> {
    match call.query.given("fromImage") {
        Some(from_image) => pull(call, from_image).await,
        None => import(call).await,
    }
}

async fn pull(call: Call, from_image: String) -> Result<Answer> {
    let request =
        ImagePull { from_image, tag: call.query.given("tag"), platform: platform(&call), auth: call.registry_auth() };
    let messages = call.engine.image_pull(request).await?;
    progress::answer(call.stopping(), messages).await
}

async fn import(call: Call) -> Result<Answer> {
    let query = &call.query;
    let from_src = query.given("fromSrc").ok_or_else(|| Fault::invalid("either fromImage or fromSrc must be given"))?;
    let (repository, tag, message) = (query.given("repo"), query.given("tag"), query.given("message"));
    let (changes, platform) = (query.all("changes"), platform(&call));
    let (engine, stopping) = (call.engine.clone(), call.stopping());
    let body = call.into_body();
    let request = ImageImport { from_src, repository, tag, message, changes, platform, body };
    progress::answer(stopping, engine.image_import(request).await?).await
}

fn platform(call: &Call) -> Option<String> {
    if call.speaks(32) { call.query.given("platform") } else { None }
}
