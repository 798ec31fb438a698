//! `POST /images/load`.

use engine::request::ImageLoad;
use fault::Result;

use crate::answer::{Answer, progress};
use crate::request::Call;

pub(in crate::route) async fn load(call: Call) -> Result<Answer> {
    let quiet = call.query.flag_or("quiet", true);
    let platforms = if call.speaks(48) { call.query.all("platform") } else { Vec::new() };
    let (engine, stopping) = (call.engine.clone(), call.stopping());
    let request = ImageLoad { quiet, platforms, body: call.into_body() };
    progress::answer(stopping, engine.image_load(request).await?).await
}
