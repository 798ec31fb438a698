use super::*;
use crate::message::Partial;

fn parse(pairs: &[(&str, &str)]) -> Result<Config> {
    Config::parse(&pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn encoded(pairs: &[(&str, &str)], partial: Option<Partial>, chunk: Option<&str>) -> Vec<u8> {
    let info = Info { id: "6e43".into(), name: "web".into(), tag: "t".into(), ..Info::default() };
    let message =
        Message { time: 1_796_093_799_000_000_007, stream: Stream::Stderr, line: b"err".to_vec(), partial, number: 1 };
    parse(pairs).unwrap().encode(&info, &message, chunk)
}

/// As in the specification of MessagePack, by hand; a real decoder reads it in the tests with a daemon.
#[test]
fn a_message_is_an_array_of_four() {
    let record: &[u8] = b"\x84\xaccontainer_id\xa46e43\xaecontainer_name\xa4/web\xa6source\xa6stderr\xa3log\xa3err";
    let time = 1_796_093_799_u32.to_be_bytes();
    assert_eq!(encoded(&[], None, None), [b"\x94\xa1t\xce", &time[..], record, b"\x80"].concat());
    let precise = [("fluentd-sub-second-precision", "true")];
    let nanos = 7_u32.to_be_bytes();
    assert_eq!(encoded(&precise, None, None), [b"\x94\xa1t\xd7\x00", &time[..], &nanos, record, b"\x80"].concat());
    assert_eq!(encoded(&[], None, Some("c")), [b"\x94\xa1t\xce", &time[..], record, b"\x81\xa5chunk\xa1c"].concat());
    let piece = encoded(&[], Some(Partial { id: "i".into(), ordinal: 2, last: true }), None);
    let text = b"\xafpartial_message\xa4true\xaapartial_id\xa1i\xafpartial_ordinal\xa12\xacpartial_last\xa4true\x80";
    assert!(piece.ends_with(text) && piece.contains(&0x88), "{piece:x?}");
}

#[test]
fn bad_options_are_refused_in_docker_s_words() {
    for (pairs, why) in [
        (&[("foo", "1")][..], "unknown log opt 'foo' for fluentd log driver"),
        (&[("fluentd-address", "http://x")], "invalid fluentd-address (http://x): unsupported scheme: 'http'"),
        (&[("fluentd-address", "unix://")], "invalid fluentd-address (unix://): path is empty"),
        (
            &[("fluentd-address", "tcp://x:1/p")],
            "invalid fluentd-address (tcp://x:1/p): should not contain a path element",
        ),
        (
            &[("fluentd-address", "x:99999")],
            "invalid fluentd-address (x:99999): invalid port: strconv.ParseUint: parsing \"99999\": value out of range",
        ),
        (
            &[("fluentd-address", "a:b:c")],
            r#"invalid fluentd-address (a:b:c): parse "tcp://a:b:c": invalid port ":c" after host"#,
        ),
        (&[("fluentd-async", "x")], "strconv.ParseBool: parsing \"x\": invalid syntax"),
        (
            &[("fluentd-async-connect", "1"), ("fluentd-async", "1")],
            "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect'",
        ),
        (&[("fluentd-sub-second-precision", "x")], "strconv.ParseBool: parsing \"x\": invalid syntax"),
        (&[("fluentd-request-ack", "x")], "strconv.ParseBool: parsing \"x\": invalid syntax"),
        (&[("fluentd-buffer-limit", "x")], "invalid size: 'x'"),
        (&[("fluentd-retry-wait", "x")], "time: invalid duration \"x\""),
        (&[("fluentd-max-retries", "-1")], "strconv.ParseUint: parsing \"-1\": invalid syntax"),
        (
            &[("fluentd-async-reconnect-interval", "1ms")],
            "invalid value for fluentd-async-reconnect-interval: value (1ms) must be between 100ms and 10s",
        ),
    ] {
        assert_eq!(parse(pairs).unwrap_err().message(), why, "{pairs:?}");
    }
    let receiver = |address: &str| parse(&[("fluentd-address", address)]).unwrap().receiver;
    let at = |host: &str, port: &str| HostPort { host: host.into(), port: Some(port.into()) };
    assert_eq!(receiver(""), Receiver::Tcp(at("127.0.0.1", "24224")));
    assert_eq!(receiver("h:1"), Receiver::Tcp(at("h", "1")));
    assert_eq!(receiver("tls://h"), Receiver::Tls(at("h", "24224")));
    assert_eq!(receiver("unix:///run/f"), Receiver::Unix("/run/f".into()));
}

#[test]
fn an_acknowledgement_may_come_in_pieces() {
    let answer = b"\x81\xa3ack\xa3abc";
    for end in 0..answer.len() {
        assert_eq!(acknowledgement(&answer[..end]), None);
    }
    assert_eq!(acknowledgement(answer), Some("abc"));
    assert_eq!(acknowledgement(b"\x81\xa3nak\xa3abc"), None);
    assert_eq!(acknowledgement(b"HTTP/1.1 400 Bad Request"), None);
}
