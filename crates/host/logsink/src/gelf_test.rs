use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

use super::*;

fn parse(pairs: &[(&str, &str)]) -> Result<Config> {
    Config::parse(&pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn message(line: &[u8]) -> Message {
    Message { time: 1_796_093_793_854_999_999, stream: Stream::Stderr, line: line.to_vec(), partial: None, number: 1 }
}

fn info() -> Info {
    Info {
        id: "0c8f".into(),
        name: "web".into(),
        image_id: "sha256:fabf".into(),
        image_name: "bb:1".into(),
        entrypoint: "sh".into(),
        created: 1_796_093_793_698_256_451,
        hostname: "vm".into(),
        tag: "t".into(),
        attributes: [("FOO".to_owned(), "bar".to_owned()), ("_x".to_owned(), "1".to_owned())].into(),
        ..Info::default()
    }
}

#[test]
fn a_message_has_docker_s_fields() {
    let config = parse(&[("gelf-address", "tcp://h:1")]).unwrap();
    let pieces = config.encode(&info(), &message(b"err"), [0; 8]).unwrap();
    let [piece] = &pieces[..] else { panic!("{pieces:?}") };
    let expected = concat!(
        r#"{"version":"1.1","host":"vm","short_message":"err","timestamp":1796093793.854,"level":3,"_FOO":"bar","#,
        r#""_command":"sh","_container_id":"0c8f","_container_name":"web","_created":"2026-12-01T02:56:33.698256451Z","#,
        r#""_image_id":"sha256:fabf","_image_name":"bb:1","_tag":"t","_x":"1"}"#,
        "\0"
    );
    assert_eq!(String::from_utf8_lossy(piece), expected);
    assert_eq!(config.encode(&info(), &message(b""), [0; 8]), Some(Vec::new()));
}

#[test]
fn datagrams_are_packed_and_cut() {
    let unpack = |kind: &str, bytes: &[u8]| {
        let mut text = String::new();
        match kind {
            "gzip" => GzDecoder::new(bytes).read_to_string(&mut text).unwrap(),
            "zlib" => ZlibDecoder::new(bytes).read_to_string(&mut text).unwrap(),
            _ => (&bytes[..]).read_to_string(&mut text).unwrap(),
        };
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["short_message"].as_str().unwrap().to_owned()
    };
    let long: String = (0..4000).map(|n: u32| format!("{n:x}")).collect();
    for kind in ["gzip", "zlib", "none"] {
        let config = parse(&[("gelf-address", "udp://h:1"), ("gelf-compression-type", kind)]).unwrap();
        let short = config.encode(&info(), &message(b"short"), [7; 8]).unwrap();
        assert_eq!((short.len(), unpack(kind, &short[0])), (1, "short".to_owned()));
        let chunks = config.encode(&info(), &message(long.as_bytes()), [7; 8]).unwrap();
        assert!(chunks.len() > 1 && chunks.iter().all(|chunk| chunk.len() <= DATAGRAM));
        let mut whole = Vec::new();
        for (number, chunk) in chunks.iter().enumerate() {
            assert_eq!(chunk[..12], [0x1e, 0x0f, 7, 7, 7, 7, 7, 7, 7, 7, number as u8, chunks.len() as u8]);
            whole.extend_from_slice(&chunk[12..]);
        }
        assert_eq!(unpack(kind, &whole), long);
    }
    let config = parse(&[("gelf-address", "udp://h:1"), ("gelf-compression-type", "none")]).unwrap();
    let mut large = info();
    large.attributes.insert("LARGE".into(), "x".repeat(CHUNKS * DATAGRAM));
    assert_eq!(config.encode(&large, &message(b"x"), [0; 8]), None);
}

/// Docker's own words, from a Docker that was asked.
#[test]
fn bad_options_are_refused_in_docker_s_words() {
    let (udp, tcp) = (("gelf-address", "udp://127.0.0.1:1"), ("gelf-address", "tcp://127.0.0.1:1"));
    for (pairs, why) in [
        (&[][..], "gelf-address is a required parameter"),
        (&[("gelf-address", "foo")], "gelf-address should be in form proto://address, got foo"),
        (&[("gelf-address", "http://x:1")], "gelf-address should be in form proto://address, got http://x:1"),
        (&[("gelf-address", "udp://x")], "gelf: please provide gelf-address as proto://host:port"),
        (&[("gelf-address", "udp://[::1")], r#"parse "udp://[::1": missing ']' in host"#),
        (&[udp, ("foo", "1")], r#"unknown log opt "foo" for gelf log driver"#),
        (&[tcp, ("gelf-compression-type", "gzip")], "compression is only supported on UDP"),
        (
            &[udp, ("gelf-compression-type", "x")],
            r#"unknown value "x" for log opt "gelf-compression-type" for gelf log driver"#,
        ),
        (
            &[udp, ("gelf-compression-level", "10")],
            r#"unknown value "10" for log opt "gelf-compression-level" for gelf log driver"#,
        ),
        (
            &[udp, ("gelf-compression-level", "-2")],
            r#"unknown value "-2" for log opt "gelf-compression-level" for gelf log driver"#,
        ),
        (&[udp, ("gelf-tcp-max-reconnect", "1")], r#""gelf-tcp-max-reconnect" is only valid for TCP"#),
        (&[tcp, ("gelf-tcp-max-reconnect", "-1")], r#""gelf-tcp-max-reconnect" must be a positive integer"#),
        (&[tcp, ("gelf-tcp-reconnect-delay", "x")], r#""gelf-tcp-reconnect-delay" must be a positive integer"#),
    ] {
        assert_eq!(parse(pairs).unwrap_err().message(), why, "{pairs:?}");
    }
    assert!(parse(&[udp, ("gelf-compression-level", "-1")]).is_ok());
    let patient = parse(&[tcp, ("gelf-tcp-max-reconnect", "2"), ("gelf-tcp-reconnect-delay", "3")]).unwrap().patience;
    assert_eq!((patient.limit, patient.first), (Some(2), Duration::from_secs(3)));
}
