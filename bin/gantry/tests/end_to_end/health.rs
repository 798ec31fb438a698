//! Whether a container is well, as users see it.

use testkit::eventually;

use crate::bench::{Bench, ask};

const QUICK: [&str; 4] = ["--health-interval", "200ms", "--health-timeout", "1s"];

fn health(bench: &Bench, name: &str) -> serde_json::Value {
    let text = bench.daemon.docker().ok(&["inspect", "-f", "{{json .State.Health}}", name]);
    serde_json::from_str(&text).unwrap()
}

fn comes_to(bench: &Bench, name: &str, status: &str) {
    eventually(status, || (health(bench, name)["Status"] == status).then_some(()));
}

#[test]
fn a_container_becomes_unhealthy_and_well_again() {
    let mut bench = Bench::new();
    let docker = bench.daemon.docker();
    let probe = ["--health-cmd", "echo out; [ -e /ok ]", "--health-retries", "2"];
    bench.run(&[&["-d", "--name", "web"], &QUICK[..], &probe].concat(), "sleep 1000").success();
    let first = health(&bench, "web");
    assert_eq!((&first["Status"], &first["FailingStreak"]), (&"starting".into(), &0.into()));
    comes_to(&bench, "web", "unhealthy");
    let told = health(&bench, "web");
    assert!(told["FailingStreak"].as_u64() >= Some(2), "{told}");
    assert_eq!((&told["Log"][0]["ExitCode"], &told["Log"][0]["Output"]), (&1.into(), &"out\n".into()));
    assert!(docker.ok(&["ps", "--filter", "health=unhealthy", "--format", "{{.Status}}"]).ends_with("(unhealthy)"));
    docker.ok(&["exec", "web", "touch", "/ok"]);
    comes_to(&bench, "web", "healthy");
    assert_eq!(health(&bench, "web")["FailingStreak"], 0);
    eventually("five probes, and no more", || {
        (health(&bench, "web")["Log"].as_array().unwrap().len() == 5).then_some(())
    });
    // The client cuts the time to whole seconds.
    eventually("both events", || {
        let filter = ["events", "--since", "10m", "--until", "0s", "--filter", "event=health_status"];
        let events = docker.ok(&[&filter[..], &["--format", "{{.Action}}"]].concat());
        (events == "health_status: unhealthy\nhealth_status: healthy").then_some(())
    });
    // What is probed every moment leaves no execs behind.
    assert!(docker.ok(&["inspect", "-f", "{{len .ExecIDs}}", "web"]).parse::<u32>().unwrap() <= 1);

    bench.daemon.kill();
    bench.daemon.start_again();
    assert_eq!(health(&bench, "web")["Status"], "healthy");
    let docker = bench.daemon.docker();
    docker.ok(&["exec", "web", "rm", "/ok"]);
    comes_to(&bench, "web", "unhealthy");
    docker.ok(&["exec", "web", "touch", "/ok"]);
    comes_to(&bench, "web", "healthy");
    docker.ok(&["pause", "web"]);
    assert_eq!(health(&bench, "web")["Status"], "unhealthy");
    docker.ok(&["unpause", "web"]);
    comes_to(&bench, "web", "healthy");
    docker.ok(&["stop", "-t", "0", "web"]);
    assert_eq!(health(&bench, "web")["Status"], "unhealthy");
    docker.ok(&["start", "web"]);
    comes_to(&bench, "web", "healthy");
}

