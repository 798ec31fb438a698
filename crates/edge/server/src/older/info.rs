//! `GET /info` as older versions know it.

use serde_json::{Map, Value, json};

/// Until 1.49.
pub(super) fn bridge_filters_are_told(info: &mut Map<String, Value>) {
    info.entry("BridgeNfIptables").or_insert(false.into());
    info.entry("BridgeNfIp6tables").or_insert(false.into());
}

/// Until 1.48 each part told also the revision that was expected, and nothing of the firewall.
pub(super) fn expected_commits_are_told(info: &mut Map<String, Value>) {
    info.shift_remove("FirewallBackend");
    for part in ["ContainerdCommit", "RuncCommit", "InitCommit"] {
        if let Some(Value::Object(commit)) = info.get_mut(part) {
            let id = commit.get("ID").cloned().unwrap_or_default();
            commit.insert("Expected".into(), id);
        }
    }
}

/// Until 1.46.
pub(super) fn nondistributable_artifacts_are_told(info: &mut Map<String, Value>) {
    if let Some(Value::Object(registries)) = info.get_mut("RegistryConfig") {
        registries.insert("AllowNondistributableArtifactsCIDRs".into(), json!([]));
        registries.insert("AllowNondistributableArtifactsHostnames".into(), json!([]));
    }
}

/// Until 1.43 there was neither a runtime's status nor CDI.
pub(super) fn runtimes_have_no_status(info: &mut Map<String, Value>) {
    info.shift_remove("CDISpecDirs");
    let runtimes = info.get_mut("Runtimes").and_then(Value::as_object_mut);
    for runtime in runtimes.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        runtime.shift_remove("status");
    }
}

/// Until 1.41.
pub(super) fn kernel_memory_is_told(info: &mut Map<String, Value>) {
    info.entry("KernelMemory").or_insert(false.into());
    info.entry("KernelMemoryTCP").or_insert(false.into());
}

/// Until 1.38.
pub(super) fn warnings_are_not_told(info: &mut Map<String, Value>) {
    info.shift_remove("Warnings");
}

/// Until 1.24 `name=seccomp,profile=builtin` was `seccomp`.
pub(super) fn security_options_are_names(info: &mut Map<String, Value>) {
    let Some(Value::Array(options)) = info.get_mut("SecurityOptions") else { return };
    for option in options {
        let name = option.as_str().and_then(|text| text.split(',').find_map(|part| part.strip_prefix("name=")));
        *option = json!(name.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use api::system::{Commit, Info};
    use api::version::ApiVersion;

    use super::super::{Form, convert};
    use super::*;

    #[test]
    fn each_version_has_its_own_fields() {
        let commit = Commit { id: "abc".into(), ..Default::default() };
        let options = vec!["name=seccomp,profile=builtin".to_owned(), "name=cgroupns".to_owned()];
        let body = Info { runc_commit: commit, security_options: options, ..Default::default() };
        let of = |minor| convert(ApiVersion::v1(minor), Form::Info, &body).unwrap();
        assert_eq!(of(51).get("BridgeNfIptables"), None);
        assert_eq!(of(49)["BridgeNfIptables"], json!(false));
        assert_eq!(of(49)["RuncCommit"], json!({"ID": "abc"}));
        assert_eq!(of(48)["RuncCommit"], json!({"ID": "abc", "Expected": "abc"}));
        assert_eq!(of(41)["KernelMemory"], json!(false));
        assert_eq!(of(38).get("Warnings"), None);
        assert_eq!(of(24)["SecurityOptions"], json!(["seccomp", "cgroupns"]));
    }
}
