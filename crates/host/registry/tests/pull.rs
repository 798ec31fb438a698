//! What an honest registry is asked, and what comes of its answers.

mod common;

use common::{noise, open, open_as, read, settings, tag, text, user};
use fault::Kind;
use futures_util::StreamExt;
use oci::image::Parsed;
use registry::{AuthConfig, Client, Selector};
use testkit::registry::{Act, Auth, Registry, Rule, Target, digest_of};

#[tokio::test]
async fn an_image_comes_by_tag_and_by_digest() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("a/app", "v1", &[noise(100_000), b"two".to_vec()]);
    let repository = open(&registry, "a/app");

    let fetched = repository.manifest(&tag("v1")).await.unwrap();
    assert_eq!((&fetched.digest, &fetched.bytes[..]), (&image.manifest, &image.manifest_bytes[..]));
    let Parsed::Manifest(manifest) = &fetched.parsed else { panic!("index") };
    let again = repository.manifest(&Selector::Digest(image.manifest.clone())).await.unwrap();
    assert_eq!(again, fetched);

    let config = repository.fetch(&manifest.config.digest, manifest.config.size, 1 << 20).await.unwrap();
    assert_eq!(digest_of(&config), image.config);
    for layer in &manifest.layers {
        let bytes = read(&repository, &layer.digest, layer.size, 0).await.unwrap();
        assert_eq!(digest_of(&bytes), layer.digest);
    }
    assert_eq!(repository.tags().await.unwrap(), ["v1"]);

    let accepts: Vec<_> = registry.requests()[1].headers.iter().filter(|(name, _)| name == "accept").cloned().collect();
    assert_eq!(accepts.len(), 4);
}

#[tokio::test]
async fn layers_come_side_by_side_as_streams() {
    let registry = Registry::start().unwrap();
    let layers: Vec<_> = (1..6).map(|at| noise(at * 50_000)).collect();
    registry.add_image("app", "v1", &layers);
    let repository = open(&registry, "app");
    let tasks: Vec<_> = layers
        .into_iter()
        .map(|layer| {
            let repository = repository.clone();
            tokio::spawn(async move {
                let blob = repository.blob(&digest_of(&layer), layer.len() as u64, 0).await.unwrap();
                let pieces: Vec<_> = blob.into_stream().map(Result::unwrap).collect().await;
                assert_eq!(pieces.concat(), layer);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(registry.requests().iter().filter(|request| request.path == "/v2/").count(), 1, "one ping for all");
}

#[tokio::test]
async fn a_blob_goes_on_from_an_offset() {
    let registry = Registry::start().unwrap();
    let bytes = noise(10_000);
    let digest = registry.add_blob(bytes.clone());
    let repository = open(&registry, "app");
    assert_eq!(read(&repository, &digest, 10_000, 7_000).await.unwrap(), bytes[7_000..]);
    assert_eq!(read(&repository, &digest, 10_000, 10_000).await.unwrap(), b"");
    assert!(read(&repository, &digest, 10_000, 10_001).await.is_err());
    registry.add_rule(Rule::on(Target::Blob).act(Act::IgnoreRange));
    assert_eq!(read(&repository, &digest, 10_000, 7_000).await.unwrap(), bytes[7_000..]);
}

#[tokio::test]
async fn tags_come_in_pages() {
    let registry = Registry::start().unwrap();
    for number in 0..5 {
        registry.add_image("app", &format!("v{number}"), &[]);
    }
    let first = r#"{"name":"app","tags":["v0","v1"]}"#;
    let link = ("Link".to_owned(), "</v2/app/tags/list?last=v1&n=2>; rel=\"next\"".to_owned());
    registry.add_rule(Rule::on(Target::Tags).times(1).act(Act::Answer(200, vec![link], first.into())));
    assert_eq!(open(&registry, "app").tags().await.unwrap(), ["v0", "v1", "v2", "v3", "v4"]);

    registry.add_rule(Rule::on(Target::Tags).act(Act::Header("Link".into(), "</x?n=1>; rel=next".into())));
    let endless = open(&registry, "app").tags().await.unwrap_err();
    assert!(text(&endless).starts_with("list of tags has more than"), "{endless}");
}

#[tokio::test]
async fn what_is_not_there_has_dockers_words_and_kinds() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[]);
    let host = registry.host();
    let repository = open(&registry, "app");

    let error = repository.manifest(&tag("v2")).await.unwrap_err();
    assert_eq!(text(&error), format!("manifest for {host}/app:v2 not found: manifest unknown: manifest unknown"));
    assert_eq!(error.kind(), Kind::NotFound);

    // E6: the content is there, but not under this name.
    let elsewhere = open(&registry, "other").manifest(&Selector::Digest(image.manifest.clone())).await.unwrap_err();
    let digest = &image.manifest;
    assert_eq!(
        text(&elsewhere),
        format!("manifest for {host}/other@{digest} not found: manifest unknown: manifest unknown")
    );

    let error = read(&repository, &digest_of(b"none"), 4, 0).await.unwrap_err();
    assert_eq!((text(&error).as_str(), error.kind()), ("unknown blob", Kind::NotFound));

    let error = open(&registry, "none").tags().await.unwrap_err();
    let expect = format!("repository {host}/none not found: name unknown: repository name not known to registry");
    assert_eq!((text(&error), error.kind()), (expect, Kind::NotFound));

    let denied = Act::Error(403, "DENIED".into(), "requested access to the resource is denied".into());
    registry.add_rule(Rule::on(Target::Manifest).act(denied));
    let error = repository.manifest(&tag("v1")).await.unwrap_err();
    let expect = format!(
        "pull access denied for {host}/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
    );
    assert_eq!((text(&error), error.kind()), (expect, Kind::NotFound));
}

#[tokio::test]
async fn a_registry_that_is_down_is_named_with_gos_words() {
    let reference = "127.0.0.1:1/x".parse().unwrap();
    let error = Client::new(settings()).repository(&reference, None).manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&error), "Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused");
    assert_eq!(error.kind(), Kind::System);
}

