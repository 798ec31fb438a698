//! Registries that lie: wrong bytes, wrong lengths, cuts, silence, confusion, floods.

mod common;

use std::time::Duration;

use common::{impatient, noise, open, read, settings, tag, text};
use fault::Kind;
use registry::{Client, Error, Selector};
use testkit::registry::{Act, Registry, Rule, Target, digest_of};

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[tokio::test]
async fn wrong_bytes_of_a_manifest_are_refused() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[]);
    registry.add_rule(Rule::on(Target::Manifest).act(Act::Append(b" ".to_vec())));
    let error = open(&registry, "app").manifest(&Selector::Digest(image.manifest.clone())).await.unwrap_err();
    assert_eq!(text(&error), format!("manifest verification failed for digest {}", image.manifest));
    // By tag any bytes may come; they are named by their own digest, whatever the header claims.
    let fetched = open(&registry, "app").manifest(&tag("v1")).await.unwrap();
    assert_eq!(fetched.digest, digest_of(&fetched.bytes));
    assert_ne!(fetched.digest, image.manifest);
}

#[tokio::test]
async fn a_header_does_not_vouch_for_a_manifest() {
    let registry = Registry::start().unwrap();
    let good = registry.add_image("app", "v1", &[]);
    let other = registry.add_image("app", "v2", &[b"x".to_vec()]);
    registry.add_rule(
        Rule::on(Target::Manifest)
            .act(Act::Body(other.manifest_bytes))
            .act(Act::Header("Docker-Content-Digest".into(), good.manifest.to_string())),
    );
    let error = open(&registry, "app").manifest(&Selector::Digest(good.manifest)).await.unwrap_err();
    assert!(matches!(error, Error::ManifestDigest(_)));
}

#[tokio::test]
async fn a_document_that_is_two_things_is_refused() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[]);
    let text_of = String::from_utf8(image.manifest_bytes).unwrap();
    let both = text_of.replacen('{', "{\"manifests\":[],", 1);
    let untyped = text_of.replacen(&format!("\"mediaType\":\"{MANIFEST}\","), "", 1);
    let cases = [
        (both.as_str(), MANIFEST, "ambiguous"),
        (both.as_str(), INDEX, "ambiguous"),
        (text_of.as_str(), INDEX, "announced was"),
        (text_of.as_str(), "application/octet-stream", "announced was"),
        (untyped.as_str(), MANIFEST, "states no media type"),
        (untyped.as_str(), "text/html", "unsupported manifest media type"),
        ("<html>", "text/html", "malformed"),
    ];
    for (document, media_type, message) in cases {
        registry.add_manifest("app", Some("bad"), media_type, document.as_bytes());
        let error = open(&registry, "app").manifest(&tag("bad")).await.unwrap_err();
        assert!(text(&error).contains(message), "{}", text(&error));
    }
    registry.add_rule(Rule::on(Target::Manifest).act(Act::NoHeader("Content-Type".into())));
    registry.add_manifest("app", Some("bare"), MANIFEST, untyped.as_bytes());
    let error = open(&registry, "app").manifest(&tag("bare")).await.unwrap_err();
    assert!(text(&error).contains("states no media type"), "{error}");
}

#[tokio::test]
async fn a_manifest_that_never_ends_is_refused_early() {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "v1", &[]);
    registry.add_rule(Rule::on(Target::Manifest).times(1).act(Act::Zeros(1 << 30)));
    let error = open(&registry, "app").manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&error), "manifest has more than the 4194304 bytes that are allowed");
    registry.add_rule(Rule::on(Target::Manifest).times(1).act(Act::ClaimLength(1 << 30)));
    let error = open(&registry, "app").manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&error), "manifest has more than the 4194304 bytes that are allowed");
}

#[tokio::test]
async fn a_cut_manifest_is_asked_for_again() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[]);
    registry.add_rule(Rule::on(Target::Manifest).times(2).act(Act::HangUp));
    let fetched = open(&registry, "app").manifest(&tag("v1")).await.unwrap();
    assert_eq!(fetched.digest, image.manifest);
    registry.add_rule(Rule::on(Target::Manifest).act(Act::CutAfter(10)));
    assert!(open(&registry, "app").manifest(&tag("v1")).await.is_err());
}

