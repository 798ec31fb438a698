//! The shim: parent and supervisor of one container.
//!
//! One thread and one loop, which waits for events and never for a peer:
//!
//! ```text
//!              orders in the bundle                        ┌──────────────────────────┐
//!                      │                                   │ container                │
//!   ┌──────────────────▼──────────────────┐   pipes or     │                          │
//!   │ supervisor                          │◄──terminal────►│ PID 1 ── its children    │
//!   │   processes: PID 1 and the execs    │◄──terminal────►│ exec                     │
//!   │   connections: control, clients     │                └──────────────────────────┘
//!   └──┬────────────┬───────────────┬─────┘
//!      ▼            ▼               ▼
//!   json-file    exit record    control socket (the daemon, as long as it lives) and `shim.sock`
//! ```
//!
//! The conversation is described at the head of `shim_proto`. A container's life here is short to tell: *waiting* at the
//! gate, *running*, *over*. While it waits, the end of the control connection takes everything back; when it runs,
//! nobody's death but its own changes anything.
//!
//! `serve.rs` has the loop, `request.rs` what is asked for, `ending.rs` what happens when processes end.

mod backend;
mod bundle;
mod clock;
mod connection;
mod ending;
mod inbox;
mod outbox;
mod poll;
mod prepare;
mod process;
mod refusal;
mod request;
mod serve;
mod stdio;
mod supervisor;

use std::ffi::OsString;

/// `shim <bundle>`, with the control socket as standard input.
pub(crate) fn main(args: Vec<OsString>) -> u8 {
    let [bundle] = &args[..] else {
        eprintln!("usage: shim <bundle>, with a control socket as standard input");
        return 2;
    };
    match prepare::prepare(bundle.into()) {
        Some(mut supervisor) => supervisor.serve(),
        None => 1,
    }
}
