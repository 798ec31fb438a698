//! Whom credentials are shown, and whom is spoken to in the clear.

mod common;

use std::net::TcpListener;

use common::{noise, open, open_as, read, settings, tag, text, user};
use registry::{Client, Settings};
use testkit::registry::{Act, Auth, Registry, Rule, Target, digest_of};

/// Whether any request to `registry` brought credentials.
fn saw_credentials(registry: &Registry) -> bool {
    registry.requests().iter().any(|request| {
        request.header("authorization").is_some() || request.query.contains("account") || request.method == "POST"
    })
}

#[tokio::test]
async fn a_redirect_takes_no_credentials_along() {
    for auth in [Auth::basic("u", "p"), Auth::bearer("u", "p")] {
        let (registry, other) = (Registry::start().unwrap(), Registry::start().unwrap());
        let image = registry.add_image("app", "v1", &[noise(1_000)]);
        other.add_blob(noise(1_000));
        registry.demand(auth);
        registry.add_rule(Rule::on(Target::Blob).act(Act::Redirect(format!("{}{{path}}?signature=1", other.url()))));
        let repository = open_as(&registry, "app", Some(&user("u", "p")));
        assert_eq!(read(&repository, &image.layers[0], 1_000, 0).await.unwrap(), noise(1_000));
        assert!(saw_credentials(&registry));
        assert_eq!(other.requests().len(), 1);
        assert!(!saw_credentials(&other));
        assert_eq!(other.requests()[0].query, "signature=1");
    }
}

#[tokio::test]
async fn a_redirect_target_is_not_proved_anything() {
    let (registry, other) = (Registry::start().unwrap(), Registry::start().unwrap());
    let digest = registry.add_blob("blob");
    registry.demand(Auth::basic("u", "p"));
    other.demand(Auth::basic("u", "p"));
    registry.add_rule(Rule::on(Target::Blob).act(Act::Redirect(format!("{}{{path}}", other.url()))));
    let repository = open_as(&registry, "app", Some(&user("u", "p")));
    let error = read(&repository, &digest, 4, 0).await.unwrap_err();
    assert_eq!(text(&error), "received unexpected HTTP status: 401 Unauthorized");
    assert!(!saw_credentials(&other));
}

#[tokio::test]
async fn credentials_do_not_come_back_after_another_host() {
    let (registry, other) = (Registry::start().unwrap(), Registry::start().unwrap());
    let digest = registry.add_blob("blob");
    registry.demand(Auth::basic("u", "p"));
    registry.add_rule(Rule::on(Target::Path("/blobs/".into())).act(Act::Redirect(format!("{}/there", other.url()))));
    other.add_rule(Rule::on(Target::Any).act(Act::Redirect(format!("{}/v2/back", registry.url()))));
    let repository = open_as(&registry, "app", Some(&user("u", "p")));
    assert!(read(&repository, &digest, 4, 0).await.is_err());
    let back = registry.requests().into_iter().find(|request| request.path == "/v2/back").unwrap();
    assert_eq!(back.header("authorization"), None);
}

#[tokio::test]
async fn redirects_to_nowhere_are_refused() {
    let registry = Registry::start().unwrap();
    let digest = registry.add_blob("blob");
    let cases = [
        (format!("{}{{path}}", registry.url()), "there were too many before"),
        ("file:///etc/passwd".into(), "it is neither HTTPS nor HTTP"),
        ("http://u:p@127.0.0.1:1/".into(), "it brings credentials"),
        ("http://[".into(), "it is no URL"),
    ];
    for (location, message) in cases {
        registry.clear_rules();
        registry.add_rule(Rule::on(Target::Blob).act(Act::Redirect(location)));
        let error = read(&open(&registry, "app"), &digest, 4, 0).await.unwrap_err();
        assert!(text(&error).ends_with(message), "{}", text(&error));
        assert!(!text(&error).contains("u:p"));
    }
}

#[tokio::test]
async fn a_realm_on_another_host_gets_no_password() {
    let registry = Registry::start().unwrap();
    // Another name of this machine is another host.
    let other = Registry::start_on("127.0.0.2:0".parse().unwrap()).unwrap();
    registry.add_image("app", "v1", &[]);
    registry.demand(Auth::Bearer {
        realm: Some(format!("{}/token", other.url())),
        service: "x".into(),
        credentials: None,
        identity_token: None,
        uses: None,
    });
    let identity = registry::AuthConfig { identitytoken: "t".into(), ..Default::default() };
    for auth in [user("u", "p"), identity] {
        let error = open_as(&registry, "app", Some(&auth)).manifest(&tag("v1")).await.unwrap_err();
        assert!(text(&error).contains("credentials are not sent"), "{}", text(&error));
    }
    assert!(other.requests().is_empty());

    // With consent it is asked.
    let consent = Settings { realms: vec!["127.0.0.2".into()], ..settings() };
    let reference = format!("{}/app", registry.host()).parse().unwrap();
    let _ = Client::new(consent).repository(&reference, Some(&user("u", "p"))).manifest(&tag("v1")).await;
    assert!(saw_credentials(&other));
}