#[tokio::test]
async fn wrong_lengths_are_refused() {
    let registry = Registry::start().unwrap();
    let bytes = noise(10_000);
    let digest = registry.add_blob(bytes);
    let cases = [
        (vec![Act::Append(b"more".to_vec())], "has 10004 bytes, announced were 10000"),
        (vec![Act::Shorten(9_000)], "has 9000 bytes, announced were 10000"),
        (vec![Act::Zeros(20_000)], "has more than 10000 bytes, announced were 10000"),
        (vec![Act::Zeros(9_999)], "has 9999 bytes, announced were 10000"),
        (vec![Act::Zeros(0)], "has 0 bytes, announced were 10000"),
        (vec![Act::ClaimLength(10_001)], "has 10001 bytes, announced were 10000"),
    ];
    for (acts, message) in cases {
        registry.clear_rules();
        registry.add_rule(acts.into_iter().fold(Rule::on(Target::Blob), Rule::act));
        let error = read(&open(&registry, "app"), &digest, 10_000, 0).await.unwrap_err();
        assert_eq!(text(&error), format!("blob {digest} {message}"));
    }
    registry.clear_rules();
    for announced in [9_999, 10_001, u64::MAX, 0] {
        let outcome = read(&open(&registry, "app"), &digest, announced, 0).await;
        assert!(announced == 0 || matches!(outcome, Err(Error::Length { .. })), "{announced}");
    }
}

#[tokio::test]
async fn a_small_blob_with_wrong_bytes_is_refused() {
    let registry = Registry::start().unwrap();
    let digest = registry.add_blob("config");
    registry.add_rule(Rule::on(Target::Blob).act(Act::Body(b"forged".to_vec())));
    let error = open(&registry, "app").fetch(&digest, 6, 100).await.unwrap_err();
    assert_eq!(text(&error), format!("blob verification failed for digest {digest}"));
    let error = open(&registry, "app").fetch(&digest, 101, 100).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }));
}

#[tokio::test]
async fn a_cut_blob_goes_on_where_it_stopped() {
    let registry = Registry::start().unwrap();
    let bytes = noise(100_000);
    let digest = registry.add_blob(bytes.clone());
    registry.add_rule(Rule::on(Target::Blob).times(3).act(Act::CutAfter(20_000)));
    assert_eq!(read(&open(&registry, "app"), &digest, 100_000, 0).await.unwrap(), bytes);
    let ranges: Vec<_> =
        registry.requests().iter().filter_map(|request| request.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges.len(), 3);
    assert!(ranges.iter().all(|range| range.starts_with("bytes=") && range.ends_with('-')));
}

