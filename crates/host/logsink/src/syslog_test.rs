use super::*;

fn parse(pairs: &[(&str, &str)]) -> Result<Config> {
    Config::parse(&pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn encoded(pairs: &[(&str, &str)], zone: &TimeZone) -> String {
    let info = Info { tag: "w\nb".into(), hostname: "vm".into(), ..Info::default() };
    let message = |stream, line: &str| Message {
        time: 1_796_093_782_854_101_000,
        stream,
        line: line.into(),
        partial: None,
        number: 1,
    };
    let config = parse(pairs).unwrap();
    let all = [message(Stream::Stdout, "out"), message(Stream::Stderr, ""), message(Stream::Stderr, "err")];
    let bytes: Vec<u8> = all.iter().filter_map(|message| config.encode(&info, message, zone)).flatten().collect();
    String::from_utf8(bytes).unwrap().replace(&std::process::id().to_string(), "PID")
}

/// As a Docker wrote them to a socket.
#[test]
fn formats_are_docker_s() {
    let utc = TimeZone::UTC;
    assert_eq!(encoded(&[], &utc), "<30>Dec  1 02:56:22 w_b[PID]: out\n<27>Dec  1 02:56:22 w_b[PID]: err\n");
    assert_eq!(
        encoded(&[("syslog-format", "rfc3164"), ("syslog-facility", "local7")], &utc),
        "<190>Dec  1 02:56:22 vm w_b[PID]: out\n<187>Dec  1 02:56:22 vm w_b[PID]: err\n"
    );
    assert_eq!(
        encoded(&[("syslog-format", "rfc5424"), ("syslog-facility", "0")], &utc),
        "<6>1 2026-12-01T02:56:22Z vm w_b PID w_b - out\n<3>1 2026-12-01T02:56:22Z vm w_b PID w_b - err\n"
    );
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let address = ("syslog-address", "tcp+tls://h");
    let text = encoded(&[("syslog-format", "rfc5424micro"), address], &zone);
    let (length, first) = text.split_once(' ').unwrap();
    assert!(first.starts_with("<30>1 2026-12-01T04:56:22.854101+02:00 vm w_b PID w_b - out\n"), "{text}");
    let digits = std::process::id().to_string().len();
    assert_eq!(
        length.parse::<usize>().unwrap(),
        "<30>1 2026-12-01T04:56:22.854101+02:00 vm w_b  w_b - out\n".len() + digits
    );
}

/// Docker's own words, from a Docker that was asked.
#[test]
fn bad_options_are_refused_in_docker_s_words() {
    for (name, value, why) in [
        ("foo", "1", "unknown log opt 'foo' for syslog log driver"),
        ("syslog-address", "foo", "syslog-address should be in form proto://address, got foo"),
        ("syslog-address", "http://x", "syslog-address should be in form proto://address, got http://x"),
        ("syslog-address", ":", "syslog-address should be in form proto://address, got :"),
        ("syslog-address", "localhost:514", "syslog-address should be in form proto://address, got localhost:514"),
        ("syslog-address", "unix:///nope", "stat /nope: no such file or directory"),
        ("syslog-address", "unixgram:///nope", "stat /nope: no such file or directory"),
        ("syslog-address", "tcp://h:1:2", "address h:1:2: too many colons in address"),
        ("syslog-address", "tcp://h:abc", r#"parse "tcp://h:abc": invalid port ":abc" after host"#),
        ("syslog-facility", "x", "invalid syslog facility"),
        ("syslog-facility", "24", "invalid syslog facility"),
        ("syslog-facility", "LOCAL7", "invalid syslog facility"),
        ("syslog-format", "x", "Invalid syslog format"),
    ] {
        let fault = parse(&[(name, value)]).and_then(|config| config.check()).unwrap_err();
        assert_eq!(fault.message(), why, "{name}={value}");
    }
    assert_eq!(parse(&[]).unwrap().receiver, Receiver::Local);
    let receiver = HostPort { host: "h".into(), port: Some("514".into()) };
    assert_eq!(parse(&[("syslog-address", "udp://h")]).unwrap().receiver, Receiver::Udp(receiver));
}
