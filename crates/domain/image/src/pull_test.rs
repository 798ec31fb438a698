//! Pulls from a registry that may lie.

use std::time::Duration;

use fault::Kind;
use testkit::registry::{Act, Registry, Rule, Target, digest_of};

use crate::testing::{Home, container, has, layer, recorder, runtime, words};
use crate::{Removed, Status};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Layers that do not shrink, so that a cut falls inside.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + ((state >> 33) % 90) as u8)
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn an_image_comes_with_its_layers_names_and_words() {
    let registry = Registry::start().unwrap();
    let layers = [layer(&[("etc/base", "1")]), layer(&[("etc/top", "22"), (".wh.gone", "")])];
    let served = registry.add_image("team/app", "v1", &layers);
    let mut home = Home::new();
    let name = format!("{}/team/app:v1", registry.host());
    let (image, events) = home.pull(&name);
    let image = image.unwrap();
    assert_eq!(image.id, served.config);
    assert_eq!(image.repo_tags(), std::slice::from_ref(&name));
    assert_eq!(image.repo_digests(), [format!("{}/team/app@{}", registry.host(), served.manifest)]);
    assert_eq!(image.size, 3);
    assert_eq!(words(&events, "v1"), ["Pulling from team/app"]);
    let steps =
        ["Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete"];
    for layer in &served.layers {
        assert_eq!(words(&events, layer.short()), steps);
    }
    let last = [format!("Digest: {}", served.manifest), format!("Status: Downloaded newer image for {name}")];
    assert_eq!(words(&events, ""), last);

    let files = home.files();
    home.reopen(&|_| false);
    assert_eq!(home.files(), files, "a new process finds everything and removes nothing");
    let (again, events) = home.pull(&name);
    assert_eq!(again.unwrap().id, image.id);
    assert!(has(&events, &Status::Summary(format!("Image is up to date for {name}"))));

    let layers = home.images().create_container_layer(&image.id, &container(1)).unwrap();
    assert_eq!(std::fs::read_to_string(layers.lower[0].join("etc/top")).unwrap(), "22");
    assert_eq!(std::fs::read_to_string(layers.lower[1].join("etc/base")).unwrap(), "1");
}

#[test]
fn layers_are_shared_between_images_and_go_with_the_last_one() {
    let registry = Registry::start().unwrap();
    let base = layer(&[("base", "x")]);
    let one = registry.add_image("one", "latest", std::slice::from_ref(&base));
    let two = registry.add_image("two", "latest", &[base, layer(&[("two", "y")])]);
    let home = Home::new();
    let name = |repository: &str| format!("{}/{repository}", registry.host());
    home.pull(&name("one")).0.unwrap();
    let (_, events) = home.pull(&name("two"));
    assert_eq!(words(&events, one.layers[0].short()), ["Already exists"]);

    let removed = home.images().remove(&name("two"), false, true, &|_| vec![]).unwrap();
    let chain = crate::chain_ids(&two.layers);
    let expected = [
        Removed::Untagged(format!("{}:latest", name("two"))),
        Removed::Untagged(format!("{}@{}", name("two"), two.manifest)),
        Removed::Deleted(two.config.to_string()),
        Removed::Deleted(chain[1].to_string()),
    ];
    assert_eq!(removed, expected);
    assert!(home.files().iter().any(|path| path.ends_with("/diff/base")));
    home.images().remove(&name("one"), false, true, &|_| vec![]).unwrap();
    assert_eq!(home.files(), Vec::<String>::new());
}

