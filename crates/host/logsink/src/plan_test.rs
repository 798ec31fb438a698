use fault::Kind;

use super::*;

fn plan(driver: &str, pairs: &[(&str, &str)]) -> Result<Plan> {
    Plan::parse(driver, &pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Docker's own words, from a Docker that was asked.
#[test]
fn what_no_driver_takes_is_refused_in_docker_s_words() {
    for (driver, pairs, why) in [
        ("x", &[][..], "error looking up logging plugin x: plugin \"x\" not found"),
        ("etwlogs", &[], "error looking up logging plugin etwlogs: plugin \"etwlogs\" not found"),
        ("json-file", &[("foo", "1")], "unknown log opt 'foo' for json-file log driver"),
        ("json-file", &[("mode", "x")], "logger: logging mode not supported: x"),
        (
            "json-file",
            &[("max-buffer-size", "1m")],
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        ),
        (
            "syslog",
            &[("mode", "non-blocking"), ("max-buffer-size", "x")],
            "error parsing option max-buffer-size: invalid size: 'x'",
        ),
        ("json-file", &[("cache-disabled", "x")], "invalid value for option cache-disabled: x"),
        ("local", &[("labels", "1")], "unknown log opt 'labels' for log driver local"),
        ("local", &[("tag", "1")], "unknown log opt 'tag' for log driver local"),
        (
            "syslog",
            &[("tag", "{{.X}}")],
            "failed to initialize logging driver: template: log-tag:1:2: executing \"log-tag\" at <.X>: \
             can't evaluate field X in type *logger.Info",
        ),
        (
            "syslog",
            &[("cache-max-file", "1")],
            "failed to initialize logging driver: compression cannot be enabled when max file count is 1",
        ),
    ] {
        let fault = plan(driver, pairs).unwrap_err();
        assert_eq!((fault.message(), fault.kind()), (why, Kind::InvalidParameter), "{driver} {pairs:?}");
    }
}

#[test]
fn what_is_not_there_says_so() {
    for driver in ["awslogs", "gcplogs"] {
        let fault = plan(driver, &[]).unwrap_err();
        assert_eq!(fault.kind(), Kind::NotImplemented);
        assert!(fault.message().contains(driver), "{fault}");
    }
}

#[test]
fn drivers_differ_in_what_is_kept_and_what_is_sent() {
    let none = plan("none", &[("a", "b")]).unwrap();
    assert!(none.store.is_none() && !none.readable && none.target.is_none());
    let json = plan("json-file", &[("cache-disabled", "true")]).unwrap();
    assert!(json.readable && json.target.is_none() && json.tag.is_empty());
    let syslog = plan("syslog", &[("cache-max-size", "1k"), ("cache-max-file", "2"), ("tag", "")]).unwrap();
    assert_eq!(syslog.store, Some(Store { max_size: 1024, max_files: 2, compress: true }));
    assert_eq!((syslog.readable, syslog.tag.as_str()), (true, "{{.ID}}"));
    assert!(!plan("syslog", &[("cache-disabled", "true")]).unwrap().readable);
    assert!(plan("journald", &[("cache-disabled", "true")]).unwrap().readable);
    let splunk = [("splunk-url", "http://h"), ("splunk-token", "t"), ("tag", "")];
    assert_eq!(plan("splunk", &splunk).unwrap().tag, "");
    assert!(DRIVERS.is_sorted());
}

#[test]
fn a_ring_has_a_size() {
    assert_eq!(plan("syslog", &[]).unwrap().mode, Mode::Blocking);
    assert_eq!(plan("syslog", &[("mode", "non-blocking")]).unwrap().mode, Mode::NonBlocking(1 << 20));
    let sized = [("mode", "non-blocking"), ("max-buffer-size", "4k")];
    assert_eq!(plan("syslog", &sized).unwrap().buffer(), 4096);
    assert_eq!(plan("fluentd", &[("fluentd-buffer-limit", "2m")]).unwrap().buffer(), 2 << 20);
}