#[tokio::test]
async fn a_registry_without_ranges_sends_again_from_the_beginning() {
    let registry = Registry::start().unwrap();
    let bytes = noise(100_000);
    let digest = registry.add_blob(bytes.clone());
    registry.add_rule(Rule::on(Target::Blob).times(1).act(Act::CutAfter(70_000)));
    registry.add_rule(Rule::on(Target::Blob).act(Act::IgnoreRange));
    assert_eq!(read(&open(&registry, "app"), &digest, 100_000, 0).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_blob_that_is_always_cut_ends_in_an_error() {
    let registry = Registry::start().unwrap();
    let digest = registry.add_blob(noise(100_000));
    registry.add_rule(Rule::on(Target::Blob).act(Act::CutAfter(100)));
    let error = read(&open(&registry, "app"), &digest, 100_000, 0).await.unwrap_err();
    assert!(text(&error).ends_with("unexpected EOF"), "{}", text(&error));
    let asked = registry.requests().iter().filter(|request| request.path.contains("/blobs/")).count();
    assert!(asked <= 8, "{asked} tries");
}

#[tokio::test]
async fn the_rest_of_another_blob_is_refused() {
    let registry = Registry::start().unwrap();
    let digest = registry.add_blob(noise(1_000));
    let repository = open(&registry, "app");
    let wrong = [
        ("bytes 400-999/1000", "another range"),
        ("bytes 500-999/2000", "has 2000 bytes, announced were 1000"),
        ("rubbish", "another range"),
    ];
    for (range, message) in wrong {
        registry.clear_rules();
        registry.add_rule(Rule::on(Target::Blob).act(Act::Header("Content-Range".into(), range.into())));
        let error = read(&repository, &digest, 1_000, 500).await.unwrap_err();
        assert!(text(&error).contains(message), "{}", text(&error));
    }
    registry.clear_rules();
    registry.add_rule(Rule::on(Target::Blob).act(Act::Append(b"more".to_vec())));
    let error = read(&repository, &digest, 1_000, 500).await.unwrap_err();
    assert!(text(&error).contains("has 1004 bytes"), "{}", text(&error));
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let registry = Registry::start().unwrap();
    let digest = registry.add_blob(noise(1_000));
    registry.add_image("app", "v1", &[]);
    let reference = format!("{}/app", registry.host()).parse().unwrap();
    let repository = Client::new(impatient()).repository(&reference, None);
    registry.add_rule(Rule::on(Target::Blob).act(Act::StallAfter(100)));
    registry.add_rule(Rule::on(Target::Manifest).act(Act::Drip(1, Duration::from_millis(60))));

    let error = read(&repository, &digest, 1_000, 0).await.unwrap_err();
    assert!(text(&error).contains("context deadline exceeded"), "{}", text(&error));
    assert_eq!(error.kind(), Kind::Deadline);
    let error = repository.manifest(&tag("v1")).await.unwrap_err();
    assert!(text(&error).contains("context deadline exceeded"), "{}", text(&error));
}

#[tokio::test]
async fn failures_that_pass_are_waited_for_and_others_reported() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[]);
    let error = |status, code: &str, message: &str| Act::Error(status, code.into(), message.into());
    registry.add_rule(Rule::on(Target::Manifest).times(2).act(error(503, "UNAVAILABLE", "later")));
    registry.add_rule(
        Rule::on(Target::Manifest)
            .after(2)
            .times(1)
            .act(error(429, "TOOMANYREQUESTS", "slow down"))
            .act(Act::Header("Retry-After".into(), "0".into())),
    );
    assert_eq!(open(&registry, "app").manifest(&tag("v1")).await.unwrap().digest, image.manifest);

    registry.clear_rules();
    registry.add_rule(Rule::on(Target::Manifest).act(error(500, "UNKNOWN", "secret")));
    let refused = open(&registry, "app").manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&refused), "received unexpected HTTP status: 500 Internal Server Error");

    registry.clear_rules();
    let before = registry.requests().len();
    registry.add_rule(
        Rule::on(Target::Manifest)
            .act(error(429, "TOOMANYREQUESTS", "come back tomorrow"))
            .act(Act::Header("Retry-After".into(), "86400".into())),
    );
    let refused = open(&registry, "app").manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&refused), "toomanyrequests: come back tomorrow");
    assert_eq!(registry.requests().len() - before, 2, "one ping and one try");
}

#[tokio::test]
async fn foreign_urls_in_a_manifest_are_never_asked() {
    let registry = Registry::start().unwrap();
    let other = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[b"layer".to_vec()]);
    let digest = &image.layers[0];
    let url = format!("\"urls\":[\"{}/v2/app/blobs/{digest}\"],\"size\":5", other.url());
    let foreign = String::from_utf8(image.manifest_bytes).unwrap().replace("\"size\":5", &url);
    assert!(foreign.contains("urls"));
    registry.add_manifest("app", Some("foreign"), MANIFEST, foreign.as_bytes());
    let repository = Client::new(settings()).repository(&format!("{}/app", registry.host()).parse().unwrap(), None);
    repository.manifest(&tag("foreign")).await.unwrap();
    assert_eq!(read(&repository, digest, 5, 0).await.unwrap(), b"layer");
    assert!(other.requests().is_empty());
}
