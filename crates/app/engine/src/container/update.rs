//! Changes a container, whether it runs or not: limits, restart policy, ports and mounts at once, variables at the next
//! start.
//!
//! All of it or nothing: what may be refused comes first (limits, binds, ports), each step with its way back; then the
//! record; what is taken away goes last, when nothing can be refused any more.

use std::path::PathBuf;
use std::sync::Arc;

use api::container::{Edit, HostConfig, UpdateResponse};
use container::lifecycle::Verb;
use container::spec::Bind;
use container::{edit, spec, update};
use fault::{Fault, Result, Step};
use network::PublishedPort;
use shim_proto::Request;
use snapshot::view;

use super::actor::{Actor, Message};
use super::start::blocking;
use super::{Stored, groups, join, limits, ports, specification};
use crate::inner::Inner;
use crate::request::ContainerUpdate;

/// Changes a container; a part of the changes is never made.
pub async fn update(engine: &Arc<Inner>, request: ContainerUpdate) -> Result<UpdateResponse> {
    let ContainerUpdate { target, mut change, edit } = request;
    let warnings = limits::adapt_change(&mut change)?;
    // Refused before the container is looked for, as in the original.
    spec::check_change(&change)?;
    update::check_policy(&change.restart_policy)?;
    let handle = engine.containers.find(&target)?;
    let (change, edit) = (Box::new(change), Box::new(edit));
    handle.ask(|reply| Message::Update { change, edit, reply }).await?;
    Ok(UpdateResponse { warnings: Some(warnings).filter(|warnings| !warnings.is_empty()) })
}

impl Actor {
    pub(super) async fn update(&mut self, change: &HostConfig, edit: &Edit) -> Result<()> {
        let id = self.stored.record.id.clone();
        let at = |fault: Fault| fault.at(format_args!("Cannot update container {id}"));
        self.admit(Verb::Update).map_err(at)?;
        let record = &self.stored.record;
        let host = update::apply(&record.host_config, change).map_err(at)?;
        let (config, host) = edit::apply(&record.config, &host, edit).map_err(at)?;
        let mut new = self.stored.clone();
        (new.record.config, new.record.host_config) = (config, host);
        let plan = Plan::of(&self.stored, &new, edit).map_err(at)?;
        let outcome = self.change(new, plan).await;
        // What could not be taken away is on record as gone all the same.
        self.publish();
        outcome.map_err(at)?;
        self.emit("update", &[]);
        Ok(())
    }

    async fn change(&mut self, mut new: Stored, plan: Plan) -> Result<()> {
        if !self.stored.state().phase.is_alive() {
            self.engine.keep_now(&new).await?;
            self.stored = new;
            return Ok(());
        }
        let mut done = Done::default();
        let outcome = self.add(&mut new, &plan, &mut done).await;
        let outcome = match outcome {
            Ok(()) => self.engine.keep_now(&new).await,
            refused => refused,
        };
        if let Err(fault) = outcome {
            self.undo(done).await;
            return Err(fault);
        }
        self.more_ports.append(&mut done.sockets);
        self.stored = new;
        self.take_away(&plan).await
    }

    /// Does what may be refused.
    async fn add(&self, new: &mut Stored, plan: &Plan, done: &mut Done) -> Result<()> {
        if plan.limits {
            done.limits = true;
            self.set_limits(&new.record.host_config).await?;
        }
        for bind in &plan.binds {
            self.bind(bind.clone()).await?;
            done.binds.push(bind.target.clone());
        }
        if let Some(endpoint) = self.stored.endpoint.clone() {
            let (engine, requests) = (Arc::clone(&self.engine), plan.publish.clone());
            if !requests.is_empty() {
                let (more, sockets) = blocking(move || engine.networks.publish(&endpoint, requests)).await?;
                done.published = more.ports[more.ports.len() - sockets.len()..].to_vec();
                done.sockets = sockets;
                new.endpoint = Some(more);
            }
        }
        if let Some(endpoint) = &mut new.endpoint {
            endpoint.ports.retain(|port| !plan.withdraw.contains(port));
        }
        Ok(())
    }

    async fn undo(&self, done: Done) {
        let note = |what: &str, outcome: Result<()>| {
            if let Err(fault) = outcome {
                tracing::error!(container = %self.stored.record.id, %fault, "take back {what}");
            }
        };
        if let Some(endpoint) = self.stored.endpoint.clone().filter(|_| !done.published.is_empty()) {
            let (engine, ports) = (Arc::clone(&self.engine), done.published);
            note("ports", blocking(move || engine.networks.withdraw(&endpoint, &ports).map(drop)).await);
        }
        for target in done.binds.into_iter().rev() {
            note("a mount", self.unbind(target).await);
        }
        if done.limits {
            note("limits", self.set_limits(&self.stored.record.host_config).await);
        }
    }

