//! Containers: creation, lists, inspection, waiting.

mod archive;
mod changes;
mod config;
mod create;
mod host_config;
mod inspect;
mod mount;
mod stats;
mod summary;
mod top;
mod update;
mod wait;

pub use archive::{PATH_STAT_HEADER, PathStat};
pub use changes::FilesystemChange;
pub use config::{ContainerConfig, Healthcheck, StringOrList};
pub use create::{ContainerCreateRequest, CreateResponse};
pub use host_config::*;
pub use inspect::{ContainerInspect, GraphDriver, Health, HealthcheckResult, State};
pub use mount::*;
pub use stats::*;
pub use summary::{ContainerSummary, HostConfigSummary};
pub use top::TopResponse;
pub use update::{Edit, UpdateRequest, UpdateResponse};
pub use wait::{WaitCondition, WaitError, WaitResponse};
