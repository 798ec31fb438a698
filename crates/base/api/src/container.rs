//! Containers: creation, lists, inspection, waiting.

mod config;
mod create;
mod host_config;
mod inspect;
mod mount;
mod summary;
mod wait;

pub use config::{ContainerConfig, Healthcheck, StringOrList};
pub use create::{ContainerCreateRequest, CreateResponse};
pub use host_config::*;
pub use inspect::{ContainerInspect, GraphDriver, Health, HealthcheckResult, State};
pub use mount::*;
pub use summary::{ContainerSummary, HostConfigSummary};
pub use wait::{WaitCondition, WaitError, WaitResponse};
