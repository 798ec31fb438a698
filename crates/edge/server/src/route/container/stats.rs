//! `GET /containers/{id}/stats`: a line of JSON, or one every second.

use engine::request::ContainerStats;
use fault::Result;
use futures_util::StreamExt;

use crate::answer::progress::line;
use crate::answer::{self, Answer, JSON};
use crate::request::Call;

pub(in crate::route) async fn stats(call: Call) -> Result<Answer> {
    let request = ContainerStats {
        target: call.container()?,
        stream: call.query.flag_or("stream", true),
        one_shot: call.speaks(41) && call.query.flag("one-shot"),
    };
    let stats = call.engine.container_stats(request).await?;
    Ok(answer::stream(JSON, call.stopping(), stats.map(|stats| line(&stats?, "\n"))))
}
