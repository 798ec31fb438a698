//! Which process runs which code.
//!
//! The caller runs `parent`; a process between it and the container, where one is needed, runs `stage`; the container's
//! PID 1 runs `init`; a further process in a running container runs `enter`, first as stage, then inside.

pub(crate) mod enter;
pub(crate) mod init;
pub(crate) mod message;
pub(crate) mod parent;
pub(crate) mod stage;
