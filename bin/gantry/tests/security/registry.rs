//! E1, E2, E5 and what else a registry may do: each pull ends in the image that was asked for, or in one clear error and
//! nothing stored.
//!
//! How the protocol's client takes each lie is tested beside it; here what becomes of it in the daemon.

use std::time::Duration;

use serde_json::json;
use testkit::registry::{Act, Auth, Image, Registry, Rule, Target, digest_of};

use crate::archives::{Tar, busybox, gzip};
use crate::bench::Bench;
use crate::http::{self, Answer};

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// `{"username":"u","password":"p"}`, as clients send it.
const CREDENTIALS: &str = "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ==";

fn pull(bench: &Bench, name: &str) -> Answer {
    ask(bench, name, "")
}

fn pull_as_user(bench: &Bench, name: &str) -> Answer {
    ask(bench, name, &format!("X-Registry-Auth: {CREDENTIALS}\r\n"))
}

fn ask(bench: &Bench, name: &str, headers: &str) -> Answer {
    let (name, tag) = if name.contains('@') { (name, "") } else { name.rsplit_once(':').unwrap() };
    let path = format!("/images/create?fromImage={}&tag={tag}", name.replace('@', "%40"));
    http::ask(&bench.daemon.socket(), &format!("POST {path} HTTP/1.0\r\nHost: x\r\n{headers}\r\n"), b"")
}

/// The refusal's one line, after which there is nothing of the image.
#[track_caller]
fn refused(bench: &Bench, lie: &str, answer: &Answer) -> String {
    assert!(matches!(answer.status, 200 | 400 | 401 | 403 | 404 | 500 | 503), "{lie}: {answer:?}");
    let message = answer.error().unwrap_or_else(|| panic!("{lie}: {answer:?}"));
    assert!(!message.is_empty() && !message.contains('\n') && !message.contains("panicked"), "{lie}: {message}");
    assert_eq!(bench.gantry.ok(&["images", "-aq"]).lines().count(), 1, "{lie}");
    bench.assert_clean();
    message
}

fn layers() -> [Vec<u8>; 2] {
    [busybox(), Tar::new().file("x", 0o644, &[7; 100_000]).end()]
}

fn registry_with_app() -> (Registry, Image) {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &layers());
    (registry, image)
}

#[test]
fn names_that_are_not_there_are_told_as_docker_tells_them() {
    let bench = Bench::start();
    let (registry, image) = registry_with_app();
    let host = registry.host();
    let zeros = "0".repeat(64);
    for (name, words) in [
        (format!("{host}/nothing:v1"), "not found"),
        (format!("{host}/app:v2"), "manifest unknown"),
        (format!("{host}/app@sha256:{zeros}"), "manifest unknown"),
    ] {
        let message = refused(&bench, &name, &pull(&bench, &name));
        assert!(message.contains(words) || message.contains("manifest unknown"), "{name}: {message}");
        for client in [&bench.gantry, &bench.docker] {
            assert!(!client.fails(1, &["pull", &name]).is_empty());
            assert!(!client.fails(125, &["run", "--rm", &name]).is_empty());
        }
    }
    for name in ["", "A/B", "x:y:z", "x@sha256:12", "-x", "x/", "/x", "x//y", ".x", &zeros] {
        let output = bench.gantry.run(&["run", "--rm", "--", name]);
        assert_eq!(output.code, 125, "{name:?}: {output:?}");
        assert_ne!(bench.gantry.run(&["pull", "--", name]).code, 0, "{name:?}");
    }
    // What is there is there under both of its names.
    assert_eq!(pull(&bench, &format!("{host}/app@{}", image.manifest)).error(), None);
    bench.finish();
}

#[test]
fn a_registry_that_is_down_is_told_and_nothing_is_left() {
    let bench = Bench::start();
    let (registry, _) = registry_with_app();
    let name = format!("{}/app:v1", registry.host());
    drop(registry);
    let message = refused(&bench, "down", &pull(&bench, &name));
    assert!(message.contains("connection refused"), "{message}");
    for client in [&bench.gantry, &bench.docker] {
        assert!(client.fails(125, &["run", "--rm", &name]).contains("connection refused"));
    }
    // A name that nobody knows, where there is no name server.
    let message = refused(&bench, "no host", &pull(&bench, "no-such-host.invalid:5000/app:v1"));
    assert!(message.contains("no-such-host.invalid"), "{message}");
    bench.finish();
}

