use std::net::Ipv4Addr;

use logdriver::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket, UnixDatagram, UnixListener};

use super::*;
use crate::plan::Plan;

fn sink(driver: &str, pairs: &[(&str, &str)]) -> Sink {
    let options = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let target = Plan::parse(driver, &options).unwrap().target.unwrap();
    Sink::new(target, Info { id: "i".into(), name: "web".into(), tag: "t".into(), ..Info::default() })
}

fn messages(lines: &[&str]) -> Vec<Message> {
    let message = |line: &&str| Message {
        time: 0,
        stream: Stream::Stdout,
        line: line.as_bytes().to_vec(),
        partial: None,
        number: 1,
    };
    lines.iter().map(message).collect()
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_receiver_that_hung_up_is_seen_before_anything_is_written() {
    let (listener, address) = listen().await;
    let mut sink = sink("syslog", &[("syslog-address", &format!("tcp://{address}"))]);
    sink.open().await.unwrap();
    let (first, _) = listener.accept().await.unwrap();
    drop(first);
    // The end of the first connection is here once a look has seen it; the second connection shows that one did.
    let (sent, accepted) = tokio::join!(
        async {
            while sink.wire.as_mut().unwrap().0.condition().await == Condition::Open {
                tokio::task::yield_now().await;
            }
            sink.send(&messages(&["a", "b"])).await
        },
        listener.accept()
    );
    sent.unwrap();
    let mut text = String::new();
    drop(sink);
    accepted.unwrap().0.read_to_string(&mut text).await.unwrap();
    assert_eq!(text.lines().map(|line| line.rsplit(' ').next().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn nobody_there_is_told_as_docker_tells_it() {
    let (listener, address) = listen().await;
    drop(listener);
    let start = "failed to initialize logging driver: ";
    let refused = format!("dial tcp {address}: connect: connection refused");
    let (tcp, url) = (format!("tcp://{address}"), format!("http://{address}"));
    let splunk = [("splunk-url", url.as_str()), ("splunk-token", "t")];
    let cases = [
        ("syslog", vec![("syslog-address", tcp.as_str())], refused.clone()),
        ("fluentd", vec![("fluentd-address", address.as_str())], refused.clone()),
        (
            "gelf",
            vec![("gelf-address", tcp.as_str())],
            format!("gelf: cannot connect to GELF endpoint: {address} {refused}"),
        ),
        (
            "fluentd",
            vec![("fluentd-address", "unix:///nope")],
            "dial unix /nope: connect: no such file or directory".to_owned(),
        ),
    ];
    for (driver, options, why) in cases {
        let fault = sink(driver, &options).open().await.unwrap_err();
        assert_eq!((fault.message(), fault.kind()), (format!("{start}{why}").as_str(), fault::Kind::System));
    }
    let fault = sink("splunk", &splunk).open().await.unwrap_err();
    let url = format!("{start}Options \"{url}/services/collector/event/1.0\": dial tcp: connect: connection refused");
    assert_eq!(fault.message(), url);
    // These start all the same.
    sink("fluentd", &[("fluentd-address", &address), ("fluentd-async", "true")]).open().await.unwrap();
    sink("splunk", &[splunk[0], splunk[1], ("splunk-verify-connection", "false")]).open().await.unwrap();
    sink("syslog", &[("syslog-address", &format!("udp://{address}"))]).open().await.unwrap();
}

#[tokio::test]
async fn a_datagram_that_cannot_be_is_hopeless_and_the_others_are_not() {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut sink = sink("syslog", &[("syslog-address", &format!("udp://{}", receiver.local_addr().unwrap()))]);
    let long = "x".repeat(70_000);
    let failure = sink.send(&messages(&["a", &long, "b"])).await.unwrap_err();
    assert_eq!((failure.sent, failure.hopeless), (1, 1), "{}", failure.why);
    sink.send(&messages(&["b"])).await.unwrap();
    let mut space = [0; 100];
    for expected in ["a\n", "b\n"] {
        let count = receiver.recv(&mut space).await.unwrap();
        assert!(space[..count].ends_with(expected.as_bytes()));
    }
}

#[tokio::test]
async fn sockets_of_files_take_both_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (stream, datagrams) = (UnixListener::bind(path("s")).unwrap(), UnixDatagram::bind(path("d")).unwrap());
    let at = |scheme: &str, name: &str| format!("{scheme}://{}", path(name).display());
    let mut sinks = ["s", "d"]
        .map(|name| sink("syslog", &[("syslog-address", &at(if name == "s" { "unix" } else { "unixgram" }, name))]));
    let (mut space, mut count) = ([0; 100], 0);
    for sink in &mut sinks {
        sink.send(&messages(&["hello"])).await.unwrap();
    }
    let (mut accepted, _) = stream.accept().await.unwrap();
    while !space[..count].ends_with(b"hello\n") {
        count += accepted.read(&mut space[count..]).await.unwrap();
    }
    let count = datagrams.recv(&mut space).await.unwrap();
    assert!(space[..count].ends_with(b"hello\n"));
}

#[tokio::test]
async fn what_is_not_acknowledged_was_not_sent() {
    let (listener, address) = listen().await;
    let mut sink = sink("fluentd", &[("fluentd-address", &address), ("fluentd-request-ack", "true")]);
    let receiver = async {
        let (mut accepted, _) = listener.accept().await.unwrap();
        let mut space = [0; 4096];
        let count = accepted.read(&mut space).await.unwrap();
        let name = &space[count - 36..count];
        accepted.write_all(&[b"\x81\xa3ack\xd9\x24", name].concat()).await.unwrap();
        assert!(accepted.read(&mut space).await.unwrap() > 36);
        accepted.write_all(b"\x81\xa3ack\xa3abc").await.unwrap();
    };
    let all = messages(&["a", "b"]);
    let (sent, ()) = tokio::join!(sink.send(&all), receiver);
    assert_eq!(sent.unwrap_err().why, "the receiver acknowledged something else");
}

#[tokio::test]
async fn a_collector_s_refusal_is_told_and_what_it_calls_malformed_is_hopeless() {
    for (status, hopeless) in [("400 Bad Request", 2), ("503 Service Unavailable", 0)] {
        let (listener, address) = listen().await;
        let url = format!("http://{address}");
        let mut sink = sink("splunk", &[("splunk-url", &url), ("splunk-token", "secret")]);
        let receiver = async {
            let (mut accepted, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            while !request.ends_with('}') {
                let mut space = [0; 4096];
                let count = accepted.read(&mut space).await.unwrap();
                request.push_str(std::str::from_utf8(&space[..count]).unwrap());
            }
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nwhy");
            accepted.write_all(answer.as_bytes()).await.unwrap();
            request
        };
        let all = messages(&["a", "b"]);
        let (sent, request) = tokio::join!(sink.send(&all), receiver);
        let failure = sent.unwrap_err();
        assert_eq!((failure.sent, failure.hopeless), (0, hopeless));
        assert!(failure.why.contains(status) && failure.why.ends_with("why"), "{}", failure.why);
        assert!(request.starts_with("POST /services/collector/event/1.0 HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("authorization: splunk secret\r\n"), "{request}");
    }
}

/// Writes an authority (`ca.pem`) and a certificate of `name` (`own.pem`, `own.key`) into a folder.
fn write_certificates(folder: &Path, name: &str) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(folder.join("ca.pem"), authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
    std::fs::write(folder.join("own.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("own.key"), key.serialize_pem()).unwrap();
}

/// What accepts TLS with the certificate of a folder, and asks for one of the same authority where `asks` says so.
fn acceptor(folder: &Path, asks: bool) -> tokio_rustls::TlsAcceptor {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = vec![CertificateDer::from_pem_file(folder.join("own.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder.join("own.key")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = match asks {
        true => builder.with_client_cert_verifier(verifier.build().unwrap()),
        false => builder.with_no_client_auth(),
    };
    tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

/// A collector that answers whoever trusts it.
async fn serve_tls(folder: &Path, listener: TcpListener) {
    let acceptor = acceptor(folder, false);
    loop {
        let (accepted, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(accepted).await else { continue };
        let mut space = [0; 4096];
        // A client that does not trust us says so here.
        if stream.read(&mut space).await.is_ok_and(|count| count > 0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            let _ = stream.shutdown().await;
        }
    }
}

#[tokio::test]
async fn a_collector_is_trusted_by_its_authority_and_the_name_it_must_have() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, address) = listen().await;
    write_certificates(folder.path(), "logs.example");
    let collector = serve_tls(folder.path(), listener);
    let url = format!("https://{address}");
    let authority = folder.path().join("ca.pem").display().to_string();
    let (authority, name) = (("splunk-capath", authority.as_str()), ("splunk-caname", "logs.example"));
    let clients = async {
        for (options, trusts) in [
            (&[][..], false),
            (&[authority], false),
            (&[authority, ("splunk-caname", "other.example")], false),
            (&[name], false),
            (&[authority, name], true),
            (&[("splunk-insecureskipverify", "true")], true),
        ] {
            let all = [&[("splunk-url", url.as_str()), ("splunk-token", "t")], options].concat();
            let opened = sink("splunk", &all).open().await;
            assert_eq!(opened.is_ok(), trusts, "{options:?}: {opened:?}");
            if let Err(fault) = opened {
                assert!(fault.message().contains("certificate"), "{options:?}: {fault}");
            }
        }
    };
    tokio::select! {
        () = collector => unreachable!("it goes on for ever"),
        () = clients => {}
    }
}

#[tokio::test]
async fn a_syslog_that_asks_for_a_certificate_gets_ours() {
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path(), "localhost");
    let (listener, address) = listen().await;
    let acceptor = acceptor(folder.path(), true);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (authority, own, key) = (file("ca.pem"), file("own.pem"), file("own.key"));
    let address = format!("tcp+tls://localhost:{}", address.rsplit(':').next().unwrap());
    let common =
        [("syslog-address", address.as_str()), ("syslog-tls-ca-cert", &authority), ("syslog-format", "rfc5424")];
    let identity = [("syslog-tls-cert", own.as_str()), ("syslog-tls-key", key.as_str())];
    let client = async {
        // The last word of the newer handshake is the receiver's: who is not known hears of it a little later.
        let mut unknown = sink("syslog", &common);
        let failure = loop {
            match unknown.send(&messages(&["never"])).await {
                Ok(()) => tokio::task::yield_now().await,
                Err(failure) => break failure,
            }
        };
        assert!(failure.why.contains("CertificateRequired"), "{}", failure.why);
        sink("syslog", &[&common[..], &identity[..]].concat()).send(&messages(&["hello"])).await.unwrap();
    };
    let server = async {
        loop {
            let (accepted, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(accepted).await else { continue };
            let (mut space, mut count) = ([0; 1000], 0);
            while !space[..count].ends_with(b"\n") {
                count += stream.read(&mut space[count..]).await.unwrap();
            }
            return String::from_utf8(space[..count].to_vec()).unwrap();
        }
    };
    let ((), text) = tokio::join!(client, server);
    let (length, message) = text.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), message.len());
    assert!(message.starts_with("<30>1 1970-01-01T") && message.ends_with(" t - hello\n"), "{message}");
}

#[tokio::test]
async fn datagrams_to_nobody_are_no_failure() {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = receiver.local_addr().unwrap();
    let mut sink = sink("gelf", &[("gelf-address", &format!("udp://{address}")), ("gelf-compression-type", "none")]);
    sink.open().await.unwrap();
    drop(receiver);
    for _ in 0..20 {
        sink.send(&messages(&["a", "b"])).await.unwrap();
    }
}
