//! Save, load and import.

use archive::{Kind, TarWriter};
use content::Hasher;
use names::Digest;
use testkit::registry::Registry;

use crate::testing::{Home, container, entry, layer, recorder, words};
use crate::{Import, Loaded, Progress};

/// An archive of named files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new());
    for (path, bytes) in files {
        tar.append(&entry(path, bytes.len()), *bytes).unwrap();
    }
    tar.finish().unwrap()
}

fn config(layers: &[&[u8]]) -> Vec<u8> {
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Hasher::sha256(layer)).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    config.to_string().into_bytes()
}

fn save(home: &Home, names: &[&str]) -> Vec<u8> {
    let mut archive = Vec::new();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    home.images().save(&names, &mut archive).unwrap();
    archive
}

fn load(home: &Home, archive: &[u8]) -> Result<Vec<Loaded>, String> {
    home.images().load(archive, &Progress::none()).map_err(|fault| fault.message().to_owned())
}

#[test]
fn what_is_saved_is_loaded_elsewhere_the_same() {
    let registry = Registry::start().unwrap();
    let base = layer(&[("base", "1")]);
    registry.add_image("one", "v1", &[base.clone(), layer(&[("one", "2")])]);
    registry.add_image("two", "v1", &[base]);
    let home = Home::new();
    let one = home.pull(&format!("{}/one:v1", registry.host())).0.unwrap();
    let two = home.pull(&format!("{}/two:v1", registry.host())).0.unwrap();
    home.images().tag(one.id.as_str(), &"mine:a".parse().unwrap()).unwrap();
    home.images().tag(one.id.as_str(), &"mine:b".parse().unwrap()).unwrap();
    let archive = save(&home, &["mine", two.id.as_str()]);
    assert!(archive == save(&home, &["mine", two.id.as_str()]), "equal images give equal archives");

    let other = Home::new();
    let loaded = load(&other, &archive).unwrap();
    let expected = [Loaded::Name("mine:a".into()), Loaded::Name("mine:b".into()), Loaded::Id(two.id.clone())];
    assert_eq!(loaded, expected);
    assert_eq!(loaded[2].to_string(), format!("Loaded image ID: {}", two.id));
    let same = other.images().get("mine:a").unwrap();
    assert_eq!((same.id.clone(), &same.config_text, same.size), (one.id.clone(), &one.config_text, one.size));
    assert_eq!(same.manifests, one.manifests, "it is still the image that was pulled");
    assert!(other.images().get(two.id.as_str()).unwrap().is_dangling());
    let layers = other.images().create_container_layer(&same.id, &container(1)).unwrap();
    assert_eq!(std::fs::read_to_string(layers.lower[0].join("one")).unwrap(), "2");
    assert_eq!(load(&other, &archive).unwrap(), expected, "a second time changes nothing");

    // Without manifest.json it is an OCI layout.
    let layout = without(&archive, "manifest.json");
    let third = Home::new();
    assert_eq!(load(&third, &layout).unwrap(), expected);
    let compressed = gzip(&layout);
    assert_eq!(load(&Home::new(), &compressed).unwrap(), expected);
    let fault = home.images().save(&["nothing".into()], std::io::sink()).unwrap_err();
    assert_eq!(fault.message(), "No such image: nothing:latest");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The archive without one of its files.
fn without(archive: &[u8], name: &str) -> Vec<u8> {
    let mut reader = archive::Reader::new(archive, archive::Limits::default());
    let mut tar = TarWriter::new(Vec::new());
    while let Some(entry) = reader.next_entry().unwrap() {
        let mut content = Vec::new();
        while let data @ [_, ..] = reader.data().unwrap() {
            content.extend_from_slice(data);
            let amount = data.len();
            reader.advance(amount).unwrap();
        }
        if entry.path != name.as_bytes() {
            tar.append(&entry, content.as_slice()).unwrap();
        }
    }
    tar.finish().unwrap()
}

#[test]
fn archives_of_old_engines_link_their_layers_and_name_them_last() {
    let base = layer(&[("base", "1")]);
    let config = config(&[&base, &base]);
    let mut tar = TarWriter::new(Vec::new());
    tar.append(&entry("aaaa/layer.tar", base.len()), base.as_slice()).unwrap();
    let mut link = entry("bbbb/layer.tar", 0);
    link.kind = Kind::Symlink;
    link.link = b"../aaaa/layer.tar".to_vec();
    tar.append(&link, std::io::empty()).unwrap();
    tar.append(&entry("c.json", config.len()), config.as_slice()).unwrap();
    let manifest = br#"[{"Config":"c.json","RepoTags":["old:v1"],"Layers":["aaaa/layer.tar","bbbb/layer.tar"]}]"#;
    tar.append(&entry("manifest.json", manifest.len()), &manifest[..]).unwrap();
    let archive = tar.finish().unwrap();

    let home = Home::new();
    let (progress, events) = recorder();
    home.images().load(archive.as_slice(), &progress).unwrap();
    let id = Hasher::sha256(&base);
    assert_eq!(words(&events.lock().unwrap(), id.short()), ["Loading layer"]);
    let image = home.images().get("old:v1").unwrap();
    assert_eq!(image.id, Hasher::sha256(&config));
    let layers = home.images().create_container_layer(&image.id, &container(1)).unwrap();
    assert_eq!(layers.lower.len(), 1, "the same directory twice is refused by the kernel");

    // Another image takes the name.
    let other = crate::archive_test::config(&[&base]);
    let manifest = br#"[{"Config":"c.json","RepoTags":["old:v1"],"Layers":["l"]}]"#;
    let archive = self::tar(&[("l", &base), ("c.json", &other), ("manifest.json", manifest)]);
    let (progress, events) = recorder();
    home.images().load(archive.as_slice(), &progress).unwrap();
    let line = format!("The image old:v1 already exists, renaming the old one with ID {} to empty string", image.id);
    assert_eq!(words(&events.lock().unwrap(), ""), [line]);
}

#[test]
fn bad_archives_leave_nothing() {
    let base = layer(&[("base", "1")]);
    let good = config(&[&base]);
    let manifest = |layers: &str, tags: &str| {
        format!(r#"[{{"Config":"c.json","RepoTags":[{tags}],"Layers":[{layers}]}}]"#).into_bytes()
    };
    let hostile = layer(&[("../../escape", "x")]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", tar(&[]), "neither a manifest.json nor an index.json"),
        ("no archive", vec![b'x'; 5000], "not a tar archive"),
        ("no configuration", tar(&[("manifest.json", &manifest("\"l\"", ""))]), "the archive has no file \"c.json\""),
        ("no layer", tar(&[("c.json", &good), ("manifest.json", &manifest("\"l\"", ""))]), "no file \"l\""),
        ("layers missing", tar(&[("c.json", &good), ("manifest.json", &manifest("", ""))]), "expected 1, got 0"),
        (
            "another layer",
            tar(&[("c.json", &good), ("l", &layer(&[("x", "y")])), ("manifest.json", &manifest("\"l\"", ""))]),
            "layers from manifest don't match image configuration",
        ),
        (
            "path out of the archive",
            tar(&[("c.json", &good), ("manifest.json", &manifest("\"../../../etc/passwd\"", ""))]),
            "no file",
        ),
        (
            "bad name",
            tar(&[("c.json", &good), ("l", &base), ("manifest.json", &manifest("\"l\"", "\"../x:y\""))]),
            "invalid reference format",
        ),
        (
            "hostile layer",
            tar(&[("c.json", &config(&[&hostile])), ("l", &hostile), ("manifest.json", &manifest("\"l\"", ""))]),
            "leads out of the layer",
        ),
        ("malformed", tar(&[("manifest.json", b"[{]")]), "malformed"),
        (
            "windows",
            tar(&[
                ("c.json", br#"{"os":"windows","rootfs":{"type":"layers","diff_ids":[]}}"#),
                ("manifest.json", &manifest("", "")),
            ]),
            "image operating system \"windows\" cannot be used on this platform",
        ),
    ];
    let home = Home::new();
    for (case, archive, expected) in cases {
        let message = load(&home, &archive).unwrap_err();
        assert!(message.contains(expected), "{case}: {message}");
        assert_eq!(home.files(), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn a_root_file_system_becomes_an_image() {
    let home = Home::new();
    let root = layer(&[("bin/sh", "#!")]);
    let import = |target: &str| Import {
        target: Some(target.parse().unwrap()),
        message: "Imported from -".into(),
        config: oci::image::ContainerConfig { cmd: Some(vec!["sh".into()]), ..Default::default() },
        platform: None,
    };
    for (bytes, name) in [(root.clone(), "plain"), (gzip(&root), "packed")] {
        let id = home.images().import(bytes.as_slice(), import(name)).unwrap();
        let image = home.images().get(name).unwrap();
        assert_eq!(image.id, id);
        assert_eq!(image.diff_ids(), [Hasher::sha256(&root)]);
        assert_eq!(image.config.config.cmd.as_deref(), Some(&["sh".to_owned()][..]));
        let history = home.images().history(name).unwrap();
        assert_eq!((history.len(), history[0].size, history[0].comment.as_str()), (1, 2, "Imported from -"));
        assert_eq!((history[0].id.clone(), history[0].tags.clone()), (id.to_string(), vec![format!("{name}:latest")]));
    }
    let archive = save(&home, &["plain"]);
    let other = Home::new();
    load(&other, &archive).unwrap();
    assert_eq!(other.images().get("plain").unwrap().id, home.images().get("plain").unwrap().id);
    assert!(home.images().import(&b"no archive"[..], import("bad")).is_err());
    assert_eq!(home.images().list().len(), 2);
}