#[tokio::test]
async fn bad_realms_are_refused() {
    let registry = Registry::start().unwrap();
    for realm in ["", "/token", "http://u:p@127.0.0.1/", "http://evil.invalid/token", "file:///etc/passwd"] {
        registry.demand(Auth::Bearer {
            realm: Some(realm.into()),
            service: "x".into(),
            credentials: None,
            identity_token: None,
            uses: None,
        });
        let error = open(&registry, "app").manifest(&tag("v1")).await.unwrap_err();
        assert!(text(&error).contains("token realm"), "{}", text(&error));
    }
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_never_asked_in_the_clear() {
    // A registry in the clear, with loopback not marked insecure: as any host elsewhere.
    let registry = Registry::start().unwrap();
    registry.add_image("app", "v1", &[]);
    registry.demand(Auth::basic("u", "p"));
    let strict = Settings { insecure: Vec::new(), ..settings() };
    let reference = format!("{}/app", registry.host()).parse().unwrap();
    let repository = Client::new(strict).repository(&reference, Some(&user("u", "p")));
    let error = repository.manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(
        text(&error),
        format!("Get \"https://{}/v2/\": http: server gave HTTP response to HTTPS client", registry.host())
    );
    assert!(!saw_credentials(&registry));

    let listed = Settings { insecure: vec![registry.host().parse().unwrap()], ..settings() };
    let repository = Client::new(listed).repository(&reference, Some(&user("u", "p")));
    assert!(repository.manifest(&tag("v1")).await.is_ok());
}

/// A client whose default registry is `origin`, with these mirrors.
fn with_mirrors(origin: &Registry, mirrors: &[String]) -> Client {
    let mirrors = mirrors.iter().map(|mirror| Settings::mirror(mirror).unwrap()).collect();
    Client::new(Settings { mirrors, default_host: origin.host(), ..settings() })
}

#[tokio::test]
async fn mirrors_are_asked_in_order_and_the_registry_last() {
    let (origin, first, second) = (Registry::start().unwrap(), Registry::start().unwrap(), Registry::start().unwrap());
    let layer = noise(1_000);
    let image = origin.add_image("library/app", "v1", std::slice::from_ref(&layer));
    second.add_image("library/app", "v1", std::slice::from_ref(&layer));
    let client = with_mirrors(&origin, &[first.url(), second.url()]);
    let repository = client.repository(&"app".parse().unwrap(), Some(&user("u", "p")));
    assert_eq!(repository.manifest(&tag("v1")).await.unwrap().digest, image.manifest);
    assert_eq!((first.requests().len(), second.requests().len(), origin.requests().len()), (1, 1, 0));

    second.add_rule(Rule::on(Target::Any).act(Act::HangUp));
    assert_eq!(repository.manifest(&tag("v1")).await.unwrap().digest, image.manifest);
    assert!(!origin.requests().is_empty());
    let asked = second.requests().len();
    assert_eq!(read(&repository, &image.layers[0], 1_000, 0).await.unwrap(), layer);
    assert_eq!(second.requests().len(), asked, "a dead mirror is left alone");

    let elsewhere = format!("{}/library/app", origin.host()).parse().unwrap();
    let before = first.requests().len();
    client.repository(&elsewhere, None).manifest(&tag("v1")).await.unwrap();
    assert_eq!(first.requests().len(), before, "mirrors are for the default registry");
}

#[tokio::test]
async fn a_dead_mirror_costs_no_pull() {
    let origin = Registry::start().unwrap();
    let image = origin.add_image("library/app", "v1", &[]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = with_mirrors(&origin, &[format!("http://{port}")]);
    let fetched = client.repository(&"app".parse().unwrap(), None).manifest(&tag("v1")).await.unwrap();
    assert_eq!(fetched.digest, image.manifest);
}

#[tokio::test]
async fn a_lying_mirror_is_passed_over() {
    let (origin, mirror) = (Registry::start().unwrap(), Registry::start().unwrap());
    let image = origin.add_image("library/app", "v1", &[]);
    mirror.add_image("library/app", "v1", &[]);
    mirror.add_rule(Rule::on(Target::Any).act(Act::Append(b" ".to_vec())));
    let client = with_mirrors(&origin, &[mirror.url()]);
    let repository = client.repository(&"app".parse().unwrap(), None);
    let selector = registry::Selector::Digest(image.manifest.clone());
    assert_eq!(repository.manifest(&selector).await.unwrap().digest, image.manifest);

    mirror.clear_rules();
    let config = repository.manifest(&selector).await.unwrap();
    let oci::image::Parsed::Manifest(manifest) = config.parsed else { panic!("index") };
    mirror.add_rule(Rule::on(Target::Blob).act(Act::Body(vec![b'x'; manifest.config.size as usize])));
    let bytes = repository.fetch(&manifest.config.digest, manifest.config.size, 1 << 20).await.unwrap();
    assert_eq!(digest_of(&bytes), image.config);
}

#[tokio::test]
async fn a_mirror_never_sees_the_default_registrys_credentials() {
    let (origin, mirror) = (Registry::start().unwrap(), Registry::start().unwrap());
    origin.add_image("library/app", "v1", &[]);
    origin.demand(Auth::basic("u", "p"));
    mirror.demand(Auth::basic("u", "p"));
    let client = with_mirrors(&origin, &[mirror.url()]);
    let repository = client.repository(&"app".parse().unwrap(), Some(&user("u", "p")));
    assert!(repository.manifest(&tag("v1")).await.is_ok());
    assert!(!mirror.requests().is_empty());
    assert!(!saw_credentials(&mirror));
}

#[tokio::test]
async fn a_mirror_that_dies_in_the_middle_is_replaced() {
    let (origin, mirror) = (Registry::start().unwrap(), Registry::start().unwrap());
    let layer = noise(100_000);
    for registry in [&origin, &mirror] {
        registry.add_image("library/app", "v1", std::slice::from_ref(&layer));
    }
    mirror.add_rule(Rule::on(Target::Blob).times(1).act(Act::CutAfter(60_000)));
    mirror.add_rule(Rule::on(Target::Blob).after(1).act(Act::HangUp));
    let repository = with_mirrors(&origin, &[mirror.url()]).repository(&"app".parse().unwrap(), None);
    assert_eq!(read(&repository, &digest_of(&layer), 100_000, 0).await.unwrap(), layer);
    assert!(origin.requests().iter().any(|request| request.header("range").is_some()));
}