#[test]
fn a_slow_registry_is_waited_for_and_a_silent_one_is_left_when_the_client_goes() {
    let bench = Bench::start();
    let (registry, _) = registry_with_app();
    let name = format!("{}/app:v1", registry.host());
    registry.add_rule(Rule::on(Target::Blob).act(Act::StallAfter(1000)));
    let job = bench.gantry.start(&["pull", &name]);
    testkit::eventually("a request for a layer", || {
        registry.requests().iter().any(|request| request.path.contains("/blobs/")).then_some(())
    });
    drop(job);
    bench.assert_clean();
    assert_eq!(bench.gantry.ok(&["images", "-q"]).lines().count(), 1);
    registry.clear_rules();
    registry.add_rule(Rule::on(Target::Blob).act(Act::Drip(64 << 10, Duration::from_millis(5))));
    assert_eq!(pull(&bench, &name).error(), None);
    assert_eq!(bench.gantry.ok(&["run", "--rm", &name, "/bin/wc", "-c", "/x"]), "100000 /x");
    bench.finish();
}

#[test]
fn wrong_bytes_are_refused_at_every_step() {
    let bench = Bench::start();
    let (registry, image) = registry_with_app();
    let name = format!("{}/app:v1", registry.host());
    let layer = || Target::Path(image.layers[1].to_string());
    let config = || Target::Path(image.config.to_string());
    let other = Tar::new().file("x", 0o644, &[8; 100_000]).end();
    let lies: Vec<(&str, Rule)> = vec![
        ("another layer of the same length", Rule::on(layer()).act(Act::Body(other))),
        ("a longer layer", Rule::on(layer()).act(Act::Append(b"more".to_vec()))),
        ("a shorter layer", Rule::on(layer()).act(Act::Shorten(50_000))),
        ("a layer without a byte", Rule::on(layer()).act(Act::Shorten(0))),
        ("a layer of another length", Rule::on(layer()).act(Act::ClaimLength(5)).act(Act::CutAfter(5))),
        ("a web page for a layer", Rule::on(layer()).act(Act::Body(b"<html>".to_vec()))),
        ("another configuration", Rule::on(config()).act(Act::Body(b"{}".to_vec()))),
        ("a longer configuration", Rule::on(config()).act(Act::Append(b" ".to_vec()))),
        ("a manifest that is cut", Rule::on(Target::Manifest).act(Act::Shorten(100))),
        ("a web page for a manifest", Rule::on(Target::Manifest).act(Act::Body(b"<html>".to_vec()))),
    ];
    for (lie, rule) in lies {
        registry.clear_rules();
        registry.add_rule(rule);
        let message = refused(&bench, lie, &pull(&bench, &name));
        assert!(!message.contains("<html>"), "{lie}: {message}");
    }
    // By digest the manifest itself is checked as well, also where it would do.
    registry.clear_rules();
    registry.add_rule(Rule::on(Target::Manifest).act(Act::Append(b" ".to_vec())));
    let name = format!("{}/app@{}", registry.host(), image.manifest);
    let message = refused(&bench, "a manifest with a space more", &pull(&bench, &name));
    assert!(message.contains("manifest verification failed for digest"), "{message}");
    // The registry of before, telling the truth.
    registry.clear_rules();
    assert_eq!(pull(&bench, &name).error(), None);
    bench.finish();
}

#[test]
fn a_rest_of_another_blob_is_refused() {
    let bench = Bench::start();
    let (registry, image) = registry_with_app();
    let layer = || Target::Path(image.layers[1].to_string());
    let other = Tar::new().file("x", 0o644, &[8; 100_000]).end();
    registry.add_rule(Rule::on(layer()).times(1).act(Act::CutAfter(50_000)));
    registry.add_rule(Rule::on(layer()).after(1).act(Act::Body(other[50_000..].to_vec())));
    refused(&bench, "a rest of another blob", &pull(&bench, &format!("{}/app:v1", registry.host())));
    bench.finish();
}

