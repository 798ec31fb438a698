//! Ports, mounts and variables of a container that is there already.

use std::fs;
use std::io::{BufRead, BufReader, Write};

use testkit::{Job, LeakCheck, eventually};

use crate::bench::{Bench, ask};

/// Asks the container's server at this port of the host, where it can be reached there.
fn reach(bench: &Bench, port: u16) -> Option<String> {
    let mut command = bench.host.command("busybox");
    command.args(["nc", "-w", "2", "127.0.0.1", &port.to_string()]);
    let output = Job::spawn(command).finish();
    Some(output.stdout.trim().to_owned()).filter(|said| output.code == 0 && !said.is_empty())
}

#[test]
fn ports_come_and_go_while_a_connection_stays() {
    let mut bench = Bench::new();
    let gantry = bench.gantry();
    let serve = "while :; do nc -l -p 80 -e echo served; done & nc -l -p 81 -e cat & wait";
    bench.run(&["-d", "--name", "web", "-p", "8081:81"], serve).success();
    let listening = || gantry.run(&["exec", "web", "netstat", "-ltn"]).stdout;
    eventually("both servers", || [":80 ", ":81 "].iter().all(|port| listening().contains(port)).then_some(()));
    let mut long = bench.host.command("busybox");
    long.args(["nc", "127.0.0.1", "8081"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut long = long.spawn().unwrap();
    let (mut to, mut from) = (long.stdin.take().unwrap(), BufReader::new(long.stdout.take().unwrap()));
    let mut talk = |word: &str| {
        writeln!(to, "{word}").unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), word);
    };
    talk("before");
    assert_eq!(reach(&bench, 9080), None);
    gantry.ok(&["update", "--publish-add", "9080:80", "web"]);
    assert_eq!(eventually("the new port", || reach(&bench, 9080)), "served");
    assert_eq!(gantry.ok(&["port", "web", "80"]), "0.0.0.0:9080");
    talk("between");

    let message = gantry.fails(1, &["update", "--publish-add", "9080:80", "web"]);
    assert!(message.contains("is published at 9080 already"), "{message}");
    let message = gantry.fails(1, &["update", "--publish-add", "7000:80", "--publish-add", "8081:82", "web"]);
    assert!(message.contains("port is already allocated"), "{message}");
    assert_eq!(reach(&bench, 7000), None, "all of them or none");
    assert!(gantry.fails(1, &["update", "--publish-rm", "1234:80", "web"]).contains("is not published at 1234"));

    gantry.ok(&["update", "--publish-rm", "9080:80", "web"]);
    assert_eq!(reach(&bench, 9080), None);
    talk("after");
    gantry.ok(&["update", "--publish-add", "9090:80", "web"]);
    bench.daemon.kill();
    bench.daemon.start_again();
    assert_eq!(eventually("the port of another daemon's time", || reach(&bench, 9090)), "served");
    talk("with another daemon");
    let gantry = bench.gantry();
    gantry.ok(&["restart", "-t", "0", "web"]);
    assert_eq!(eventually("the port after a restart", || reach(&bench, 9090)), "served");
    // What its supervisor holds since the start is given back as well.
    gantry.ok(&["update", "--publish-rm", "8081:81", "web"]);
    bench.run(&["--rm", "-p", "8081:81"], "true").success();
    let _ = long.kill();
    let _ = long.wait();
}

#[test]
fn mounts_come_and_go_while_it_runs() {
    let bench = Bench::new();
    let gantry = bench.gantry();
    let leaks = LeakCheck::before(&bench.daemon);
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("file"), "content").unwrap();
    fs::create_dir(source.path().join("sub")).unwrap();
    let host = source.path().display().to_string();
    bench.run(&["-d", "--name", "web"], "sleep 1000").success();
    let cat = |path: &str| gantry.run(&["exec", "web", "cat", path]).stdout;
    gantry.ok(&["update", "--mount-add", &format!("type=bind,src={host},dst=/data/deep"), "web"]);
    assert_eq!(cat("/data/deep/file"), "content");
    gantry.ok(&["exec", "web", "sh", "-c", "echo new > /data/deep/new"]);
    assert_eq!(fs::read_to_string(source.path().join("new")).unwrap(), "new\n");
    gantry.ok(&["update", "--mount-add", &format!("type=bind,src={host}/file,dst=/one,readonly"), "web"]);
    assert_eq!(cat("/one"), "content");
    assert!(gantry.run(&["exec", "web", "sh", "-c", "echo x > /one"]).stderr.contains("Read-only"));
    assert_eq!(gantry.ok(&["inspect", "-f", "{{len .Mounts}}", "web"]), "2");

    for (arguments, part) in [
        (&["--mount-add", "type=bind,src=/no/such,dst=/x"][..], "bind source path does not exist"),
        (&["--mount-add", "type=bind,src=/tmp,dst=/data/deep"], "Duplicate mount point"),
        (&["--mount-add", "type=tmpfs,dst=/x"], "only binds"),
        (&["--mount-rm", "/none"], "nothing is bound at"),
        (&["--env-rm", "NONE"], "there is no variable"),
    ] {
        let message = gantry.fails(1, &[&["update"], arguments, &["web"]].concat());
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    // A bind that was made goes again where a port is refused.
    let bind = format!("type=bind,src={host},dst=/taken");
    bench.run(&["-d", "--name", "other", "-p", "7001:1"], "sleep 1000").success();
    gantry.fails(1, &["update", "--mount-add", &bind, "--publish-add", "7001:1", "web"]);
    assert_eq!(cat("/taken/file"), "");

    gantry.ok(&["update", "--mount-rm", "/data/deep", "web"]);
    assert_eq!(cat("/data/deep/file"), "");
    // What was unmounted in the container is gone already.
    gantry.ok(&["update", "--mount-add", &bind, "web"]);
    let pid = gantry.ok(&["inspect", "-f", "{{.State.Pid}}", "web"]);
    bench.host.ok(&["nsenter", "--target", &pid, "--mount", "--", "/bin/busybox", "umount", "/taken"]);
    gantry.ok(&["update", "--mount-rm", "/taken", "web"]);
    assert_eq!(gantry.ok(&["inspect", "-f", "{{len .Mounts}}", "web"]), "1");
    gantry.ok(&["restart", "-t", "0", "web"]);
    assert_eq!((cat("/one"), cat("/data/deep/file")), ("content".into(), String::new()));
    gantry.ok(&["rm", "-f", "web", "other"]);
    leaks.assert_clean(&bench.daemon);
    assert_eq!(fs::read_to_string(source.path().join("file")).unwrap(), "content");
}

#[test]
fn variables_count_at_the_next_start() {
    let mut bench = Bench::new();
    let gantry = bench.gantry();
    bench.run(&["-d", "--name", "web", "-e", "A=1", "-e", "B=2"], "echo \"[$A$B$C]\"; sleep 1000").success();
    let lines = |bench: &Bench| bench.gantry().ok(&["logs", "web"]);
    eventually("its first words", || (lines(&bench) == "[12]").then_some(()));
    gantry.ok(&["update", "--env-add", "A=one", "--env-add", "C=3", "--env-rm", "B", "web"]);
    bench.daemon.kill();
    bench.daemon.start_again();
    bench.gantry().ok(&["restart", "-t", "0", "web"]);
    eventually("its second words", || (lines(&bench) == "[12]\n[one3]").then_some(()));
    let (status, _) = ask(&bench, "POST", "/containers/web/update", r#"{"EnvAdd": ["NAME"]}"#);
    assert_eq!(status, 400);
}
