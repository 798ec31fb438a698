//! Starts a container: rootfs and network side by side, then one shim.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

use api::container::ContainerConfig;
use api::network::NetworkingConfig;
use container::spec;
use fault::{Fault, Kind, Result, Step};
use shim_proto::{ExitPlan, ExitRecord, Failure, Launch, Request, RootFs, Streams};
use tokio::net::UnixStream;

use super::actor::Message;
use super::late::Promise;
use super::{Stored, etc, join, ports, specification};
use crate::inner::Inner;
use crate::logging;
use crate::shim::{self, Control, Shim, ShimChild, StartFailure};

/// Starts the container and returns when its program executes.
pub async fn start(engine: &Arc<Inner>, target: &str) -> Result<()> {
    engine.containers.find(target)?.ask(Message::Start).await
}

/// A run under way.
pub struct Running {
    /// PID 1 in the host's namespace.
    pub pid: i32,
    /// Nanoseconds since 1970.
    pub started_at: i64,
    link: Link,
}

/// How the run's end is heard of.
enum Link {
    /// From a shim that this daemon spawned.
    Own(Control, ShimChild),
    /// From one that an earlier daemon spawned.
    Found(Shim),
}

impl Running {
    /// A run that was found alive.
    pub fn found(pid: i32, started_at: i64, shim: Shim) -> Self {
        Self { pid, started_at, link: Link::Found(shim) }
    }

    /// Tells `ended` how the run ended, then waits until its shim has cleaned up.
    pub async fn monitor<F: Future<Output = ()>>(self, ended: impl FnOnce(Option<ExitRecord>) -> F) {
        match self.link {
            Link::Own(mut control, child) => {
                ended(control.exited().await).await;
                control.hung_up().await;
                child.reap().await;
            }
            Link::Found(shim) => {
                let (record, control) = shim.watch(None).await.ok().unzip();
                ended(record).await;
                if let Some(mut control) = control {
                    control.hung_up().await;
                }
            }
        }
    }
}

/// What the network gives to a run.
#[derive(Default)]
struct Place {
    netns: Option<OwnedFd>,
    hold: Vec<OwnedFd>,
    endpoint: Option<network::Endpoint>,
}

/// Launches a run. On failure everything it made is undone, and the clients that wait stay without their streams.
pub async fn launch(
    engine: &Arc<Inner>,
    stored: &mut Stored,
    waiting: Vec<(Streams, Promise)>,
) -> Result<Running, StartFailure> {
    let sink = logging::open(engine, stored).await.map_err(|fault| fault.at("failed to create task for container"))?;
    let place = join_network(engine, stored).await?;
    crate::network::tell(engine, "connect", stored);
    stored.endpoint.clone_from(&place.endpoint);
    let outcome = launch_in(engine, stored, place, waiting).await;
    if outcome.is_ok() {
        logging::begin(engine, stored, sink);
    } else {
        if let Some(endpoint) = stored.endpoint.take() {
            let engine = Arc::clone(engine);
            let _ = tokio::task::spawn_blocking(move || engine.networks.detach(&endpoint)).await;
        }
        crate::network::tell(engine, "disconnect", stored);
    }
    outcome
}

async fn launch_in(
    engine: &Arc<Inner>,
    stored: &Stored,
    place: Place,
    waiting: Vec<(Streams, Promise)>,
) -> Result<Running, StartFailure> {
    let launched = {
        let (engine, stored) = (Arc::clone(engine), stored.clone());
        blocking(move || spawn_shim(&engine, &stored, place)).await?
    };
    let stream = UnixStream::from_std(launched.control).step("set up the shim's control socket")?;
    let mut control = Control::new(stream);
    let child = ShimChild::new(launched.pidfd).step("watch the shim")?;
    match open_gate(engine, stored, &mut control, waiting).await {
        Ok((pid, started_at)) => Ok(Running { pid, started_at, link: Link::Own(control, child) }),
        Err(failure) => {
            // Hanging up before the start makes the shim take everything down.
            drop(control);
            child.reap().await;
            Err(failure)
        }
    }
}

async fn open_gate(
    engine: &Inner,
    stored: &Stored,
    control: &mut Control,
    waiting: Vec<(Streams, Promise)>,
) -> Result<(i32, i64), StartFailure> {
    control.created().await?;
    let shim = Shim::new(engine.bundle(&stored.record.id));
    for (streams, promise) in waiting {
        if promise.is_abandoned() {
            continue;
        }
        let (_, stream) = shim.open(&Request::Attach { exec: None, streams }).await?;
        promise.keep(stream);
    }
    control.start().await
}

/// Runs work that blocks beside the async tasks.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Fault::system(format!("a worker ended early: {error}"))),
    }
}

/// Runs work that waits for a client, and so may take as long as that one likes, in a thread of its own: it takes nobody
/// else's place among the workers.
pub(crate) async fn apart<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = move || drop(tell.send(work()));
    std::thread::Builder::new().name(name.into()).spawn(work).step(format_args!("start a thread: {name}"))?;
    told.await.map_err(|_| Fault::system(format!("a worker ended early: {name}")))?
}

