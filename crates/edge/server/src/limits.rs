//! The bounds of what a client may ask of the server.

use std::time::Duration;

/// Bounds for connections and requests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a connection may take for the head of a request, also when it sends none, and then for a JSON body.
    /// Docker's is 5 minutes for the head.
    pub head: Duration,
    /// The longest head of a request, in bytes.
    pub head_bytes: usize,
    /// The largest JSON body, in bytes.
    pub json_bytes: usize,
    /// Connections at a time, for all listeners together; further ones wait.
    pub connections: usize,
}

impl Limits {
    /// What the daemon uses. A `create` with a megabyte of environment fits; a container's whole process must fit
    /// the 16 MiB of the shim's protocol.
    pub const DEFAULT: Self =
        Self { head: Duration::from_secs(300), head_bytes: 64 << 10, json_bytes: 4 << 20, connections: 16 << 10 };
}
