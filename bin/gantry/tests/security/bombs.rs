//! B9: small archives and documents that would become large. The daemon stays small, stops at a limit, and cleans up.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::{Value, json};
use testkit::registry::{Act, Registry, Rule, Target, digest_of};

use crate::archives::{Tar, busybox, configuration, header, saved, saved_as};
use crate::bench::Bench;
use crate::http::Answer;

const GIB: u64 = 1 << 30;
/// What a bomb becomes.
const SIZE: u64 = 10 * GIB;
/// What it is made of, repeated.
const PIECE: usize = 64 << 20;
/// What the daemon may take while it is attacked.
const MEMORY: u64 = 256 << 20;

/// An archive of one file with ten gigabytes of zeros, in as many gzip members as it takes.
fn many_members() -> Vec<u8> {
    let mut bytes = compressed(&header(b'0', "zeros", "", 0o644, SIZE));
    let piece = compressed(&vec![0; PIECE]);
    for _ in 0..SIZE / PIECE as u64 {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

/// The same in one member, whose check sum nobody will come to see.
fn one_member() -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    bytes.extend(deflated(&header(b'0', "zeros", "", 0o644, SIZE)));
    let piece = deflated(&vec![0; PIECE]);
    for _ in 0..SIZE / PIECE as u64 {
        bytes.extend_from_slice(&piece);
    }
    bytes.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// Zeros that are no archive at all: to tar they are its end.
fn only_zeros() -> Vec<u8> {
    compressed(&vec![0; PIECE]).repeat((SIZE / PIECE as u64) as usize)
}

/// Frames of zstd, each of which claims a window of two gibibytes.
fn large_window() -> Vec<u8> {
    // Magic; descriptor without content size; window: exponent 21, so 2^31; a raw block of three bytes, the last one.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x19, 0, 0, b'a', b'b', b'c'];
    frame.repeat(1000)
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Blocks of deflate that end on a byte, so that others can follow.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.flush().unwrap();
    encoder.get_ref().clone()
}

fn bombs() -> [(&'static str, Vec<u8>); 4] {
    [
        ("many members", many_members()),
        ("one member", one_member()),
        ("only zeros", only_zeros()),
        ("large window", large_window()),
    ]
}

#[track_caller]
fn assert_refused(bench: &Bench, bomb: &str, answer: &Answer) {
    assert!(answer.error().is_some(), "{bomb}: {answer:?}");
    assert!(bench.peak() < MEMORY, "{bomb}: the daemon had {} MiB", bench.peak() >> 20);
    bench.assert_clean();
}

#[test]
fn bombs_that_are_loaded_stop_at_a_limit() {
    let bench = Bench::start();
    bench.forget_peak();
    for (bomb, bytes) in bombs() {
        assert_refused(&bench, bomb, &bench.load(bytes.clone()));
        // As a layer of an image, which has no other configuration to be compared with.
        let diff_id = format!("sha256:{}", "0".repeat(64));
        let archive = saved_as("bomb", &[bytes], &configuration(&[diff_id], json!({})));
        assert_refused(&bench, bomb, &bench.load(archive));
    }
    bench.finish();
}

#[test]
fn bombs_that_are_imported_stop_at_a_limit() {
    let bench = Bench::start();
    bench.forget_peak();
    for (bomb, bytes) in bombs() {
        assert_refused(&bench, bomb, &bench.import("bomb", bytes));
    }
    bench.finish();
}

#[test]
fn bombs_that_are_pulled_stop_at_a_limit() {
    let bench = Bench::start();
    let registry = Registry::start().unwrap();
    bench.forget_peak();
    for (bomb, bytes) in bombs() {
        let media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        add_image(&registry, &[(bytes, media_type)], &[format!("sha256:{}", "0".repeat(64))]);
        assert_refused(&bench, bomb, &pull(&bench, &registry));
    }
    bench.finish();
}

#[test]
fn documents_without_end_are_refused_early() {
    let bench = Bench::start();
    let registry = Registry::start().unwrap();
    let image = registry.add_image("bomb", "latest", &[busybox()]);
    bench.forget_peak();
    registry.add_rule(Rule::on(Target::Manifest).act(Act::Zeros(GIB)));
    assert_refused(&bench, "a manifest of a gigabyte", &pull(&bench, &registry));
    registry.clear_rules();
    registry.add_rule(Rule::on(Target::Path(image.config.to_string())).act(Act::Zeros(GIB)));
    assert_refused(&bench, "a configuration of a gigabyte", &pull(&bench, &registry));
    registry.clear_rules();
    registry.add_rule(Rule::on(Target::Ping).act(Act::Zeros(GIB)));
    registry.add_rule(Rule::on(Target::Manifest).act(Act::Answer(500, Vec::new(), vec![b'x'; 64 << 20])));
    assert_refused(&bench, "an error of 64 megabytes", &pull(&bench, &registry));
    bench.finish();
}

#[test]
fn documents_with_a_million_of_something_are_bounded() {
    let bench = Bench::start();
    let registry = Registry::start().unwrap();
    bench.forget_peak();
    let history = vec![json!({"created_by": "x", "empty_layer": true}); 1_000_000];
    let mut config: Value = serde_json::from_slice(&configuration(&[], json!({}))).unwrap();
    config["history"] = Value::Array(history);
    let config = config.to_string().into_bytes();
    assert_refused(&bench, "a million steps of history", &bench.load(saved_as("bomb", &[], &config)));
    add_document(&registry, &config, &json!([]));
    assert_refused(&bench, "a million steps of history", &pull(&bench, &registry));
    let layer = descriptor("application/vnd.docker.image.rootfs.diff.tar", &registry.add_blob("x").to_string(), 1);
    add_document(&registry, &configuration(&[], json!({})), &Value::Array(vec![layer; 200_000]));
    assert_refused(&bench, "200,000 layers", &pull(&bench, &registry));
    let many = vec![busybox_sum(); 5000];
    assert_refused(
        &bench,
        "layers that are not there",
        &bench.load(saved_as("bomb", &[], &configuration(&many, json!({})))),
    );
    bench.finish();
}

fn busybox_sum() -> String {
    digest_of(&busybox()).to_string()
}

#[test]
fn a_large_honest_image_is_taken() {
    let bench = Bench::start();
    // 300 MiB of zeros in 300 KiB: within what any archive may become.
    let large = Tar::new().file("zeros", 0o644, &vec![0; 300 << 20]).end();
    let archive = compressed(&saved("large", &[busybox(), large], json!({})));
    assert_eq!(bench.load(archive).error(), None);
    assert_eq!(bench.gantry.ok(&["run", "--rm", "large", "stat", "-c", "%s", "/zeros"]), (300 << 20).to_string());
    bench.finish();
}

fn pull(bench: &Bench, registry: &Registry) -> Answer {
    bench.ask("POST", &format!("/images/create?fromImage={}/bomb&tag=latest", registry.host()))
}

fn descriptor(media_type: &str, digest: &str, size: usize) -> Value {
    json!({"mediaType": media_type, "digest": digest, "size": size})
}

/// Serves an image of these blobs as its layers, whatever its configuration says of them.
fn add_image(registry: &Registry, layers: &[(Vec<u8>, &str)], diff_ids: &[String]) {
    let layers: Vec<Value> = layers
        .iter()
        .map(|(bytes, kind)| descriptor(kind, registry.add_blob(bytes.clone()).as_str(), bytes.len()))
        .collect();
    add_document(registry, &configuration(diff_ids, json!({})), &Value::Array(layers));
}

fn add_document(registry: &Registry, config: &[u8], layers: &Value) {
    const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    let kind = "application/vnd.docker.container.image.v1+json";
    let config = descriptor(kind, registry.add_blob(config).as_str(), config.len());
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    registry.add_manifest("bomb", Some("latest"), MANIFEST, manifest.to_string().as_bytes());
}