async fn join_network(engine: &Arc<Inner>, stored: &mut Stored) -> Result<Place> {
    let mode = stored.record.host_config.network_mode.clone();
    if let Some(other) = unknown_network(stored) {
        return Err(Fault::not_found(format!("failed to set up container networking: network {other} not found")));
    }
    let networks = Arc::clone(&engine.networks);
    match mode.as_str() {
        "host" => Ok(Place::default()),
        other if spec::joined(other).is_some() => {
            let Some((netns, owner)) = join::network(engine, &stored.record)? else { return Ok(Place::default()) };
            let owner = owner.view();
            let record = &mut stored.record;
            owner.stored.record.hostname().clone_into(&mut record.config.hostname);
            owner.stored.record.config.domainname.clone_into(&mut record.config.domainname);
            record.host_config.network_mode = format!("container:{}", owner.stored.record.id);
            Ok(Place { netns: Some(netns), ..Place::default() })
        }
        "none" => blocking(move || Ok(Place { netns: Some(networks.new_netns()?), ..Place::default() })).await,
        _ => {
            let request = attach_request(stored)?;
            let attachment = blocking(move || networks.attach(request)).await?;
            Ok(Place { netns: Some(attachment.netns), hold: attachment.hold, endpoint: Some(attachment.endpoint) })
        }
    }
}

/// A network that the container names and that is none of those there are.
fn unknown_network(stored: &Stored) -> Option<&str> {
    let names = stored.networking.endpoints_config.keys().map(String::as_str);
    let mut names = std::iter::once(stored.record.host_config.network_mode.as_str()).chain(names);
    names.find(|name| !matches!(*name, "bridge" | "default" | "none" | "host") && spec::joined(name).is_none())
}

/// The address that was asked for: for the network, or else for the container.
pub(super) fn hardware_address(
    config: &ContainerConfig,
    networking: &NetworkingConfig,
) -> Result<Option<network::Mac>> {
    let asked = networking.endpoints_config.values().flatten().map(|asked| &asked.mac_address);
    let Some(mac) = asked.chain([&config.mac_address]).find(|mac| !mac.is_empty()) else { return Ok(None) };
    let invalid = |_| Fault::invalid(format!("invalid config for network bridge: invalid MAC address {mac}"));
    mac.parse().map(Some).map_err(invalid)
}

fn attach_request(stored: &Stored) -> Result<network::Attach> {
    let record = &stored.record;
    let host = &record.host_config;
    Ok(network::Attach {
        container_id: record.id.to_string(),
        name: record.name.clone(),
        ports: ports::requests(
            host.port_bindings.as_ref(),
            record.config.exposed_ports.as_ref(),
            host.publish_all_ports,
        )?,
        mac: hardware_address(&record.config, &stored.networking)?,
        ip: None,
    })
}

fn spawn_shim(engine: &Inner, stored: &Stored, place: Place) -> Result<shim::Launched> {
    let record = &stored.record;
    let layers = engine.images.container_layers(&record.id, &record.image_id)?;
    etc::write(engine, stored, place.endpoint.as_ref())?;
    let spec = specification::build(engine, record, &layers)?;
    let profile = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref());
    let orders = Launch {
        version: shim_proto::VERSION,
        id: record.id.to_string(),
        runtime: runtime(engine, &record.host_config.runtime)?,
        rootfs: RootFs::Overlay {
            lower: layers.lower,
            upper: layers.upper,
            work: layers.work,
            volatile: record.host_config.auto_remove,
        },
        open_stdin: record.config.open_stdin,
        stdin_once: record.config.stdin_once,
        log: logging::file(engine, record)?,
        exit: exit_plan(engine, stored),
        filter: profile.and_then(|profile| engine.filters.file(profile)),
        netns_fd: None,
        hold_fds: Vec::new(),
    };
    let bundle = engine.bundle(&record.id);
    for old in [&orders.exit.path, &bundle.join(shim_proto::file::EXIT)] {
        let _ = std::fs::remove_file(old);
    }
    shim::launch(shim::Order {
        program: engine.stage.as_fd(),
        bundle,
        spec,
        orders,
        netns: place.netns,
        hold: place.hold,
    })
}

/// The program behind a runtime's name; nothing for the built-in one.
fn runtime(engine: &Inner, name: &str) -> Result<Option<shim_proto::Program>> {
    match (engine.live.load().runtimes.get(name), name) {
        (Some(program), _) => Ok(Some(program.clone())),
        (None, "" | crate::BUILT_IN | "gantry") => Ok(None),
        (None, _) => Err(Fault::invalid(format!("unknown or invalid runtime name: {name}"))),
    }
}

fn exit_plan(engine: &Inner, stored: &Stored) -> ExitPlan {
    ExitPlan { path: engine.exit_path(&stored.record), sync: !stored.record.host_config.auto_remove }
}

/// The words of a refused start: the chain of parts that Docker's users and clients know.
pub fn refusal(failure: &StartFailure) -> Fault {
    let chain = "failed to create task for container: failed to create shim task: OCI runtime create failed: \
                 runc create failed: unable to start container process";
    match failure.class {
        Failure::System | Failure::NoSuchProcess => {
            Fault::new(failure.kind.unwrap_or(Kind::System), failure.message.clone())
        }
        Failure::NotFound | Failure::NotExecutable | Failure::Invalid => {
            Fault::invalid(format!("{chain}: {}: unknown", failure.message))
        }
    }
}

/// The exit code of a container that did not start: as a shell's.
pub fn exit_code(failure: &StartFailure) -> i32 {
    match failure.class {
        Failure::NotFound => 127,
        Failure::NotExecutable => 126,
        _ => 128,
    }
}

/// Where the program of `--init` is bound from.
pub(crate) fn init_program(engine: &Inner) -> PathBuf {
    engine.settings.run_root.join("init")
}
