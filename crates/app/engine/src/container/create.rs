//! Makes a container: checks everything that can be known now, so that a start rarely fails.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use api::container::{ContainerConfig, CreateResponse, HostConfig};
use container::merge;
use container::random_name::random_name;
use container::record::Record;
use container::state::State;
use fault::{Fault, Kind, Result, Step};
use names::{ContainerId, ContainerName, Platform};

use super::Stored;
use super::actor;
use super::check::check;
use super::join;
use super::start::blocking;
use crate::clock;
use crate::inner::Inner;
use crate::request::ContainerCreate;

/// Attempts at a free random name.
const ATTEMPTS: u32 = 8;

/// Makes a container of an image that is here. A missing image is [`Kind::NotFound`], at which clients pull it.
pub async fn create(engine: &Arc<Inner>, request: ContainerCreate) -> Result<CreateResponse> {
    let body = request.body;
    if body.config.image.is_empty() {
        return Err(Fault::invalid(imageless(&body.config)));
    }
    let image = engine.images.get(&body.config.image)?;
    let mut host = body.host_config.unwrap_or_default();
    join::check_network(engine, &body.config, &mut host)?;
    check_platform(&image, &body.config.image, request.platform.as_deref().unwrap_or_default())?;
    join::check_pids(engine, &mut host)?;
    let mut config = merge::with_image(body.config, &crate::image::runtime_config(&image)?);
    config.labels.get_or_insert_default();
    let networking = body.networking_config.unwrap_or_default();
    let warnings = check(engine, &config, &mut host, &networking)?;
    if config.cmd.as_ref().is_none_or(|list| list.is_empty())
        && config.entrypoint.as_ref().is_none_or(|list| list.is_empty())
    {
        return Err(Fault::invalid("no command specified"));
    }
    let id = new_id()?;
    if config.hostname.is_empty() {
        config.hostname = own_hostname(&host, &id);
    }
    let name = take_name(engine, request.name.as_deref(), &id)?;
    let record = Record {
        id: id.clone(),
        name: name.clone(),
        created_at: clock::now(),
        image_id: image.id.clone(),
        config,
        host_config: host,
        state: State::default(),
    };
    let stored = Stored { record, endpoint: None, networking };
    if let Err(fault) = make(engine, &stored).await {
        engine.containers.release(&name);
        return Err(fault);
    }
    engine.events.emit("container", "create", id.as_str(), stored.attributes());
    engine.containers.insert(id.to_string(), actor::spawn(engine, stored, None));
    Ok(CreateResponse { id: id.to_string(), warnings })
}

/// Why there is no container without an image.
fn imageless(config: &ContainerConfig) -> &'static str {
    match config.cmd {
        _ if *config == ContainerConfig::default() => "config cannot be empty in order to create a container",
        None => "no command specified",
        Some(_) => "no image specified",
    }
}

/// An image for other machines counts as missing, at which clients pull the right one.
fn check_platform(image: &image::Image, name: &str, wanted: &str) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let wanted: Platform = wanted.parse().map_err(|error: names::PlatformError| Fault::invalid(error.to_string()))?;
    let config = &image.config;
    match Platform::new(&config.os, &config.architecture, &config.variant) {
        Ok(actual) if (actual.os(), actual.architecture()) != (wanted.os(), wanted.architecture()) => {
            Err(Fault::not_found(format!(
                "image with reference {name} was found but its platform ({actual}) does not match the specified \
                 platform ({wanted})"
            )))
        }
        _ => Ok(()),
    }
}

fn new_id() -> Result<ContainerId> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| Fault::system(format!("make an id: {error}")))?;
    Ok(ContainerId::from_random(random))
}

/// In the host's network a container bears the host's name, else the beginning of its id.
fn own_hostname(host: &HostConfig, id: &ContainerId) -> String {
    match (host.network_mode.as_str(), host.uts_mode.as_str()) {
        ("host", _) => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        (_, "host") => String::new(),
        _ => id.short().to_owned(),
    }
}

fn take_name(engine: &Inner, wanted: Option<&str>, id: &ContainerId) -> Result<String> {
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        let bare = wanted.strip_prefix('/').unwrap_or(wanted);
        let name: ContainerName =
            bare.parse().map_err(|error: names::ContainerNameError| Fault::invalid(error.to_string()))?;
        engine.containers.reserve(name.as_str(), id.as_str())?;
        return Ok(name.as_str().to_owned());
    }
    for attempt in 0..ATTEMPTS {
        let bits = getrandom::u64().map_err(|error| Fault::system(format!("make a name: {error}")))?;
        let name = random_name(bits, attempt);
        match engine.containers.reserve(&name, id.as_str()) {
            Ok(()) => return Ok(name),
            Err(fault) if fault.kind() == Kind::Conflict => {}
            Err(fault) => return Err(fault),
        }
    }
    // All names in use: the id's first digits are one more.
    engine.containers.reserve(id.short(), id.as_str())?;
    Ok(id.short().to_owned())
}

/// By this file programs know that they run in a container of Docker's.
fn mark(root: &Path) -> Result<()> {
    let file = fs::File::options().create_new(true).write(true).mode(0o755).open(root.join(".dockerenv"));
    file.map(drop).step("make /.dockerenv")
}

/// Makes the writable layer and writes the record; undoes the first where the second fails.
async fn make(engine: &Arc<Inner>, stored: &Stored) -> Result<()> {
    let (owner, image, id) = (Arc::clone(engine), stored.record.image_id.clone(), stored.record.id.clone());
    blocking(move || {
        let layers = owner.images.create_container_layer(&image, &id)?;
        mark(&layers.upper).inspect_err(|_| drop(owner.images.remove_container_layer(&id)))
    })
    .await?;
    let written = engine.keep_now(stored).await;
    if written.is_err() {
        let _ = engine.images.remove_container_layer(&stored.record.id);
    }
    written.step("write the container's record")
}
