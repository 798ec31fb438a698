use super::*;

const HEX: &str = "7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa";

fn descriptor(media_type: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","size":7,"digest":"sha256:{HEX}"}}"#)
}

fn document(media_type: Option<&str>, rest: &str) -> String {
    let media_type = media_type.map(|text| format!(r#""mediaType":"{text}","#)).unwrap_or_default();
    format!(r#"{{"schemaVersion":2,{media_type}{rest}}}"#)
}

fn manifest_fields() -> String {
    format!(r#""config":{},"layers":[{}]"#, descriptor("c"), descriptor("l"))
}

fn index_fields() -> String {
    format!(r#""manifests":[{}]"#, descriptor(OCI_MANIFEST))
}

#[track_caller]
fn refuse(document: &str, announced: Option<&str>, message: &str) {
    let error = Parsed::read(document.as_bytes(), announced).expect_err(document);
    let text = match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    assert!(text.contains(message), "{text}\nis not\n{message}");
}

#[test]
fn reads_all_four_kinds() {
    for kind in [DOCKER_MANIFEST, OCI_MANIFEST] {
        let text = document(Some(kind), &manifest_fields());
        for announced in [None, Some(kind), Some(&*format!("{kind}; charset=utf-8"))] {
            let Parsed::Manifest(manifest) = Parsed::read(text.as_bytes(), announced).unwrap() else { panic!("index") };
            assert_eq!((manifest.layers.len(), manifest.config.size), (1, 7));
        }
    }
    for kind in [DOCKER_LIST, OCI_INDEX] {
        let text = document(Some(kind), &index_fields());
        let Parsed::Index(index) = Parsed::read(text.as_bytes(), Some(kind)).unwrap() else { panic!("manifest") };
        assert_eq!(index.manifests.len(), 1);
    }
}

#[test]
fn only_oci_may_leave_its_type_out_and_then_it_is_announced() {
    let manifest = document(None, &manifest_fields());
    let index = document(None, &index_fields());
    assert!(Parsed::read(manifest.as_bytes(), Some(OCI_MANIFEST)).is_ok());
    assert!(Parsed::read(index.as_bytes(), Some(OCI_INDEX)).is_ok());
    refuse(&manifest, None, "states no media type");
    refuse(&manifest, Some(""), "states no media type");
    refuse(&manifest, Some(DOCKER_MANIFEST), "states no media type");
    refuse(&index, Some(DOCKER_LIST), "states no media type");
    refuse(&manifest, Some(OCI_INDEX), "unsupported manifest media type");
    refuse(&index, Some(OCI_MANIFEST), "unsupported manifest media type");
    refuse(&manifest, Some("application/json"), "unsupported manifest media type");
}

#[test]
fn a_document_is_one_thing_only() {
    let both = format!("{},{}", manifest_fields(), index_fields());
    for kind in [DOCKER_MANIFEST, OCI_MANIFEST, DOCKER_LIST, OCI_INDEX] {
        refuse(&document(Some(kind), &both), Some(kind), "ambiguous");
        refuse(&document(None, &both), Some(kind), "ambiguous");
    }
    let empty = format!(r#"{},"manifests":[]"#, manifest_fields());
    refuse(&document(Some(OCI_MANIFEST), &empty), Some(OCI_MANIFEST), "both `layers` and `manifests`");
    let null = format!(r#"{},"layers":null"#, index_fields());
    refuse(&document(Some(OCI_INDEX), &null), None, "both `layers` and `manifests`");
    let config = format!(r#"{},"config":{}"#, index_fields(), descriptor("c"));
    refuse(&document(Some(OCI_INDEX), &config), None, "both `config` and `manifests`");
    let old = format!(r#"{},"fsLayers":[]"#, manifest_fields());
    refuse(&document(Some(OCI_MANIFEST), &old), None, "fsLayers");
}

#[test]
fn spelling_and_repetition_do_not_help() {
    let other_case = format!(r#"{},"Manifests":[]"#, manifest_fields());
    refuse(&document(Some(OCI_MANIFEST), &other_case), None, "repeated or misspelt");
    let twice = format!(r#"{},"layers":[]"#, manifest_fields());
    refuse(&document(Some(OCI_MANIFEST), &twice), None, "repeated or misspelt");
    let types = format!(r#""mediaType":"{OCI_INDEX}",{}"#, manifest_fields());
    refuse(&document(Some(OCI_MANIFEST), &types), None, "repeated or misspelt");
}

#[test]
fn the_types_must_tell_the_truth() {
    refuse(&document(Some(OCI_INDEX), &manifest_fields()), None, "unsupported manifest media type");
    refuse(&document(Some(OCI_MANIFEST), &index_fields()), None, "unsupported manifest media type");
    refuse(&document(Some(OCI_MANIFEST), &manifest_fields()), Some(DOCKER_MANIFEST), "announced was");
    refuse(&document(Some(OCI_MANIFEST), &manifest_fields()), Some("application/octet-stream"), "announced was");
    refuse(&document(Some("text/html"), &manifest_fields()), None, "unsupported manifest media type");
}

#[test]
fn other_schemas_and_broken_documents() {
    refuse(r#"{"schemaVersion":1,"fsLayers":[],"history":[]}"#, None, "schema 1 is not supported");
    refuse(r#"{"schemaVersion":3,"layers":[]}"#, None, "unsupported schema version 3");
    refuse(r#"{"layers":[]}"#, None, "unsupported schema version 0");
    refuse(&document(Some(OCI_MANIFEST), r#""config":{}"#), None, "neither `layers` nor `manifests`");
    refuse("{", None, "malformed");
    refuse("[]", None, "malformed");
    refuse("", None, "malformed");
    let negative = manifest_fields().replace("\"size\":7", "\"size\":-7");
    refuse(&document(Some(OCI_MANIFEST), &negative), None, "malformed");
    let path = manifest_fields().replace(HEX, "../../etc/passwd");
    refuse(&document(Some(OCI_MANIFEST), &path), None, "invalid checksum digest");
    refuse(&format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20)), None, "malformed");
    refuse(&document(Some(OCI_MANIFEST), &format!(r#""x":{}"#, "[".repeat(1 << 20))), None, "malformed");
}

#[test]
fn sizes_are_bounded() {
    let spaces = document(Some(OCI_MANIFEST), &manifest_fields()) + &" ".repeat(MAX_MANIFEST);
    refuse(&spaces, None, "more than the 4194304 that are allowed");
    let layers = |count: usize| {
        let layers = vec![descriptor("l"); count].join(",");
        document(Some(OCI_MANIFEST), &format!(r#""config":{},"layers":[{layers}]"#, descriptor("c")))
    };
    assert!(Parsed::read(layers(500).as_bytes(), None).is_ok());
    refuse(&layers(501), None, "a list of at most 500 elements");
    refuse(&layers(20_000), None, "a list of at most 500 elements");
    refuse(&layers(200_000), None, "more than the 4194304 that are allowed");
    let entries = vec![descriptor("m"); 4097].join(",");
    let index = document(Some(OCI_INDEX), &format!(r#""manifests":[{entries}]"#));
    refuse(&index, None, "a list of at most 4096 elements");
}
