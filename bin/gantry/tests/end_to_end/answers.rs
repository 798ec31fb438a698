//! What answers and events say in the corners where clients and scripts look: words, forms and order, as the original's.

use std::time::{SystemTime, UNIX_EPOCH};

use testkit::eventually;

use crate::bench::{Bench, ask};

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

/// What has happened to containers and images, in order; without a beginning this is what the daemon remembers.
fn told(bench: &Bench, filter: &str) -> Vec<String> {
    let events = ["events", "--until", "0s", "--format", "{{.Type}} {{.Action}}", "--filter", filter];
    bench.daemon.docker().ok(&events).lines().map(str::to_owned).collect()
}

#[test]
fn copies_and_images_of_containers_are_told() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "web"], "sleep 1000").success();
    docker.ok(&["cp", "web:/etc/passwd", "-"]);
    docker.ok(&["cp", "/etc/passwd", "web:/copy"]);
    docker.fails(1, &["cp", "web:/nosuch", "-"]);
    let id = docker.ok(&["commit", "-c", "USER me\nEXPOSE 80", "web", "new:1"]);
    let container = ["create", "start", "archive-path", "extract-to-dir", "pause", "commit", "unpause"];
    let container = container.map(|action| format!("container {action}"));
    eventually("the events", || (told(&bench, "container=web") == container).then_some(()));
    assert_eq!(told(&bench, &format!("image={id}")), ["image create", "image tag"]);
    // Older clients are told of the name alone.
    let filters = "%7B%22image%22:%5B%22new:1%22,%22".to_owned() + &id + "%22%5D%7D";
    let path = format!("/v1.44/events?since=1&until={}&filters={filters}", now() + 1);
    let (status, old) = ask(&bench, "GET", &path, "");
    assert_eq!((status, old.lines().count(), old.contains(r#""Action":"tag""#)), (200, 1, true), "{old}");
    let config = docker.ok(&["image", "inspect", "-f", "{{.Config.User}} {{.Config.ExposedPorts}}", "new:1"]);
    assert_eq!(config, "me map[80/tcp:{}]", "each line is an instruction");
}

#[test]
fn what_was_not_said_is_told_as_the_original_tells_it() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    docker.ok(&["import", "-c", "CMD [\"sh\"]", "/dev/null", "bare"]);
    assert_eq!(ask(&bench, "POST", "/containers/create?name=web", r#"{"Image": "bare"}"#).0, 201);
    let format = "{{json .Config.Env}} {{json .Config.Labels}} {{.HostConfig.RestartPolicy.Name}}";
    assert_eq!(docker.ok(&["inspect", "-f", format, "web"]), "null {} no");
}

#[test]
fn an_exec_is_read_in_the_form_that_its_start_names() {
    let bench = Bench::new();
    bench.run(&["-d", "--name", "web"], "sleep 1000").success();
    let exec = |create: &str| {
        let (status, answer) = ask(&bench, "POST", "/containers/web/exec", create);
        assert_eq!(status, 201, "{answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        answer["Id"].as_str().expect("an id").to_owned()
    };
    let start = |id: &str, body: &str| ask(&bench, "POST", &format!("/exec/{id}/start"), body);
    let terminal = exec(r#"{"Cmd": ["echo", "hi"], "AttachStdout": true, "Tty": true, "DetachKeys": "ctrl-a,b"}"#);
    assert_eq!(start(&terminal, "{}"), (200, "\u{1}\0\0\0\0\0\0\u{4}hi".into()));
    let both = r#"{"Cmd": ["sh", "-c", "echo bad >&2; echo hi"], "AttachStdout": true, "AttachStderr": true}"#;
    assert_eq!(start(&exec(both), r#"{"Tty": true}"#), (200, "hi".into()));
    let (status, answer) = start(&exec(both), r#"{"ConsoleSize": [5, 5]}"#);
    assert!(status == 200 && answer.contains("hi") && answer.contains("bad"), "{status} {answer}");

    let told = ask(&bench, "GET", &format!("/exec/{terminal}/json"), "").1;
    assert!(told.contains(r#""DetachKeys":"AWI=""#), "{told}");
    let (status, answer) = start(&terminal, "{}");
    assert!(status == 409 && answer.contains("has already run"), "{status} {answer}");
    for (body, part) in [
        (r#"{"Cmd": "echo"}"#, "invalid JSON: json: Cmd: "),
        (r#"{"Cmd": ["true"], "DetachKeys": "a-b"}"#, "Invalid escape keys (a-b) provided"),
        ("", "No exec command specified"),
        ("{} {}", "unexpected content after JSON"),
    ] {
        let (status, answer) = ask(&bench, "POST", "/containers/web/exec", body);
        assert_eq!((status, answer.contains(part)), (400, true), "{body}: {answer}");
    }
}

#[test]
fn a_log_that_is_followed_until_a_time_ends_then() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "web"], "echo early; while :; do echo more; sleep 0.1; done").success();
    eventually("its output", || docker.ok(&["logs", "web"]).contains("early").then_some(()));
    assert_eq!(ask(&bench, "GET", "/containers/web/logs?stdout=1&follow=1&until=5", ""), (200, String::new()));
    let path = format!("/containers/web/logs?stdout=1&follow=1&until={}", now() + 2);
    let (status, log) = ask(&bench, "GET", &path, "");
    assert!(status == 200 && log.contains("early") && log.contains("more"), "{log}");
    assert_eq!(ask(&bench, "GET", "/events?until=0", ""), (200, String::new()));
    let far = format!("/events?until={}", i64::MIN);
    assert_eq!(ask(&bench, "GET", &far, ""), (200, String::new()));
}

#[test]
fn lists_look_for_states_among_all_and_for_the_rest_among_what_runs() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["--name", "three"], "exit 3").failure(3);
    let names = |more: &[&str]| docker.ok(&[&["ps", "--format", "{{.Names}}"], more].concat());
    assert_eq!(names(&["--filter", "exited=3"]), "");
    assert_eq!(names(&["-a", "--filter", "exited=3"]), "three");
    assert_eq!(names(&["--filter", "status=exited"]), "three");
    assert_eq!(names(&["-a", "--filter", "isolation=default"]), "three");
    for (filter, part) in [
        ("status=up", "invalid value for state (up): must be one of created, running, paused"),
        ("health=ill", "invalid value for health (ill): must be one of none, starting, healthy, unhealthy"),
        ("exited=x", "strconv.Atoi: parsing \"x\": invalid syntax"),
    ] {
        let message = docker.fails(1, &["ps", "--filter", filter]);
        assert!(message.contains(&format!("invalid filter '{filter}': ")) && message.contains(part), "{message}");
    }
}

#[test]
fn refusals_have_the_words_of_the_verb_that_was_asked_for() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let id = bench.run(&["-d", "--name", "web"], "sleep 1000").success();
    for (words, part) in [
        (&["kill", "-s", "99", "web"][..], "cannot kill container: web: the linux daemon does not support signal 99"),
        (&["stop", "-s", "NOPE", "web"], "cannot stop container: web: invalid signal: NOPE"),
        (&["restart", "-s", "NOPE", "web"], "Cannot restart container web: invalid signal: NOPE"),
        (&["rm", "--link", "web"], "Conflict, cannot remove the default link name of the container"),
        (&["rm", "--link", "x/web"], "No such container: x/web"),
        (&["rename", "web", "a/x"], "Invalid container name (/a/x), only"),
        (&["update", "--restart", "maybe", "web"], "daemon: invalid restart policy: unknown policy 'maybe'"),
        (&["update", "--restart", "maybe", "nosuch"], "daemon: invalid restart policy: unknown policy 'maybe'"),
        (&["update", "--cpuset-cpus", "x", "web"], "Invalid value x for cpuset cpus: invalid format: x"),
    ] {
        let message = docker.fails(1, words);
        assert!(message.contains(part), "{words:?}: {message}");
    }
    let update = |body: &str| ask(&bench, "POST", "/containers/web/update", body);
    assert_eq!(update(r#"{"RestartPolicy": {"MaximumRetryCount": 1}}"#).0, 200);
    assert_eq!(update(r#"{"IOMaximumIOps": 5}"#).0, 400);
    assert!(update(r#"{"CpuPercent": 5}"#).1.contains("Percent discarded."));
    assert_eq!(ask(&bench, "POST", "/containers/web/resize?h=99999&w=4294967295", "").0, 200);

    for (mode, part) in [("", "invalid PID mode: container:"), ("nosuch", "No such container: nosuch")] {
        let body = format!(r#"{{"Image": "{}", "HostConfig": {{"PidMode": "container:{mode}"}}}}"#, bench.image);
        let (status, message) = ask(&bench, "POST", "/containers/create", &body);
        assert_eq!((status, message.contains(part)), (400, true), "{message}");
    }
    bench.run(&["-d", "--name", "side", "--pid", "container:web"], "sleep 1000").success();
    assert_eq!(docker.ok(&["inspect", "-f", "{{.HostConfig.PidMode}}", "side"]), format!("container:{id}"));
    bench.run(&["-d", "--name", "again", "--restart", "always"], "sleep 1").success();
    eventually("the wait for the next run", || {
        let found = docker.ok(&["ps", "-q", "--filter", "status=restarting"]);
        (!found.is_empty()).then(|| ask(&bench, "POST", "/containers/again/resize?h=5&w=5", "").0 == 409)?.then_some(())
    });
}
