//! An image's configuration in the API's shape.

use api::container::ContainerConfig;
use api::image::ImageConfig;
use fault::{Fault, Result};
use image::Image;
use serde::de::DeserializeOwned;

/// The configuration as inspection shows it.
pub fn config_of(image: &Image) -> Result<ImageConfig> {
    section(image)
}

/// The part of an image's configuration that its containers start from.
pub fn runtime_config(image: &Image) -> Result<ContainerConfig> {
    section(image)
}

fn section<T: Default + DeserializeOwned>(image: &Image) -> Result<T> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Fault::system(format!("image {}: its configuration cannot be read: {error}", image.id))
    };
    let whole: serde_json::Value = serde_json::from_str(&image.config_text).map_err(|error| unreadable(&error))?;
    match whole.get("config") {
        None | Some(serde_json::Value::Null) => Ok(T::default()),
        Some(config) => api::json::from_value(config).map_err(|error| unreadable(&error)),
    }
}
