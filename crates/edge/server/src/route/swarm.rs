//! Swarms: this engine is in none, which clients that look for an object of any kind must be told in Docker's words.

use fault::{Fault, Result};

use crate::answer::Answer;
use crate::request::Call;

/// Everything that a manager does.
pub(super) async fn not_a_manager(_call: Call) -> Result<Answer> {
    Err(Fault::unavailable(
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to \
         swarm and try again.",
    ))
}

/// What any member does.
pub(super) async fn not_a_member(_call: Call) -> Result<Answer> {
    Err(Fault::unavailable("This node is not part of a swarm"))
}
