//! What containers print, at receivers of other makes.

use serde_json::{Value, json};
use testkit::{Client, Host};

use crate::bench::Bench;
use crate::sinks::{Journal, Receiver, Rsyslog};

const PRINT: &str = "echo to out; echo to err >&2";

/// Options of `run` for a driver.
fn options<'a>(driver: &'a str, pairs: &'a [String]) -> Vec<&'a str> {
    let pairs = pairs.iter().flat_map(|pair| ["--log-opt", pair.as_str()]);
    ["--log-driver", driver].into_iter().chain(pairs).collect()
}

fn pairs(list: &[&str]) -> Vec<String> {
    list.iter().map(|&pair| pair.to_owned()).collect()
}

/// Runs a script to its end, in a container of this name; its output is also shown by `docker logs`.
fn print(bench: &Bench, name: &str, driver: &str, list: &[&str], script: &str) -> String {
    let (list, label) = (pairs(list), ["--name", name, "--label", "com.x=1", "-e", "FOO=bar"]);
    bench.run(&[&options(driver, &list)[..], &label].concat(), script).success();
    let id = bench.gantry().ok(&["inspect", "-f", "{{.Id}}", name]);
    let shown = bench.daemon.docker().run(&["logs", name]);
    assert!(shown.code == 0 && !(shown.stdout + &shown.stderr).is_empty(), "{name}");
    id
}

/// A text as a number.
fn number(text: &Value) -> u32 {
    text.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{text} is no number"))
}

#[test]
fn rsyslog_reads_every_format_over_every_way() {
    let bench = Bench::new();
    let rsyslog = Rsyslog::start(&bench.host);
    let authority = format!("syslog-tls-ca-cert={}", rsyslog.authority().display());
    let socket = format!("syslog-address=unixgram://{}", rsyslog.socket().display());
    let (udp, tcp) = ("syslog-address=udp://127.0.0.1:514", "syslog-address=tcp://localhost");
    let tls = "syslog-address=tcp+tls://localhost:6514";
    let cases: &[(&str, &[&str])] = &[
        ("aa", &[udp]),
        ("bb", &[tcp, "syslog-format=rfc3164"]),
        ("cc", &[tcp, "syslog-format=rfc5424", "syslog-facility=local3"]),
        ("dd", &[tcp, "syslog-format=rfc5424micro"]),
        ("ee", &[tls, "syslog-format=rfc5424", &authority]),
        ("ff", &[tls, "syslog-format=rfc3164", "syslog-tls-skip-verify=true"]),
        ("gg", &[&socket]),
        ("hh", &[udp, "syslog-format=rfc5424"]),
    ];
    for (index, (name, list)) in cases.iter().enumerate() {
        print(&bench, name, "syslog", &[*list, &["tag={{.Name}}-tag"]].concat(), PRINT);
        let mut lines = rsyslog.wait_for(2 * index + 2).split_off(2 * index);
        lines.sort_by(|a, b| a.priority.cmp(&b.priority));
        let facility = if *name == "cc" { "local3" } else { "daemon" };
        for (line, (severity, text)) in lines.iter().zip([("err", "to err"), ("info", "to out")]) {
            assert_eq!(line.priority, format!("{facility}.{severity}"), "{list:?}: {line:?}");
            assert_eq!((line.text.as_str(), line.program.as_str()), (text, format!("{name}-tag").as_str()), "{list:?}");
            if list.iter().any(|option| option.starts_with("syslog-format")) {
                assert_eq!(line.host, rustix::system::uname().nodename().to_string_lossy(), "{list:?}");
            }
        }
    }
    // A receiver that nobody vouches for gets nothing.
    let options = options("syslog", &[tls.to_owned()]).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let message = bench.run(&options.iter().map(String::as_str).collect::<Vec<_>>(), PRINT).failure(125);
    assert!(message.contains("failed to initialize logging driver: tls: localhost:6514: "), "{message}");
    assert_eq!(rsyslog.lines().len(), 2 * cases.len());
}

