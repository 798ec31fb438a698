//! Plugins: there are none, which clients that look for an object of any kind must be told in Docker's words.

use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::{Call, echo};

/// `GET /plugins`.
pub(super) async fn list(_call: Call) -> Result<Answer> {
    let none: [(); 0] = [];
    answer::json(StatusCode::OK, &none)
}

/// `GET /plugins/{name}/json` and all else that needs one.
pub(super) async fn inspect(call: Call) -> Result<Answer> {
    Err(Fault::not_found(format!("plugin \"{}\" not found", echo(call.name()))))
}
