//! The bodies against what dockerd 20.10 (version 1.41) answered, kept in `golden/`: read as our types and written
//! again for 1.41, nothing may be missing, added, or `null` where it was absent.

use api::version::ApiVersion;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Form, convert};

fn check<T: DeserializeOwned + Serialize>(form: Option<Form>, golden: &str, known: impl Fn(&mut Value)) {
    let body: T = api::json::from_slice(golden.as_bytes()).unwrap();
    let ours = match form {
        Some(form) => convert(ApiVersion::v1(41), form, &body).unwrap(),
        None => serde_json::to_value(&body).unwrap(),
    };
    let mut golden: Value = serde_json::from_str(golden).unwrap();
    known(&mut golden);
    assert_eq!(pretty(&ours), pretty(&golden));
}

/// With sorted keys, for a readable difference.
fn pretty(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    serde_json::to_string_pretty(&value).unwrap()
}

fn nothing(_: &mut Value) {}

#[test]
fn containers() {
    let summary = include_str!("golden/container_summary.json");
    check::<Vec<api::container::ContainerSummary>>(Some(Form::ContainerSummary), summary, nothing);
    let inspect = include_str!("golden/container_inspect.json");
    check::<api::container::ContainerInspect>(Some(Form::ContainerInspect), inspect, nothing);
}

#[test]
fn images() {
    // Since 1.43 a list is never null, and that is harmless for older clients.
    let no_null =
        |list: &mut Value| list.as_array_mut().unwrap().iter_mut().for_each(|one| one["RepoDigests"] = json!([]));
    check::<Vec<api::image::ImageSummary>>(
        Some(Form::ImageSummary),
        include_str!("golden/image_summary.json"),
        no_null,
    );
    // Only images that were committed from a container have one.
    let no_container = |image: &mut Value| {
        image["Container"] = json!("");
        image["ContainerConfig"] = serde_json::to_value(api::container::ContainerConfig::default()).unwrap();
        image["Config"]["Image"] = json!("");
    };
    check::<api::image::ImageInspect>(
        Some(Form::ImageInspect),
        include_str!("golden/image_inspect.json"),
        no_container,
    );
    check::<Vec<api::image::ImageHistoryItem>>(None, include_str!("golden/image_history.json"), nothing);
}

#[test]
fn the_engine() {
    // With overlay2 there is a status; kernel memory is not limited apart any more.
    let overlay = |info: &mut Value| {
        info["DriverStatus"] = json!([]);
        info["KernelMemory"] = json!(false);
    };
    check::<api::system::Info>(Some(Form::Info), include_str!("golden/info.json"), overlay);
    check::<api::system::Version>(Some(Form::Version), include_str!("golden/version.json"), nothing);
    check::<api::events::Event>(None, include_str!("golden/event.json"), nothing);
    check::<api::exec::ExecInspect>(None, include_str!("golden/exec_inspect.json"), nothing);
}