    /// Takes away what the record does not name any more.
    async fn take_away(&mut self, plan: &Plan) -> Result<()> {
        let endpoint = self.stored.endpoint.clone().filter(|_| !plan.withdraw.is_empty());
        if let Some(endpoint) = endpoint {
            let (engine, ports) = (Arc::clone(&self.engine), plan.withdraw.clone());
            let less = blocking(move || engine.networks.withdraw(&endpoint, &ports)).await?;
            self.stored.endpoint = Some(less);
            for port in &plan.withdraw {
                let udp = port.proto == network::Protocol::Udp;
                // Without that the port stays reserved until the container ends.
                let _ = self.shim().ask(&Request::Release { ip: port.host_ip, port: port.host_port, udp }).await;
            }
        }
        for target in &plan.unbind {
            self.unbind(target.clone()).await?;
        }
        Ok(())
    }

    async fn set_limits(&self, host: &HostConfig) -> Result<()> {
        let (engine, id, limits) = (Arc::clone(&self.engine), self.stored.record.id.clone(), spec::limits(host));
        blocking(move || groups::cgroup(&engine, &id)?.update(&limits).map_err(|error| groups::fault(&error))).await
    }

    async fn bind(&self, bind: Bind) -> Result<()> {
        let (engine, record) = (Arc::clone(&self.engine), self.stored.record.clone());
        blocking(move || {
            use std::os::fd::AsFd as _;
            let mounts = join::mounts(&engine, &record)?;
            let bound = view::bind_live(mounts.as_fd(), &bind.source, &bind.target, !bind.writable);
            bound.step("add a mount")
        })
        .await
    }

    async fn unbind(&self, target: PathBuf) -> Result<()> {
        let (engine, record) = (Arc::clone(&self.engine), self.stored.record.clone());
        blocking(move || {
            use std::os::fd::AsFd as _;
            let mounts = join::mounts(&engine, &record)?;
            view::unbind_live(mounts.as_fd(), &target).step("take a mount away")
        })
        .await
    }
}

/// What is to be done to a run.
struct Plan {
    limits: bool,
    binds: Vec<Bind>,
    unbind: Vec<PathBuf>,
    publish: Vec<network::PortRequest>,
    withdraw: Vec<PublishedPort>,
}

impl Plan {
    fn of(old: &Stored, new: &Stored, edit: &Edit) -> Result<Self> {
        let (before, after) = (&old.record.host_config, &new.record.host_config);
        let (had, has) = (spec::binds(before)?, spec::binds(after)?);
        let is_new = |bind: &&Bind| !had.iter().any(|old| old.target == bind.target);
        let binds: Vec<Bind> = has.iter().filter(is_new).cloned().collect();
        for bind in &binds {
            specification::check_source(bind)?;
        }
        let unbind = had.iter().filter(|bind| !has.iter().any(|new| new.target == bind.target));
        let published = old.endpoint.iter().flat_map(|endpoint| &endpoint.ports);
        let unwanted = ports::requests(Some(&edit.publish_remove), None, false)?;
        let goes = |port: &&PublishedPort| {
            unwanted.iter().any(|request| {
                let place = match request.host_port {
                    network::HostPort::Fixed(number) => number == port.host_port,
                    network::HostPort::Range(first, last) => (first..=last).contains(&port.host_port),
                    network::HostPort::Ephemeral => true,
                };
                let same = (request.container_port, request.proto) == (port.container_port, port.proto);
                same && place && request.host_ip.is_none_or(|ip| ip == port.host_ip)
            })
        };
        Ok(Self {
            limits: spec::limits(before) != spec::limits(after),
            unbind: unbind.map(|bind| bind.target.clone()).collect(),
            binds,
            publish: ports::requests(Some(&edit.publish_add), None, false)?,
            withdraw: published.filter(goes).copied().collect(),
        })
    }
}

/// What was done, to be taken back where a later step is refused.
#[derive(Default)]
struct Done {
    limits: bool,
    binds: Vec<PathBuf>,
    published: Vec<PublishedPort>,
    sockets: Vec<std::os::fd::OwnedFd>,
}