#[test]
fn a_document_that_can_be_read_in_two_ways_is_refused() {
    let bench = Bench::start();
    let (registry, image) = registry_with_app();
    let text = String::from_utf8(image.manifest_bytes).unwrap();
    let both = text.replacen('{', "{\"manifests\":[],", 1);
    let untyped = text.replacen(&format!("\"mediaType\":\"{MANIFEST}\","), "", 1);
    let index_with_layers = json!({
        "schemaVersion": 2, "mediaType": INDEX, "layers": [], "config": {},
        "manifests": [{"mediaType": MANIFEST, "digest": image.manifest.to_string(), "size": text.len()}],
    });
    let twice = text.replacen("\"config\":", "\"config\":{\"digest\":\"x\"},\"config\":", 1);
    let cased = text.replacen("\"layers\":", "\"Layers\":[],\"layers\":", 1);
    for (lie, document, media_type) in [
        ("both kinds as a manifest", both.as_str(), MANIFEST),
        ("both kinds as an index", &both, INDEX),
        ("an index with layers", &index_with_layers.to_string(), INDEX),
        ("a manifest called an index", &text, INDEX),
        ("a manifest called a file", &text, "application/octet-stream"),
        ("a kind that neither says", &untyped, "text/plain"),
        ("one member twice", &twice, MANIFEST),
        ("schema 1", r#"{"schemaVersion":1,"name":"app","tag":"v1","fsLayers":[],"history":[]}"#, "application/json"),
        ("no object", "[]", MANIFEST),
    ] {
        registry.add_manifest("app", Some("bad"), media_type, document.as_bytes());
        refused(&bench, lie, &pull(&bench, &format!("{}/app:bad", registry.host())));
    }
    // A member in another case means nothing, or is refused; it does not take the place of the real one.
    registry.add_manifest("app", Some("cased"), MANIFEST, cased.as_bytes());
    let name = format!("{}/app:cased", registry.host());
    if pull(&bench, &name).error().is_none() {
        assert_eq!(bench.gantry.ok(&["run", "--rm", &name, "/bin/wc", "-c", "/x"]), "100000 /x");
    }
    bench.finish();
}

#[test]
fn manifest_and_configuration_must_agree() {
    let bench = Bench::start();
    let registry = Registry::start().unwrap();
    // One that is not here already.
    let plain = Tar::new().file("x", 0o644, &[9; 1000]).end();
    let layer = gzip(&plain);
    let blob = registry.add_blob(layer.clone());
    let layer_type = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let diff_id = digest_of(&plain).to_string();
    let zeros = format!("sha256:{}", "0".repeat(64));
    let good = json!({"mediaType": layer_type, "digest": blob.to_string(), "size": layer.len()});
    let huge = json!({"mediaType": layer_type, "digest": blob.to_string(), "size": 1_u64 << 50});
    let negative = json!({"mediaType": layer_type, "digest": blob.to_string(), "size": -1});
    let odd = json!({"mediaType": "application/x-sh", "digest": blob.to_string(), "size": layer.len()});
    let path = json!({"mediaType": layer_type, "digest": "sha256:../../../etc/passwd", "size": 1});
    for (lie, diff_ids, layers) in [
        ("another diff id", vec![zeros.clone()], vec![good.clone()]),
        ("fewer layers than diff ids", vec![diff_id.clone(), diff_id.clone()], vec![good.clone()]),
        ("more layers than diff ids", vec![], vec![good.clone()]),
        ("a size beyond all disks", vec![diff_id.clone()], vec![huge]),
        ("a size below zero", vec![diff_id.clone()], vec![negative]),
        ("a layer of no known kind", vec![diff_id.clone()], vec![odd]),
        ("a digest that is a path", vec![diff_id.clone()], vec![path]),
        ("a diff id that is a path", vec!["sha256:../../x".to_owned()], vec![good.clone()]),
    ] {
        let config = crate::archives::configuration(&diff_ids, json!({}));
        let size = config.len();
        let config = registry.add_blob(config).to_string();
        let config =
            json!({"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config, "size": size});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        registry.add_manifest("app", Some("bad"), MANIFEST, manifest.to_string().as_bytes());
        refused(&bench, lie, &pull(&bench, &format!("{}/app:bad", registry.host())));
    }
    bench.finish();
}

fn saw_credentials(registry: &Registry) -> bool {
    let tells = |text: &str| text.contains("dTpw") || text.contains("account");
    registry.requests().iter().any(|request| request.header("authorization").is_some() || tells(&request.query))
}

#[test]
fn credentials_stay_with_the_host_they_are_for() {
    let bench = Bench::start();
    let (registry, _) = registry_with_app();
    let (other, _) = registry_with_app();
    let name = format!("{}/app:v1", registry.host());
    for auth in [Auth::basic("u", "p"), Auth::bearer("u", "p")] {
        registry.demand(auth);
        registry.clear_rules();
        refused(&bench, "without credentials", &pull(&bench, &name));
        // Redirects to another host are followed, and show it nothing.
        registry.add_rule(Rule::on(Target::Blob).act(Act::Redirect(format!("{}{{path}}", other.url()))));
        assert_eq!(pull_as_user(&bench, &name).error(), None);
        assert!(saw_credentials(&registry) && !saw_credentials(&other));
        assert!(!other.requests().is_empty());
        bench.clear();
        // The other host's own demands are not met.
        other.demand(Auth::basic("u", "p"));
        refused(&bench, "the other host asks", &pull_as_user(&bench, &name));
        assert!(!saw_credentials(&other));
        other.demand(Auth::Open);
    }
    let kept =
        bench.daemon.host().run(&["grep", "-raE", "eyJ1c2Vy|dTpw", &bench.daemon.data_root().display().to_string()]);
    assert_eq!(kept.stdout, "", "credentials on disk");
    assert!(!bench.daemon.log().contains("dTpw"), "credentials in the log");
    bench.finish();
}

#[test]
fn a_realm_elsewhere_gets_no_password() {
    let bench = Bench::start();
    let (registry, _) = registry_with_app();
    // Another name of this machine is another host.
    let other = Registry::start_on("127.0.0.2:0".parse().unwrap()).unwrap();
    let name = format!("{}/app:v1", registry.host());
    for realm in [
        format!("{}/token", other.url()),
        "file:///etc/passwd".into(),
        "/token".into(),
        String::new(),
        "http://u:p@127.0.0.2/".into(),
    ] {
        registry.demand(Auth::Bearer {
            realm: Some(realm.clone()),
            service: "x".into(),
            credentials: None,
            identity_token: None,
            uses: None,
        });
        refused(&bench, &realm, &pull_as_user(&bench, &name));
    }
    assert!(other.requests().is_empty());
    bench.finish();
}

#[test]
fn addresses_in_a_manifest_are_never_asked() {
    let bench = Bench::start();
    let (registry, image) = registry_with_app();
    let (other, _) = registry_with_app();
    let mut manifest: serde_json::Value = serde_json::from_slice(&image.manifest_bytes).unwrap();
    for layer in manifest["layers"].as_array_mut().unwrap() {
        layer["urls"] = json!([format!("{}/v2/app/blobs/{}", other.url(), layer["digest"].as_str().unwrap())]);
    }
    manifest["config"]["urls"] = json!([format!("{}/v2/", other.url())]);
    registry.add_manifest("app", Some("urls"), MANIFEST, manifest.to_string().as_bytes());
    let name = format!("{}/app:urls", registry.host());
    assert_eq!(pull(&bench, &name).error(), None);
    registry.add_rule(Rule::on(Target::Blob).act(Act::Error(404, "BLOB_UNKNOWN".into(), "gone".into())));
    bench.clear();
    refused(&bench, "foreign layers", &pull(&bench, &name));
    assert!(other.requests().is_empty());
    bench.finish();
}

#[test]
fn redirects_to_nowhere_are_refused() {
    let bench = Bench::start();
    let (registry, _) = registry_with_app();
    let name = format!("{}/app:v1", registry.host());
    let loops = format!("{}{{path}}", registry.url());
    for location in [
        &loops,
        "file:///etc/passwd",
        "http://u:p@127.0.0.1:1/",
        "http://[",
        "ftp://127.0.0.1/x",
        "http://127.0.0.1:1/",
    ] {
        registry.clear_rules();
        registry.add_rule(Rule::on(Target::Blob).act(Act::Redirect(location.to_owned())));
        let message = refused(&bench, location, &pull(&bench, &name));
        assert!(!message.contains("u:p"), "{message}");
    }
    bench.finish();
}