#[tokio::test]
async fn basic_authentication() {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "v1", &[]);
    registry.demand(Auth::basic("u", "p"));
    let good = open_as(&registry, "app", Some(&user("u", "p")));
    assert!(good.manifest(&tag("v1")).await.is_ok());
    let encoded = AuthConfig { auth: "dTpw".into(), ..AuthConfig::default() };
    assert!(open_as(&registry, "app", Some(&encoded)).manifest(&tag("v1")).await.is_ok());

    let error = open_as(&registry, "app", Some(&user("u", "wrong"))).manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&error), "unauthorized: authentication required");
    let error = open(&registry, "app").manifest(&tag("v1")).await.unwrap_err();
    let url = format!("{}/v2/app/manifests/v1", registry.url());
    assert_eq!(text(&error), format!("Get \"{url}\": no basic auth credentials"));
}

#[tokio::test]
async fn tokens_for_everyone_for_users_and_for_identity_tokens() {
    let registry = Registry::start().unwrap();
    registry.add_image("a/app", "v1", &[]);
    registry.demand(Auth::anonymous_bearer());
    assert!(open(&registry, "a/app").manifest(&tag("v1")).await.is_ok());
    let asked = registry.requests().into_iter().find(|request| request.path == "/token").unwrap();
    assert_eq!(asked.query, "service=test&scope=repository%3Aa%2Fapp%3Apull");

    registry.demand(Auth::bearer("u", "p"));
    assert!(open_as(&registry, "a/app", Some(&user("u", "p"))).manifest(&tag("v1")).await.is_ok());
    let error = open_as(&registry, "a/app", Some(&user("u", "x"))).manifest(&tag("v1")).await.unwrap_err();
    let expect = format!("Get \"{}/v2/\": unauthorized: incorrect username or password", registry.url());
    assert_eq!(text(&error), expect);

    let identity = AuthConfig { username: "u".into(), identitytoken: "refresh".into(), ..AuthConfig::default() };
    registry.demand(Auth::Bearer {
        realm: None,
        service: "test".into(),
        credentials: Some(("u".into(), "p".into())),
        identity_token: Some("refresh".into()),
        uses: None,
    });
    assert!(open_as(&registry, "a/app", Some(&identity)).manifest(&tag("v1")).await.is_ok());
    let post = registry.requests().into_iter().rfind(|request| request.path == "/token").unwrap();
    assert_eq!(post.method, "POST");
    assert_eq!(
        String::from_utf8(post.body).unwrap(),
        "grant_type=refresh_token&service=test&client_id=docker&scope=repository%3Aa%2Fapp%3Apull&refresh_token=refresh"
    );
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed() {
    let registry = Registry::start().unwrap();
    let bytes = noise(5_000);
    let digest = registry.add_blob(bytes.clone());
    registry.demand(Auth::Bearer {
        realm: None,
        service: "test".into(),
        credentials: None,
        identity_token: None,
        uses: Some(2),
    });
    let repository = open(&registry, "app");
    for _ in 0..5 {
        assert_eq!(read(&repository, &digest, 5_000, 0).await.unwrap(), bytes);
    }
    registry.add_rule(Rule::on(Target::Blob).times(1).act(Act::CutAfter(3_000)));
    registry.expire_tokens();
    assert_eq!(read(&repository, &digest, 5_000, 0).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "v1", &[]);
    registry.demand(Auth::anonymous_bearer());
    let auth = AuthConfig { registrytoken: "mine".into(), ..AuthConfig::default() };
    let error = open_as(&registry, "app", Some(&auth)).manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&error), "unauthorized: authentication required");
    let requests = registry.requests();
    assert!(requests.iter().all(|request| request.path != "/token"));
    assert!(requests.iter().any(|request| request.header("authorization") == Some("Bearer mine")));
}