#[test]
fn gelf_comes_packed_in_chunks_and_by_tcp() {
    let bench = Bench::new();
    let udp = Receiver::start(&bench.host, &["gelf-udp", "12201"]);
    let address = "gelf-address=udp://127.0.0.1:12201";
    let id = print(&bench, "aa", "gelf", &[address, "labels=com.x", "env=FOO", "tag=t"], PRINT);
    let mut records = udp.wait_for(2);
    records.sort_by_key(|record| record["level"].as_i64());
    for (record, level, text) in [(&records[0], 3, "to err"), (&records[1], 6, "to out")] {
        assert_eq!((&record["short_message"], &record["level"]), (&json!(text), &json!(level)));
        assert_eq!((&record["_container_id"], &record["_container_name"]), (&json!(id), &json!("aa")));
        assert_eq!((&record["_com.x"], &record["_FOO"], &record["_tag"]), (&json!("1"), &json!("bar"), &json!("t")));
        assert_eq!((&record["_image_name"], &record["packing"]), (&json!(bench.image), &json!("gzip")));
    }
    let random = "head -c 6000 /dev/urandom | hexdump -v -e '1/1 \"%02x\"'; echo";
    print(&bench, "bb", "gelf", &[address, "gelf-compression-type=zlib", "gelf-compression-level=9"], random);
    let record = udp.wait_for(3).remove(2);
    assert_eq!((record["short_message"].as_str().map(str::len), &record["packing"]), (Some(12_000), &json!("zlib")));
    assert!(record["chunks"].as_i64() > Some(4), "{}", record["chunks"]);
    print(&bench, "cc", "gelf", &[address, "gelf-compression-type=none"], "echo plain");
    assert_eq!(udp.wait_for(4)[3]["packing"], "none");
    let tcp = Receiver::start(&bench.host, &["gelf-tcp", "12202"]);
    print(&bench, "dd", "gelf", &["gelf-address=tcp://127.0.0.1:12202"], "seq 1 5000");
    let records = tcp.wait_for(5000);
    assert!(records.iter().map(|record| number(&record["short_message"])).eq(1..=5000));
}

