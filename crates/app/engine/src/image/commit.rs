//! Makes an image of a container: its image, and a layer of what it has changed.

use std::io::BufWriter;
use std::sync::Arc;

use api::container::ContainerConfig;
use archive::{Packer, TarWriter, pipe};
use container::lifecycle::{self, Verb};
use container::merge;
use container::record::Record;
use container::state::Phase;
use fault::{Fault, Result, Step};
use image::Derive;
use snapshot::{Change, Kind};

use super::changes;
use super::import::target;
use crate::container::{self as containers, Handle, How, compare};
use crate::inner::Inner;
use crate::request::ImageCommit;

/// Bytes that go from the packing thread to the unpacking one at once.
const BLOCK: usize = 256 << 10;
/// Blocks that may wait between them.
const DEPTH: usize = 4;

/// Makes the image; replies its id.
pub async fn commit(engine: &Arc<Inner>, request: ImageCommit) -> Result<String> {
    if request.container.is_empty() {
        return Err(Fault::invalid("invalid name or ID supplied: \"\""));
    }
    let target = target(request.repository.as_deref(), request.tag.as_deref())?;
    let handle = engine.containers.find(&request.container)?;
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Export)?;
    let derive = Derive {
        target,
        config: configuration(record, request.config, &request.changes)?,
        author: request.author,
        comment: request.comment,
        created_by: record.command().join(" "),
        container: record.id.to_string(),
    };
    // Its own task: a client that goes away does not leave the container frozen.
    let work = make(Arc::clone(engine), handle, request.pause, derive);
    tokio::spawn(work).await.map_err(|error| Fault::system(format!("commit: {error}")))?
}

fn tell(engine: &Inner, stored: &containers::Stored, id: &str, name: Option<String>, comment: String) {
    let mut attributes = stored.attributes();
    attributes.insert("comment".into(), comment);
    attributes.insert("imageID".into(), id.to_owned());
    attributes.insert("imageRef".into(), name.clone().unwrap_or_default());
    super::tell(engine, "create", id, id.to_owned());
    if let Some(name) = name {
        super::tell(engine, "tag", id, name);
    }
    engine.events.emit("container", "commit", stored.record.id.as_str(), attributes);
}

/// What the image's containers run: what the request says, the instructions on top, and below that what this one runs.
fn configuration(
    record: &Record,
    asked: Option<ContainerConfig>,
    instructions: &[String],
) -> Result<oci::image::ContainerConfig> {
    let own = &record.config;
    let asked = asked.unwrap_or_else(|| own.clone());
    let asked = changes::apply(convert(&asked)?, instructions)?;
    let merged = merge::with_image(convert(&asked)?, own);
    // What belongs to the one container is nothing for others.
    let merged = ContainerConfig {
        hostname: String::new(),
        domainname: String::new(),
        image: String::new(),
        labels: merged.labels.filter(|labels| !labels.is_empty()),
        mac_address: String::new(),
        ..merged
    };
    convert(&merged)
}

/// The API and images have the same keys.
fn convert<T: serde::de::DeserializeOwned>(config: &impl serde::Serialize) -> Result<T> {
    let value = serde_json::to_value(config).step("convert a configuration")?;
    serde_json::from_value(value).step("convert a configuration")
}

async fn make(engine: Arc<Inner>, handle: Handle, pause: bool, derive: Derive) -> Result<String> {
    let id = handle.view().stored.record.id.to_string();
    let paused = pause && handle.view().stored.state().phase == Phase::Running;
    // What has ended meanwhile stands still by itself.
    let paused = paused && containers::pause(&engine, &id).await.is_ok();
    let (name, comment) = (derive.target.as_ref().map(names::Reference::familiar), derive.comment.clone());
    let made = pack(&engine, &handle, derive).await;
    if let Ok(image) = &made {
        tell(&engine, &handle.view().stored, image, name, comment);
    }
    if paused && let Err(fault) = containers::unpause(&engine, &id).await {
        tracing::warn!(container = id, %fault, "it was not let go on after a commit");
    }
    made
}

