//! An image's configuration in the API's shape.

use api::container::ContainerConfig;
use fault::{Fault, Result};
use image::Image;

/// The part of an image's configuration that its containers start from.
pub fn runtime_config(image: &Image) -> Result<ContainerConfig> {
    let unreadable = |error: &dyn std::fmt::Display| Fault::system(format!("image {}: its configuration cannot be read: {error}", image.id));
    let whole: serde_json::Value = serde_json::from_str(&image.config_text).map_err(|error| unreadable(&error))?;
    match whole.get("config") {
        None | Some(serde_json::Value::Null) => Ok(ContainerConfig::default()),
        Some(config) => api::json::from_value(config).map_err(|error| unreadable(&error)),
    }
}