#[test]
fn fluentd_s_protocol_is_read_by_another_library() {
    let bench = Bench::new();
    let tcp = Receiver::start(&bench.host, &["fluentd", "24224"]);
    let id = print(&bench, "aa", "fluentd", &["labels=com.x", "env=FOO", "tag=docker.{{.Name}}"], "echo out");
    let record = tcp.wait_for(1).remove(0);
    assert_eq!(record["tag"], "docker.aa");
    let expected = json!({
        "container_id": id, "container_name": "/aa", "source": "stdout", "log": "out", "com.x": "1", "FOO": "bar",
    });
    assert_eq!(record["record"], expected);
    assert!(record["time"].as_i64() > Some(1_700_000_000), "{record}");
    // Confirmed, precise, and a line in pieces.
    let list = ["fluentd-sub-second-precision=true", "fluentd-request-ack=true", "fluentd-address=localhost:24224"];
    print(&bench, "bb", "fluentd", &list, "head -c 40000 /dev/zero | tr '\\0' x; echo; echo short >&2");
    let mut records = tcp.wait_for(5).split_off(1);
    records.sort_by_key(|record| record["record"]["source"] == "stderr");
    let nanos = |record: &Value| record["time"][1].as_u64().expect("two parts");
    assert!(records.iter().all(|record| nanos(record) < 1_000_000_000));
    for (record, (ordinal, length, last)) in
        records.iter().zip([("1", 16384, "false"), ("2", 16384, "false"), ("3", 7232, "true")])
    {
        let record = &record["record"];
        assert_eq!(
            (&record["partial_message"], &record["partial_id"]),
            (&json!("true"), &records[0]["record"]["partial_id"])
        );
        assert_eq!((&record["partial_ordinal"], &record["partial_last"]), (&json!(ordinal), &json!(last)));
        assert_eq!(record["log"].as_str().map(str::len), Some(length));
    }
    assert_eq!(records[3]["record"].get("partial_id"), None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let unix = Receiver::start(&bench.host, &["fluentd", &path]);
    let address = format!("fluentd-address=unix://{path}");
    print(&bench, "cc", "fluentd", &[&address, "fluentd-async=true"], "seq 1 3000");
    let records = unix.wait_for(3000);
    assert!(records.iter().map(|record| number(&record["record"]["log"])).eq(1..=3000));
}

#[test]
fn splunk_s_collector_gets_events() {
    let bench = Bench::new();
    let collector = Receiver::start(&bench.host, &["splunk", "8088"]);
    let common = ["splunk-url=http://127.0.0.1:8088", "splunk-token=secret"];
    print(&bench, "aa", "splunk", &[&common[..], &["labels=com.x", "tag=t"]].concat(), "echo out");
    let record = collector.wait_for(1).remove(0);
    let expected = json!({"line": "out", "source": "stdout", "tag": "t", "attrs": {"com.x": "1"}});
    assert_eq!((&record["event"], &record["packing"]), (&expected, &json!("none")));
    let more = ["splunk-format=json", "splunk-gzip=true", "splunk-index=i", "tag="];
    print(&bench, "bb", "splunk", &[&common[..], &more].concat(), r#"echo '{"aa": [1]}'"#);
    let record = collector.wait_for(2).remove(1);
    assert_eq!(record["event"], json!({"line": {"aa": [1]}, "source": "stdout"}));
    assert_eq!((&record["packing"], &record["index"]), (&json!("gzip"), &json!("i")));
    print(&bench, "cc", "splunk", &[&common[..], &["splunk-format=raw"]].concat(), "echo; seq 1 3000");
    let id = bench.gantry().ok(&["inspect", "-f", "{{slice .Id 0 12}}", "cc"]);
    let records = collector.wait_for(3002).split_off(2);
    assert!(records.iter().zip(1..).all(|(record, number)| record["event"] == format!("{id} {number}")));
}

#[test]
fn the_journal_takes_records_with_their_fields() {
    let bench = Bench::on(Host::with_empty_state(), &[]);
    let refusal = bench.run(&["--log-driver", "journald"], "true").failure(125);
    assert!(refusal.contains("failed to initialize logging driver: journald is not enabled on this host"), "{refusal}");
    let journal = Journal::start(&bench.host);
    let id = print(&bench, "aa", "journald", &["labels=com.x", "tag={{.Name}}-tag", "cache-disabled=true"], PRINT);
    let mut records = testkit::eventually("two records in the journal", || {
        Some(journal.records("aa")).filter(|records| records.len() == 2)
    });
    records.sort_by_key(|record| record["PRIORITY"] == "6");
    for (record, priority, text) in [(&records[0], "3", "to err"), (&records[1], "6", "to out")] {
        let expected = [
            ("MESSAGE", text),
            ("PRIORITY", priority),
            ("CONTAINER_ID", &id[..12]),
            ("CONTAINER_ID_FULL", &id),
            ("CONTAINER_TAG", "aa-tag"),
            ("SYSLOG_IDENTIFIER", "aa-tag"),
            ("IMAGE_NAME", &bench.image),
            ("COM_X", "1"),
        ];
        for (name, value) in expected {
            assert_eq!(record[name], value, "{name} of {record}");
        }
    }
}

#[test]
fn what_may_not_be_read_and_what_is_not_there_is_refused() {
    let bench = Bench::new();
    let receiver = Receiver::start(&bench.host, &["gelf-udp", "12201"]);
    let address = ["--log-opt", "gelf-address=udp://127.0.0.1:12201", "--log-opt", "cache-disabled=true"];
    bench.run(&[&["--name", "hidden", "--log-driver", "gelf"], &address[..]].concat(), "echo out").success();
    assert_eq!(receiver.wait_for(1)[0]["short_message"], "out");
    bench.run(&["--name", "none", "--log-driver", "none"], "echo out").success();
    let refuses = |client: &Client, words: &[&str], why: &str| {
        let message = client.fails(if words[0] == "logs" { 1 } else { 125 }, words);
        assert!(message.contains(why), "{words:?}: {message}");
    };
    let image = bench.image.as_str();
    for client in [bench.daemon.gantry(), bench.daemon.docker()] {
        for name in ["hidden", "none"] {
            refuses(&client, &["logs", name], "configured logging driver does not support reading");
        }
        for (words, why) in [
            (&["--log-driver", "nope"][..], "error looking up logging plugin nope: plugin \"nope\" not found"),
            (&["--log-driver", "awslogs"], "logging driver \"awslogs\" is not there"),
            (&["--log-driver", "gcplogs"], "logging driver \"gcplogs\" is not there"),
            (&["--log-driver", "syslog", "--log-opt", "x=1"], "unknown log opt 'x' for syslog log driver"),
            (&["--log-driver", "gelf"], "gelf-address is a required parameter"),
        ] {
            refuses(&client, &[&["run"], words, &[image, "true"]].concat(), why);
        }
    }
}
