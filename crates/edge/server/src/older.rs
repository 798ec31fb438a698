//! The newest bodies as older versions of the API know them.
//!
//! Handlers answer what [`api::version::NEWEST`] says. Where the client speaks an older version, the steps of
//! [`STEPS`] that lie between are taken, the newest first; each undoes one change of one body.

#[cfg(test)]
mod golden_test;
mod image;
mod info;
mod request;
mod system;

use api::version::ApiVersion;
use serde::Serialize;
use serde_json::{Map, Value};

use fault::{Fault, Result};

pub(crate) use request::container_create;

/// Bodies that have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    ContainerInspect,
    ContainerSummary,
    ImageInspect,
    ImageSummary,
    Info,
    Network,
    Version,
    Wait,
}

/// What versions below `below` say differently.
struct Step {
    below: ApiVersion,
    form: Form,
    undo: fn(&mut Map<String, Value>),
}

const fn step(minor: u16, form: Form, undo: fn(&mut Map<String, Value>)) -> Step {
    Step { below: ApiVersion::v1(minor), form, undo }
}

/// All changes, the newest first.
static STEPS: &[Step] = &[
    step(51, Form::ImageSummary, image::containers_are_not_counted),
    step(50, Form::ImageInspect, image::config_is_a_containers),
    step(50, Form::Info, info::bridge_filters_are_told),
    step(49, Form::Info, info::expected_commits_are_told),
    step(48, Form::ContainerInspect, drop_gateway_priorities),
    step(48, Form::ContainerSummary, drop_gateway_priorities),
    step(47, Form::Network, |network| drop(network.shift_remove("EnableIPv4"))),
    step(47, Form::Info, info::nondistributable_artifacts_are_told),
    step(46, Form::ContainerSummary, drop_annotations),
    step(45, Form::ImageInspect, image::container_config_is_told),
    step(44, Form::ContainerInspect, drop_dns_names),
    step(44, Form::ContainerSummary, drop_dns_names),
    step(44, Form::ImageInspect, image::virtual_size_is_told),
    step(44, Form::ImageInspect, image::created_is_always_told),
    step(44, Form::ImageSummary, image::virtual_size_is_told),
    step(44, Form::Info, info::runtimes_have_no_status),
    step(43, Form::ContainerInspect, drop_host_annotations),
    step(43, Form::ImageSummary, image::nameless_are_none),
    step(42, Form::ContainerInspect, kernel_memory_is_told),
    step(42, Form::Info, info::kernel_memory_is_told),
    step(39, Form::Info, info::warnings_are_not_told),
    step(35, Form::Version, system::components_are_not_told),
    step(34, Form::Wait, system::errors_are_not_told),
    step(25, Form::Info, info::security_options_are_names),
];

/// The body as `version` knows it.
///
/// # Errors
/// The body cannot be written as JSON.
pub(crate) fn convert(version: ApiVersion, form: Form, body: &impl Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(body).map_err(|error| Fault::system(format!("write the answer: {error}")))?;
    let steps = STEPS.iter().filter(|step| step.form == form && version < step.below);
    for step in steps {
        apply(&mut value, step.undo);
    }
    Ok(value)
}

/// Lists are converted member by member.
fn apply(value: &mut Value, undo: fn(&mut Map<String, Value>)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|member| apply(member, undo)),
        Value::Object(map) => undo(map),
        _ => {}
    }
}

/// Changes each endpoint of a container's networks.
fn endpoints(container: &mut Map<String, Value>, change: impl Fn(&mut Map<String, Value>)) {
    let networks = container.get_mut("NetworkSettings").and_then(|settings| settings.get_mut("Networks"));
    let networks = networks.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    networks.filter_map(Value::as_object_mut).for_each(change);
}

fn drop_gateway_priorities(container: &mut Map<String, Value>) {
    endpoints(container, |endpoint| {
        endpoint.shift_remove("GwPriority");
    });
}

fn drop_dns_names(container: &mut Map<String, Value>) {
    endpoints(container, |endpoint| {
        endpoint.shift_remove("DNSNames");
    });
}

fn drop_annotations(summary: &mut Map<String, Value>) {
    if let Some(Value::Object(host)) = summary.get_mut("HostConfig") {
        host.shift_remove("Annotations");
    }
}

fn drop_host_annotations(container: &mut Map<String, Value>) {
    drop_annotations(container);
}

fn kernel_memory_is_told(container: &mut Map<String, Value>) {
    if let Some(Value::Object(host)) = container.get_mut("HostConfig") {
        host.entry("KernelMemory").or_insert_with(|| 0.into());
        host.entry("KernelMemoryTCP").or_insert_with(|| 0.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_answered_as_it_is() {
        let body = api::image::ImageSummary { containers: 2, size: 7, ..Default::default() };
        let newest = convert(api::version::NEWEST, Form::ImageSummary, &body).unwrap();
        assert_eq!(newest, serde_json::to_value(&body).unwrap());
    }

    #[test]
    fn steps_stand_from_the_newest_to_the_oldest() {
        assert!(STEPS.is_sorted_by(|first, second| first.below >= second.below));
    }

    #[test]
    fn endpoints_lose_what_came_later() {
        let body = serde_json::json!([{"NetworkSettings": {"Networks": {"n": {"DNSNames": [], "GwPriority": 0, "IPAddress": ""}}}}]);
        let old = convert(ApiVersion::v1(43), Form::ContainerSummary, &body).unwrap();
        assert_eq!(old, serde_json::json!([{"NetworkSettings": {"Networks": {"n": {"IPAddress": ""}}}}]));
    }
}
