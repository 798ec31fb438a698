//! What the engine is told when it opens.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

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
    /// Mirrors and insecure hosts.
    pub registry: registry::Settings,
    /// Name servers of containers that name none.
    pub dns: Vec<IpAddr>,
    /// Search domains of containers that name none.
    pub dns_search: Vec<String>,
    /// Resolver options of containers that name none.
    pub dns_options: Vec<String>,
    /// Where the output of containers goes that name nothing: `json-file` or `none`.
    pub log_driver: String,
    /// Its options.
    pub log_options: BTreeMap<String, String>,
    /// `key=value` labels of this daemon.
    pub labels: Vec<String>,
    /// Runtimes besides the built-in one, by name.
    pub runtimes: BTreeMap<String, shim_proto::Program>,
    /// The runtime of containers that name none: one of those, or [`BUILT_IN`].
    pub default_runtime: String,
    /// Whether the daemon's log tells details; shown by `info`.
    pub debug: bool,
    /// The program that exists once per container.
    pub stage: &'static [u8],
}
