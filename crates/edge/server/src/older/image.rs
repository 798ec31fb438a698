//! Images as older versions know them.

use serde_json::{Map, Value, json};

/// Until 1.50 lists did not count containers.
pub(super) fn containers_are_not_counted(summary: &mut Map<String, Value>) {
    summary.insert("Containers".into(), (-1).into());
}

/// Until 1.49 an image's configuration had all keys of a container's.
pub(super) fn config_is_a_containers(image: &mut Map<String, Value>) {
    let Some(Value::Object(config)) = image.get_mut("Config") else { return };
    let mut whole = empty_config();
    whole.extend(std::mem::take(config));
    *config = whole;
}

fn empty_config() -> Map<String, Value> {
    match serde_json::to_value(api::container::ContainerConfig::default()) {
        Ok(Value::Object(config)) => config,
        _ => Map::new(),
    }
}

/// Until 1.44 the container that an image was committed from was told; classic images have none.
pub(super) fn container_config_is_told(image: &mut Map<String, Value>) {
    image.insert("Container".into(), "".into());
    image.insert("ContainerConfig".into(), Value::Object(empty_config()));
}

/// Until 1.43 sizes were told twice.
pub(super) fn virtual_size_is_told(image: &mut Map<String, Value>) {
    let size = image.get("Size").cloned().unwrap_or_else(|| 0.into());
    image.insert("VirtualSize".into(), size);
}

/// Until 1.43 an image without a date had Go's zero time.
pub(super) fn created_is_always_told(image: &mut Map<String, Value>) {
    image.entry("Created").or_insert_with(|| "0001-01-01T00:00:00Z".into());
}

/// Until 1.42 an image without names had a name of its own.
pub(super) fn nameless_are_none(summary: &mut Map<String, Value>) {
    let empty = |key: &str| summary.get(key).and_then(Value::as_array).is_none_or(Vec::is_empty);
    if empty("RepoTags") && empty("RepoDigests") {
        summary.insert("RepoTags".into(), json!(["<none>:<none>"]));
        summary.insert("RepoDigests".into(), json!(["<none>@<none>"]));
    }
}

#[cfg(test)]
mod tests {
    use api::image::{ImageConfig, ImageInspect, ImageSummary};
    use api::version::ApiVersion;

    use super::super::{Form, convert};
    use super::*;

    #[test]
    fn a_nameless_image_is_none_and_its_size_is_told_twice() {
        let body = [ImageSummary { containers: 1, size: 7, ..Default::default() }];
        let old = convert(ApiVersion::v1(41), Form::ImageSummary, &body).unwrap();
        assert_eq!(old[0]["RepoTags"], json!(["<none>:<none>"]));
        assert_eq!(old[0]["RepoDigests"], json!(["<none>@<none>"]));
        assert_eq!((&old[0]["VirtualSize"], &old[0]["Containers"]), (&json!(7), &json!(-1)));
        let newer = convert(ApiVersion::v1(44), Form::ImageSummary, &body).unwrap();
        assert_eq!((&newer[0]["RepoTags"], newer[0].get("VirtualSize")), (&json!([]), None));
    }

    #[test]
    fn an_old_inspection_has_a_whole_configuration() {
        let config = Some(ImageConfig { user: "u".into(), ..Default::default() });
        let body = ImageInspect { config, ..Default::default() };
        let newest = convert(ApiVersion::v1(50), Form::ImageInspect, &body).unwrap();
        let config = json!({
            "User": "u", "Env": null, "Entrypoint": null, "Cmd": null, "Volumes": null, "WorkingDir": "",
            "Labels": null, "OnBuild": null,
        });
        assert_eq!(newest["Config"], config);
        let old = convert(ApiVersion::v1(41), Form::ImageInspect, &body).unwrap();
        assert_eq!((&old["Config"]["User"], &old["Config"]["Hostname"]), (&json!("u"), &json!("")));
        assert_eq!((&old["Container"], &old["Created"]), (&json!(""), &json!("0001-01-01T00:00:00Z")));
    }
}
