//! What the engine is told when it opens.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use api::container::{HostConfig, Ulimit};

/// The name of the built-in runtime: that of Docker's own, which clients and scripts know. An entry of that name in the
/// table of runtimes takes its place.
pub const BUILT_IN: &str = "runc";

/// Everything that can differ between two engines on one host.
#[derive(Debug)]
pub struct Settings {
    /// Persistent state: the catalogue, images, containers.
    pub data_root: PathBuf,
    /// State of this boot: bundles and sockets of shims.
    pub run_root: PathBuf,
    /// The control group above those of containers, absolute below the hierarchy's root.
    pub cgroup_parent: String,
    /// The default bridge.
    pub network: network::Settings,
    /// Name servers of containers that name none.
    pub dns: Vec<IpAddr>,
    /// Search domains of containers that name none.
    pub dns_search: Vec<String>,
    /// Resolver options of containers that name none.
    pub dns_options: Vec<String>,
    /// Where the output of containers goes that name nothing: a driver's name.
    pub log_driver: String,
    /// Its options.
    pub log_options: BTreeMap<String, String>,
    /// What containers get that say nothing about it.
    pub defaults: Defaults,
    /// What can be told again.
    pub live: Live,
    /// The program that exists once per container.
    pub stage: &'static [u8],
}

/// What an engine can be told again while it runs.
#[derive(Clone, Debug)]
pub struct Live {
    /// Mirrors and insecure hosts.
    pub registry: registry::Settings,
    /// `key=value` labels of this daemon.
    pub labels: Vec<String>,
    /// Runtimes besides the built-in one, by name.
    pub runtimes: BTreeMap<String, shim_proto::Program>,
    /// The runtime of containers that name none: one of those, or [`BUILT_IN`].
    pub default_runtime: String,
    /// Containers outlive the daemon. Otherwise they are stopped with it, in Docker's old way.
    pub live_restore: bool,
    /// How long a container that is stopped with the daemon may take that names no time itself.
    pub shutdown_timeout: Duration,
    /// Whether the daemon's log tells details; shown by `info`.
    pub debug: bool,
}

/// What containers get that say nothing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// `host` or `private`; none for what the host's control groups suggest.
    pub cgroupns_mode: Option<String>,
    /// `private` or `shareable`.
    pub ipc_mode: String,
    /// Bytes of `/dev/shm`.
    pub shm_size: i64,
    /// Limits of processes.
    pub ulimits: Vec<Ulimit>,
    /// An init program as PID 1.
    pub init: bool,
    /// No program may gain privileges.
    pub no_new_privileges: bool,
    /// A system call profile as JSON, or `unconfined`; none for the built-in one.
    pub seccomp: Option<String>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            cgroupns_mode: None,
            ipc_mode: "private".into(),
            shm_size: 64 << 20,
            ulimits: Vec::new(),
            init: false,
            no_new_privileges: false,
            seccomp: None,
        }
    }
}

impl Defaults {
    /// The settings of a run: those of the container, and these where it says nothing. What is asked for stays on record
    /// as it was asked for, so that other defaults count at the next start.
    pub fn fill(&self, host: &HostConfig) -> HostConfig {
        let mut host = host.clone();
        host.init.get_or_insert(self.init);
        let own = host.ulimits.take().unwrap_or_default();
        let is_missing = |limit: &&Ulimit| !own.iter().any(|own| own.name == limit.name);
        let more: Vec<Ulimit> = self.ulimits.iter().filter(is_missing).cloned().collect();
        host.ulimits = Some(own.into_iter().chain(more).collect());
        let options = host.security_opt.get_or_insert_default();
        let says = |name: &str| options.iter().any(|option| option.split(['=', ':']).next() == Some(name));
        let (nnp, seccomp) = (says("no-new-privileges"), says("seccomp"));
        if self.no_new_privileges && !nnp {
            options.push("no-new-privileges".into());
        }
        if let Some(profile) = self.seccomp.as_ref().filter(|_| !seccomp && !host.privileged) {
            options.push(format!("seccomp={profile}"));
        }
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_count_only_where_nothing_is_said() {
        let limit = |name: &str, soft| Ulimit { name: name.into(), soft, hard: soft };
        let defaults = Defaults {
            init: true,
            no_new_privileges: true,
            seccomp: Some("unconfined".into()),
            ulimits: vec![limit("nofile", 10), limit("core", 0)],
            ..Defaults::default()
        };
        let bare = defaults.fill(&HostConfig::default());
        assert_eq!((bare.init, bare.ulimits.unwrap().len()), (Some(true), 2));
        assert_eq!(bare.security_opt.unwrap(), ["no-new-privileges", "seccomp=unconfined"]);
        let own = HostConfig {
            init: Some(false),
            ulimits: Some(vec![limit("nofile", 99)]),
            security_opt: Some(vec!["no-new-privileges:false".into(), "seccomp=builtin".into()]),
            ..HostConfig::default()
        };
        let filled = defaults.fill(&own);
        assert_eq!(filled.ulimits.unwrap(), [limit("nofile", 99), limit("core", 0)]);
        assert_eq!((filled.init, filled.security_opt), (own.init, own.security_opt));
    }
}
