//! Registries behind TLS, with certificates that nobody, or only this machine's administrator, knows.

mod common;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::{read, settings, tag, text, user};
use registry::{CauseKind, Client, Error, Settings};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use testkit::registry::{Act, Auth, Registry, Rule, Target};

/// TLS in front of a registry. It serves one request for each connection, and ends with the test's process.
struct Front {
    address: SocketAddr,
    certificate: String,
}

impl Front {
    fn start(registry: &Registry, names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (config, behind) = (Arc::new(config), registry.address());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                // A client that does not like the certificate goes away; that is no failure of this side.
                thread::spawn(move || drop(forward(stream, config, behind)));
            }
        });
        Self { address, certificate: cert.pem() }
    }

    fn reference(&self, name: &str) -> names::Reference {
        format!("{}/{name}", self.address).parse().unwrap()
    }
}

/// Passes one request on and its answer back.
fn forward(stream: TcpStream, config: Arc<ServerConfig>, behind: SocketAddr) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut front = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match front.read(&mut piece)? {
            0 => return Ok(()),
            length => request.extend_from_slice(&piece[..length]),
        }
    }
    let mut back = TcpStream::connect(behind)?;
    back.write_all(&request)?;
    back.shutdown(Shutdown::Write)?;
    io::copy(&mut back, &mut front)?;
    front.conn.send_close_notify();
    front.flush()
}

fn strict() -> Settings {
    Settings { insecure: Vec::new(), ..settings() }
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_and_nothing_is_sent() {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "v1", &[]);
    let front = Front::start(&registry, &["127.0.0.1"]);
    let repository = Client::new(strict()).repository(&front.reference("app"), Some(&user("u", "p")));
    let error = repository.manifest(&tag("v1")).await.unwrap_err();
    assert!(
        text(&error)
            .starts_with(&format!("Get \"https://{}/v2/\": tls: failed to verify certificate: x509:", front.address)),
        "{}",
        text(&error)
    );
    assert!(matches!(error, Error::Transport { cause, .. } if cause.kind == CauseKind::Certificate));
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn an_insecure_host_may_have_any_certificate() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[b"layer".to_vec()]);
    let front = Front::start(&registry, &["elsewhere.example"]);
    let repository = Client::new(settings()).repository(&front.reference("app"), None);
    assert_eq!(repository.manifest(&tag("v1")).await.unwrap().digest, image.manifest);
    assert_eq!(read(&repository, &image.layers[0], 5, 0).await.unwrap(), b"layer");
}

#[tokio::test]
async fn the_administrators_certificate_is_believed_for_its_host_only() {
    let registry = Registry::start().unwrap();
    let image = registry.add_image("app", "v1", &[]);
    let (front, other) = (Front::start(&registry, &["127.0.0.1"]), Front::start(&registry, &["127.0.0.1"]));
    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().join(front.address.to_string());
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("ca.crt"), &front.certificate).unwrap();
    let client = Client::new(Settings { certificates: Some(directory.path().into()), ..strict() });
    let fetched = client.repository(&front.reference("app"), None).manifest(&tag("v1")).await.unwrap();
    assert_eq!(fetched.digest, image.manifest);
    assert!(client.repository(&other.reference("app"), None).manifest(&tag("v1")).await.is_err());

    // A registry with a proven certificate may name a realm on HTTPS, and never one in the clear.
    registry.demand(Auth::bearer("u", "p"));
    let error =
        client.repository(&front.reference("app"), Some(&user("u", "p"))).manifest(&tag("v1")).await.unwrap_err();
    assert!(text(&error).contains("a registry on HTTPS must have its realm on HTTPS"), "{}", text(&error));
    assert!(registry.requests().iter().all(|request| request.path != "/token"));
}

#[tokio::test]
async fn a_host_that_speaks_tls_is_not_asked_in_the_clear() {
    // The front speaks TLS and then breaks: its registry hangs up on every request.
    let registry = Registry::start().unwrap();
    registry.add_rule(Rule::on(Target::Any).act(Act::Answer(500, Vec::new(), Vec::new())));
    let front = Front::start(&registry, &["127.0.0.1"]);
    let repository = Client::new(settings()).repository(&front.reference("app"), None);
    let error = repository.manifest(&tag("v1")).await.unwrap_err();
    assert_eq!(text(&error), "received unexpected HTTP status: 500 Internal Server Error");
}

#[tokio::test]
async fn https_never_redirects_to_http() {
    let (registry, other) = (Registry::start().unwrap(), Registry::start().unwrap());
    let digest = registry.add_blob("blob");
    other.add_blob("blob");
    registry.add_rule(Rule::on(Target::Blob).act(Act::Redirect(format!("{}{{path}}", other.url()))));
    let front = Front::start(&registry, &["127.0.0.1"]);
    let repository = Client::new(settings()).repository(&front.reference("app"), None);
    let error = read(&repository, &digest, 4, 0).await.unwrap_err();
    assert!(text(&error).ends_with("HTTPS never leads to HTTP"), "{}", text(&error));
    assert!(other.requests().is_empty());
}
