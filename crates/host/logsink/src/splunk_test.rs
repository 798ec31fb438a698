use std::io::Read;

use super::*;

fn parse(pairs: &[(&str, &str)]) -> Result<Config> {
    let all = [("splunk-url", "http://127.0.0.1:1"), ("splunk-token", "T")].iter().chain(pairs);
    Config::parse(&all.map(|&(name, value)| (name.into(), value.into())).collect())
}

fn body(pairs: &[(&str, &str)], tag: &str) -> Vec<u8> {
    let attributes = [("FOO", "bar"), ("com.x", "1")];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let info = Info { hostname: "vm".into(), tag: tag.into(), attributes, ..Info::default() };
    let lines = [(Stream::Stdout, "out"), (Stream::Stdout, " "), (Stream::Stderr, r#"{"a": 1}"#)];
    let message = |(stream, line): &(Stream, &str)| Message {
        time: 1_796_093_816_611_275_999,
        stream: *stream,
        line: line.as_bytes().to_vec(),
        partial: None,
        number: 1,
    };
    parse(pairs).unwrap().encode(&info, &lines.iter().map(message).collect::<Vec<_>>()).unwrap()
}

fn text(pairs: &[(&str, &str)], tag: &str) -> String {
    String::from_utf8(body(pairs, tag)).unwrap()
}

/// As a Docker sent them to a listener.
#[test]
fn events_are_docker_s() {
    let rest = r#""time":"1796093816.611275","host":"vm"}"#;
    let attrs = r#""attrs":{"FOO":"bar","com.x":"1"}"#;
    assert_eq!(
        text(&[], "t"),
        format!(
            r#"{{"event":{{"line":"out","source":"stdout","tag":"t",{attrs}}},{rest}{{"event":{{"line":" ","source":"stdout","tag":"t",{attrs}}},{rest}{{"event":{{"line":"{{\"a\": 1}}","source":"stderr","tag":"t",{attrs}}},{rest}"#
        )
    );
    assert!(text(&[("splunk-format", "json")], "").contains(r#"{"event":{"line":{"a":1},"source":"stderr","attrs""#));
    assert_eq!(
        text(&[("splunk-format", "raw")], "t"),
        format!(r#"{{"event":"t FOO=bar com.x=1 out",{rest}{{"event":"t FOO=bar com.x=1 {{\"a\": 1}}",{rest}"#)
    );
    let more = [("splunk-source", "s"), ("splunk-sourcetype", "st"), ("splunk-index", "ix"), ("splunk-gzip", "1")];
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&body(&more, "t")[..]).read_to_string(&mut unpacked).unwrap();
    assert!(unpacked.ends_with(r#""host":"vm","source":"s","sourcetype":"st","index":"ix"}"#), "{unpacked}");
}

/// Docker's own words, from a Docker that was asked.
#[test]
fn bad_options_are_refused_in_docker_s_words() {
    let form = "splunk: expected format scheme://dns_name_or_ip:port for splunk-url";
    let number = "strconv.ParseInt: parsing \"x\": invalid syntax";
    let boolean = "strconv.ParseBool: parsing \"x\": invalid syntax";
    for (name, value, why) in [
        ("splunk-url", "", "splunk: splunk-url is expected"),
        ("splunk-token", "", "splunk: splunk-token is expected"),
        ("splunk-url", "x", form),
        ("splunk-url", "http://h:1/p", form),
        ("splunk-url", "http://h:1?q", form),
        ("splunk-url", "http://h:x", "splunk: failed to parse http://h:x as url value in splunk-url"),
        ("splunk-verify-connection", "x", boolean),
        ("splunk-gzip", "x", boolean),
        ("splunk-gzip-level", "x", number),
        ("splunk-insecureskipverify", "x", boolean),
        ("splunk-index-acknowledgment", "x", boolean),
        ("splunk-format", "x", "unknown format specified x, supported formats are inline, json and raw"),
        (
            "splunk-gzip-level",
            "12",
            "not supported level '12' for splunk-gzip-level (supported values between -1 and 9)",
        ),
    ] {
        let fault = parse(&[(name, value)]).unwrap_err();
        assert_eq!(fault.message(), format!("failed to initialize logging driver: {why}"), "{name}={value}");
    }
    assert_eq!(parse(&[("foo", "1")]).unwrap_err().message(), "unknown log opt 'foo' for splunk log driver");
    assert_eq!(parse(&[]).unwrap().url, "http://127.0.0.1:1/services/collector/event/1.0");
}