#[test]
fn a_probe_that_takes_too_long_is_ended_and_one_that_cannot_run_says_why() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let slow =
        ["--health-interval", "100ms", "--health-timeout", "300ms", "--health-cmd", "echo begun; exec sleep 1234"];
    bench.run(&[&["-d", "--name", "slow"], &slow[..]].concat(), "sleep 1000").success();
    let output = eventually("a probe", || health(&bench, "slow")["Log"][0].as_object().cloned());
    assert_eq!(output["ExitCode"], -1);
    assert_eq!(output["Output"], "Health check exceeded timeout (300ms): begun\n");
    eventually("at most one probe at a time", || {
        (docker.ok(&["top", "slow", "-o", "pid,args"]).matches("sleep 1234").count() <= 1).then_some(())
    });
    let body = format!(
        r#"{{"Image":"{}","Cmd":["sleep","1000"],"Healthcheck":{{"Test":["CMD","/nosuch"],"Interval":100000000}}}}"#,
        bench.image
    );
    assert_eq!(ask(&bench, "POST", "/containers/create?name=none", &body).0, 201);
    docker.ok(&["start", "none"]);
    let output = eventually("a probe", || health(&bench, "none")["Log"][0].as_object().cloned());
    assert_eq!(output["ExitCode"], -1);
    assert!(output["Output"].as_str().unwrap().contains("/nosuch"), "{output:?}");
}

#[test]
fn probes_can_be_switched_off_and_nonsense_is_refused() {
    let bench = Bench::new();
    bench.run(&["-d", "--name", "none", "--no-healthcheck"], "sleep 1000").success();
    bench.run(&["-d", "--name", "plain"], "sleep 1000").success();
    for name in ["none", "plain"] {
        assert!(health(&bench, name).is_null());
        let listed =
            bench.daemon.docker().ok(&["ps", "-q", "--filter", "health=none", "--filter", &format!("name={name}")]);
        assert!(!listed.is_empty());
    }
    for test in [r#"["curl"]"#, r#"["CMD"]"#, r#"["CMD","x"],"Interval":5"#, r#"["CMD","x"],"Retries":-1"#] {
        let body = format!(r#"{{"Image":"{}","Healthcheck":{{"Test":{test}}}}}"#, bench.image);
        assert_eq!(ask(&bench, "POST", "/containers/create", &body).0, 400, "{test}");
    }
}

#[test]
fn an_unhealthy_container_is_restarted_where_that_is_asked_for() {
    let bench = Bench::new();
    let probe =
        ["--health-cmd", "[ ! -e /bad ]", "--health-retries", "1", "--annotation", "gantry.health.on-failure=restart"];
    let script = "rm -f /bad; trap 'exit 0' TERM; sleep 1; touch /bad; while :; do sleep 0.1; done";
    let id = bench.run(&[&["-d"], &QUICK[..], &probe].concat(), script).success();
    let started = || bench.daemon.docker().ok(&["inspect", "-f", "{{.State.StartedAt}}", &id]);
    let first = started();
    eventually("a restart", || (started() != first).then_some(()));
    assert_eq!(bench.daemon.docker().ok(&["inspect", "-f", "{{.State.Running}}", &id]), "true");

    let ends = ["--health-cmd", "false", "--health-retries", "1", "--restart", "always"];
    for (act, status) in [("stop", "exited"), ("none", "running")] {
        let annotation = format!("gantry.health.on-failure={act}");
        let options = [&["-d", "--name", act, "--annotation", &annotation], &QUICK[..], &ends].concat();
        bench.run(&options, "trap 'exit 0' TERM; while :; do sleep 0.1; done").success();
        comes_to(&bench, act, "unhealthy");
        eventually(status, || {
            let now = bench.daemon.docker().ok(&["inspect", "-f", "{{.State.Status}}", act]);
            (now == status).then_some(())
        });
    }
    let options =
        [&["-d", "--name", "kill", "--annotation", "gantry.health.on-failure=kill"], &QUICK[..], &ends].concat();
    bench.run(&options, "sleep 1000").success();
    eventually("a restart by its policy", || {
        let count = bench.daemon.docker().ok(&["inspect", "-f", "{{.RestartCount}}", "kill"]);
        (count != "0").then_some(())
    });
    let wrong = ["--annotation", "gantry.health.on-failure=pray"];
    assert!(bench.run(&wrong, "true").failure(125).contains("use one of"));
}