async fn pack(engine: &Arc<Inner>, handle: &Handle, derive: Derive) -> Result<String> {
    let view = handle.view();
    let record = &view.stored.record;
    let (owner, id, base) = (Arc::clone(engine), record.id.clone(), record.image_id.clone());
    let changes = containers::blocking(move || compare(&owner, &id, &base)).await?;
    let (owner, base, watched) = (Arc::clone(engine), record.image_id.clone(), handle.clone());
    if changes.is_empty() {
        return containers::blocking(move || owner.images.derive(&base, None::<&[u8]>, derive))
            .await
            .map(|id| id.to_string());
    }
    let (writer, reader) = pipe(DEPTH);
    // Only the packing happens where the container's files are seen.
    let packing = containers::see(engine, handle, How::Bare, move |root| {
        write(root, &changes, &watched, Blocks(writer));
        Ok(())
    });
    let making = containers::blocking(move || owner.images.derive(&base, Some(reader), derive));
    let (packed, made) = tokio::join!(packing, making);
    packed?;
    made.map(|id| id.to_string())
}

/// Writes the layer; it is whole only where the container was there all the while.
fn write(root: std::os::fd::BorrowedFd<'_>, changes: &[Change], container: &Handle, blocks: Blocks) {
    let mut tar = TarWriter::new(BufWriter::with_capacity(BLOCK, blocks));
    let names = changes.iter().map(|change| (change.name.as_slice(), change.kind != Kind::Deleted));
    let packed = Packer::of_tree(root).pack_changes(names, &mut tar).and_then(|()| tar.finish());
    let blocks = match packed.map(BufWriter::into_inner) {
        Ok(Ok(blocks)) => blocks,
        // Dropping the pipe breaks it; an error on the way says why.
        Ok(Err(_)) => return,
        Err(error) => return tracing::warn!("commit: {}", fault::chain(&error)),
    };
    let view = container.view();
    if view.gone || matches!(view.stored.state().phase, Phase::Removing | Phase::Dead) {
        return blocks.0.fail(std::io::Error::other("the container was removed meanwhile"));
    }
    let _ = blocks.0.finish();
}

/// Writes into the pipe.
struct Blocks(archive::ChunkWriter<Vec<u8>>);

impl std::io::Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_keeps_what_the_container_runs_and_changes_what_is_asked() {
        let config = ContainerConfig {
            hostname: "abc".into(),
            image: "busybox".into(),
            env: Some(vec!["A=1".into()]),
            cmd: Some(vec!["sleep".to_owned()].into()),
            working_dir: "/tmp".into(),
            labels: Some([("x".to_owned(), "y".to_owned())].into()),
            ..ContainerConfig::default()
        };
        let record = Record {
            id: names::ContainerId::from_random([1; 32]),
            name: "web".into(),
            created_at: 0,
            image_id: names::Digest::sha256([0; 32]),
            config,
            host_config: api::container::HostConfig::default(),
            state: container::state::State::default(),
        };
        let instructions = ["CMD [\"true\"]".to_owned(), "ENV B=2".to_owned()];
        let made = configuration(&record, None, &instructions).unwrap();
        assert_eq!(made.cmd.unwrap(), ["true"]);
        assert_eq!(made.env.unwrap(), ["A=1", "B=2"]);
        assert_eq!((made.hostname.as_str(), made.image.as_str(), made.working_dir.as_str()), ("", "", "/tmp"));
        let asked = ContainerConfig { cmd: Some(vec!["x".to_owned()].into()), ..ContainerConfig::default() };
        let made = configuration(&record, Some(asked), &[]).unwrap();
        assert_eq!((made.cmd.unwrap(), made.env.unwrap()), (vec!["x".to_owned()], vec!["A=1".to_owned()]));
        assert!(configuration(&record, None, &["RUN x".to_owned()]).is_err());
    }
}