#[test]
fn a_failed_pull_leaves_nothing_and_says_why() {
    let registry = Registry::start().unwrap();
    let text = noise(100_000);
    let layers = [layer(&[("small", "x")]), layer(&[("large", &text)])];
    let served = registry.add_image("app", "latest", &layers);
    let large = || Target::Path(served.layers[1].to_string());
    let mut wrong = layers[1].clone();
    wrong[50_000] ^= 1;
    let mut not_tar = layers[1].clone();
    not_tar[0] ^= 1;
    let cases = [
        ("other bytes", Act::Body(wrong), "filesystem layer verification failed for digest"),
        ("other bytes that are no archive", Act::Body(not_tar), "filesystem layer verification failed for digest"),
        ("too short", Act::Shorten(1000), "bytes, announced were"),
        ("too long", Act::Append(vec![0; 10]), "bytes, announced were"),
        ("refused", Act::Error(404, "BLOB_UNKNOWN".into(), "blob unknown".into()), "blob"),
    ];
    let home = Home::new();
    let name = format!("{}/app", registry.host());
    for (case, act, expected) in cases {
        registry.clear_rules();
        registry.add_rule(Rule::on(large()).act(act));
        let fault = home.pull(&name).0.unwrap_err();
        assert!(fault.message().contains(expected), "{case}: {fault}");
        assert_eq!(home.files(), Vec::<String>::new(), "{case}");
        assert!(home.images().list().is_empty(), "{case}");
    }
    registry.clear_rules();
    registry.add_rule(Rule::on(large()).times(1).act(Act::CutAfter(60_000)));
    home.pull(&name).0.expect("a cut connection goes on where it was");
}

/// Serves an image of these layers: media type, blob, diff id.
fn serve(registry: &Registry, repository: &str, layers: &[(&str, Vec<u8>, String)]) {
    let diff_ids: Vec<_> = layers.iter().map(|(_, _, diff_id)| diff_id).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = config.to_string().into_bytes();
    let described = |media_type: &str, bytes: &Vec<u8>| {
        let digest = registry.add_blob(bytes.clone());
        serde_json::json!({"mediaType": media_type, "size": bytes.len(), "digest": digest.as_str()})
    };
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": described("application/vnd.oci.image.config.v1+json", &config),
        "layers": layers.iter().map(|(media_type, bytes, _)| described(media_type, bytes)).collect::<Vec<_>>(),
    });
    registry.add_manifest(repository, Some("latest"), media_type, manifest.to_string().as_bytes());
}

#[test]
fn layers_come_in_every_codec_whatever_their_media_type_says() {
    use std::io::Write;
    let registry = Registry::start().unwrap();
    let home = Home::new();
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let layers = ["plain", "gzip", "zstd", "mislabelled"].map(|text| layer(&[(text, text)]));
    zstd.write_all(&layers[2]).unwrap();
    let id = |at: usize| digest_of(&layers[at]).to_string();
    let plain = "application/vnd.oci.image.layer.v1.tar";
    serve(
        &registry,
        "codecs",
        &[
            (plain, layers[0].clone(), id(0)),
            (&format!("{plain}+gzip"), gzip(&layers[1]), id(1)),
            (&format!("{plain}+zstd"), zstd.finish().unwrap(), id(2)),
            (&format!("{plain}+zstd"), gzip(&layers[3]), id(3)),
        ],
    );
    let image = home.pull(&format!("{}/codecs", registry.host())).0.unwrap();
    let layers = home.images().create_container_layer(&image.id, &container(1)).unwrap();
    for (lower, name) in layers.lower.iter().rev().zip(["plain", "gzip", "zstd", "mislabelled"]) {
        assert_eq!(std::fs::read_to_string(lower.join(name)).unwrap(), name);
    }
}

#[test]
fn a_bomb_stops_at_its_limit_and_leaves_nothing() {
    let registry = Registry::start().unwrap();
    let home = Home::new();
    let mut tar = archive::TarWriter::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    let zeros = crate::testing::entry("zeros", 2 << 30);
    tar.append(&zeros, std::io::repeat(0)).unwrap();
    let bomb = tar.finish().unwrap().finish().unwrap();
    let media_type = "application/vnd.oci.image.layer.v1.tar+zstd";
    serve(&registry, "bomb", &[(media_type, bomb, digest_of(b"never compared").to_string())]);
    let fault = home.pull(&format!("{}/bomb", registry.host())).0.unwrap_err();
    assert_eq!(fault.message(), "archive: more than 1073741824 bytes");
    assert_eq!(home.files(), Vec::<String>::new());
}

