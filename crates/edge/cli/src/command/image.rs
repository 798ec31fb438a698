//! Commands on images.

mod fetch;
pub mod history;
pub mod import;
pub mod inspect;
pub mod load;
pub mod ls;
pub mod prune;
pub mod pull;
pub mod rm;
pub mod save;
pub mod tag;

pub use fetch::{Pull, pull_image, show_stream};

use crate::exit::Exit;

/// A platform as the newer parts of the API take it: a JSON object.
fn platform_json(text: &str) -> Result<String, Exit> {
    let platform: names::Platform = text.parse().map_err(|_| {
        Exit::failure(format!(
            "invalid platform: {}: cannot parse platform specifier: invalid argument",
            human::quote(text)
        ))
    })?;
    let mut json = serde_json::json!({ "architecture": platform.architecture(), "os": platform.os() });
    if !platform.variant().is_empty() {
        json["variant"] = platform.variant().into();
    }
    Ok(json.to_string())
}
