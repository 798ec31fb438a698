//! `/containers/{id}/archive`: files out of a container and into it.

use api::container::{PATH_STAT_HEADER, PathStat};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::request::{ContainerExtract, ContainerPath};
use fault::{Fault, Result};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode};

use crate::answer::{self, Answer, TAR};
use crate::request::Call;

pub(in crate::route) async fn path_stat(call: Call) -> Result<Answer> {
    let stat = call.engine.container_stat(path(&call)?).await?;
    with_stat(answer::empty(StatusCode::OK), &stat)
}

pub(in crate::route) async fn archive(call: Call) -> Result<Answer> {
    let mut extract = call.engine.container_archive(path(&call)?).await?;
    // What fails before the first byte has a status of its own.
    let first = match extract.archive.next().await {
        Some(Err(fault)) => return Err(fault),
        first => first,
    };
    let archive = stream::iter(first).chain(extract.archive);
    with_stat(answer::stream(TAR, call.stopping(), archive), &extract.stat)
}

pub(in crate::route) async fn extract(call: Call) -> Result<Answer> {
    let engine = call.engine.clone();
    let request = ContainerExtract {
        into: path(&call)?,
        keeps_kinds: call.query.flag("noOverwriteDirNonDir"),
        to_user: call.query.flag("copyUIDGID"),
        body: call.into_body(),
    };
    engine.container_extract(request).await?;
    Ok(answer::empty(StatusCode::OK))
}

fn path(call: &Call) -> Result<ContainerPath> {
    let path = call.query.text("path").to_owned();
    if path.is_empty() {
        return Err(Fault::invalid("bad parameter: path cannot be empty"));
    }
    Ok(ContainerPath { target: call.container()?, path })
}

fn with_stat(mut answer: Answer, stat: &PathStat) -> Result<Answer> {
    let failed = |error: &dyn std::fmt::Display| Fault::system(format!("write the answer: {error}"));
    let json = serde_json::to_vec(stat).map_err(|error| failed(&error))?;
    let value = HeaderValue::from_str(&STANDARD.encode(json)).map_err(|error| failed(&error))?;
    answer.headers_mut().insert(PATH_STAT_HEADER, value);
    Ok(answer)
}