#[test]
fn lies_of_manifest_and_configuration_are_found() {
    let registry = Registry::start().unwrap();
    let home = Home::new();
    let bytes = layer(&[("a", "x")]);
    let good = registry.add_image("good", "latest", std::slice::from_ref(&bytes));
    // The configuration promises another layer.
    let packed = gzip(&bytes);
    let gzipped = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let lie = |diff_id: &str| serve(&registry, "lie", &[(gzipped, packed.clone(), diff_id.to_owned())]);
    let name = format!("{}/lie", registry.host());
    lie(digest_of(b"another").as_str());
    let fault = home.pull(&name).0.unwrap_err();
    assert_eq!(fault.message(), "layers from manifest don't match image configuration");
    assert_eq!(home.files(), Vec::<String>::new());
    // The same blob under a true configuration is taken.
    lie(good.layers[0].as_str());
    home.pull(&name).0.unwrap();

    for (name, kind) in [("missing", Kind::NotFound), ("good:missing", Kind::NotFound)] {
        let fault = home.pull(&format!("{}/{name}", registry.host())).0.unwrap_err();
        assert_eq!(fault.kind(), kind, "{fault}");
    }
}

#[test]
fn pulls_side_by_side_fetch_a_layer_once() {
    let registry = Registry::start().unwrap();
    let base = layer(&[("base", &noise(200_000))]);
    let one = registry.add_image("one", "latest", std::slice::from_ref(&base));
    registry.add_image("two", "latest", &[base, layer(&[("two", "y")])]);
    registry.add_rule(Rule::on(Target::Blob).act(Act::Drip(20_000, Duration::from_millis(5))));
    let home = Home::new();
    let pull = |repository: &str| {
        let (progress, _) = recorder();
        let reference = format!("{}/{repository}", registry.host()).parse().unwrap();
        let images = home.images().clone();
        async move { images.pull(&reference, None, None, progress).await }
    };
    runtime().block_on(async {
        let (a, b, c) = tokio::join!(pull("one"), pull("two"), pull("one"));
        for pulled in [a, b, c] {
            pulled.unwrap();
        }
    });
    let asked = registry.requests().iter().filter(|request| request.path.ends_with(one.layers[0].as_str())).count();
    assert_eq!(asked, 1);
    assert_eq!(home.images().list().len(), 2);
}

#[test]
fn a_pull_that_is_dropped_leaves_nothing() {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "latest", &[layer(&[("large", &noise(200_000))])]);
    registry.add_rule(Rule::on(Target::Blob).after(1).act(Act::StallAfter(100_000)));
    let home = Home::new();
    let (progress, events) = recorder();
    let reference = format!("{}/app", registry.host()).parse().unwrap();
    runtime().block_on(async {
        let pull = home.images().pull(&reference, None, None, progress);
        tokio::select! {
            _ = pull => panic!("it cannot end"),
            () = async {
                while !events.lock().unwrap().iter().any(|event| event.status.amount().is_some_and(|(n, _)| n > 0)) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            } => {}
        }
    });
    // The runtime has ended and with it the thread that unpacked.
    assert_eq!(home.files(), Vec::<String>::new());
}

#[test]
fn layers_of_a_container_outlive_its_image() {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "latest", &[layer(&[("file", "x")])]);
    let mut home = Home::new();
    let name = format!("{}/app", registry.host());
    let image = home.pull(&name).0.unwrap();
    let layers = home.images().create_container_layer(&image.id, &container(1)).unwrap();
    let users = |_: &crate::ImageId| vec![crate::User { container: container(1).to_string(), is_running: false }];
    let refused = home.images().remove(&name, false, true, &users).unwrap_err();
    let expected = format!(
        "conflict: unable to remove repository reference {name:?} (must force) - container {} is using its referenced image {}",
        container(1).short(),
        image.id.short()
    );
    assert_eq!((refused.kind(), refused.message()), (Kind::Conflict, expected.as_str()));
    let removed = home.images().remove(&name, true, true, &users).unwrap();
    assert_eq!(removed.last(), Some(&Removed::Deleted(image.id.to_string())));
    assert!(layers.lower[0].join("file").exists());

    home.reopen(&|id| id == container(1).as_str());
    let after = home.images().container_layers(&container(1), &image.id).unwrap();
    assert_eq!(after, layers);
    home.images().remove_container_layer(&container(1)).unwrap();
    assert_eq!(home.files(), Vec::<String>::new());
}
