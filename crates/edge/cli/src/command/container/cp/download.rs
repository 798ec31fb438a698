//! From a container.

use super::path::{followed, join, split};
use super::plan::{self, End};
use super::unpack::{Names, unpack};
use super::{Copy, local, request, stat};
use crate::exit::Exit;
use crate::session::Session;
use crate::stream::out::Stream;
use api::container::{PATH_STAT_HEADER, PathStat};
use base64::Engine;
use bytes::Bytes;
use client::{Body, Client, Query, Reader, Request};
use std::io::{self, Read};
use std::path::Path;
use tokio::sync::mpsc;

impl Copy {
    /// Copies `source` of a container to a local path, or as an archive to standard output.
    pub async fn download(
        &self,
        session: &Session,
        container: &str,
        source: &str,
        destination: &str,
    ) -> Result<(), Exit> {
        let destination = match destination {
            "-" => "-".into(),
            path => local::absolute(path).map_err(Exit::failure)?,
        };
        local::check_output(&destination).map_err(Exit::failure)?;
        let client = session.client().await?;
        let (source, name) = match self.follow {
            true => follow(client, container, source).await,
            false => (source.into(), None),
        };
        let body = client.send(request(Request::get, container, Query::new().set("path", &source))).await?;
        if destination == "-" {
            return print(body.reader()).await;
        }
        let is_directory = found(&body).ok_or_else(|| Exit::failure("the daemon does not tell what it sends"))?;
        let source = End { path: source, exists: true, is_directory, name };
        let bytes = save(body.reader(), &source, &destination).await?;
        self.report(bytes, &destination);
        Ok(())
    }
}

/// Where a link in a container leads, and its name where the archive will have another one.
async fn follow(client: &Client, container: &str, source: &str) -> (String, Option<String>) {
    match stat(client, container, source).await.filter(PathStat::is_symlink) {
        Some(link) => followed(source, &join(&split(source).0, &link.link_target)),
        None => (source.into(), None),
    }
}

/// Whether the archive is one of a directory.
fn found(body: &Body) -> Option<bool> {
    let text = base64::engine::general_purpose::STANDARD.decode(body.header(PATH_STAT_HEADER)?).ok()?;
    api::json::from_slice::<PathStat>(&text).ok().map(|stat| stat.is_directory())
}

async fn print(mut reader: Reader) -> Result<(), Exit> {
    while let Some(chunk) = reader.chunk().await? {
        Stream::Out.write(&chunk).await?;
    }
    Ok(())
}

/// Unpacks what arrives on another thread. Returns how many bytes arrived.
async fn save(mut reader: Reader, source: &End, destination: &str) -> Result<u64, Exit> {
    let end = local::destination(destination).map_err(Exit::failure)?;
    let plan = plan::decide(source, &end).map_err(Exit::failure)?;
    // The archive has the name that was asked for, which is not where a followed link leads.
    let top = split(&source.path).1;
    let name = plan.name.or_else(|| source.name.clone());
    let names = Names::new(&top, name);
    let (sender, receiver) = mpsc::channel::<Bytes>(4);
    let chunks = Chunks { receiver, rest: Bytes::new() };
    let worker = tokio::task::spawn_blocking(move || unpack(chunks, Path::new(&plan.directory), &names));
    let (mut bytes, mut sender) = (0, Some(sender));
    while let Some(chunk) = reader.chunk().await? {
        bytes += chunk.len() as u64;
        // It has all it needs, or has failed; what is left of the stream is only counted.
        if let Some(chunks) = &sender
            && chunks.send(chunk).await.is_err()
        {
            sender = None;
            if worker.is_finished() {
                break;
            }
        }
    }
    drop(sender);
    worker.await.map_err(Exit::failure)?.map_err(Exit::failure)?;
    Ok(bytes)
}

/// Chunks that another task sends, as a stream to read.
struct Chunks {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}
