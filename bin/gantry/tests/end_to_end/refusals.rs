//! What cannot be done gives one clear error with Docker's exit code, and the host is as it was.

use std::path::Path;

use testkit::{Client, Daemon, Distributor, Host, LeakCheck, busybox, debian_with_python};

use crate::bench::{Bench, ask};
use crate::{GANTRY, KEPT};

/// Command line, exit code, and a part of what is said.
type Refusal<'a> = (&'a [&'a str], i32, &'a str);

#[test]
fn what_cannot_run_is_refused_in_one_clear_line() {
    let bench = Bench::new();
    let image = bench.image.as_str();
    let gantry = bench.gantry();
    gantry.ok(&["run", "-d", "--name", "taken", "-p", "9000:80", image, "sleep", "1000"]);
    let leaks = LeakCheck::before(&bench.daemon);
    let refusals: &[Refusal<'_>] = &[
        (&["run", "--rm", image, "no-such-program"], 127, "executable file not found in $PATH"),
        (&["run", "--rm", image, "/no/such"], 127, "no such file or directory"),
        (&["run", "--rm", image, "/etc/passwd"], 126, "permission denied"),
        (&["run", "--rm", "--entrypoint", "", image], 125, "no command specified"),
        (&["run", "--rm", "127.0.0.1:5000/none", "true"], 125, "127.0.0.1:5000/none"),
        (&["run", "--rm", "127.0.0.1:5000/busybox:none", "true"], 125, "127.0.0.1:5000/busybox:none"),
        (&["run", "--rm", "127.0.0.1:5001/busybox", "true"], 125, "connection refused"),
        (&["run", "--rm", "Capital/Letters", "true"], 125, "must be lowercase"),
        (&["run", "--rm", "--name", "taken", image, "true"], 125, "already in use"),
        (&["run", "--rm", "--name", "../x", image, "true"], 125, "Invalid container name"),
        (&["run", "--rm", "--name", "a/b", image, "true"], 125, "Invalid container name"),
        (&["run", "--rm", "-p", "9000:80", image, "true"], 125, "port is already allocated"),
        (&["run", "--rm", "-p", "99999:80", image, "true"], 125, "99999"),
        (&["run", "--rm", "--memory", "1k", image, "true"], 125, "Minimum memory limit"),
        (&["run", "--rm", "--memory", "much", image, "true"], 125, "much"),
        (&["run", "--rm", "--user", "nosuch", image, "true"], 125, "nosuch"),
        (&["run", "--rm", "--network", "nosuch", image, "true"], 125, "nosuch"),
        (
            &["run", "--rm", "--network", "none", "--network", "container:nosuch", image, "true"],
            125,
            "\"container:nosuch\" besides \"none\"",
        ),
        (&["run", "--rm", "--workdir", "relative", image, "true"], 125, "relative"),
        (&["pull", "127.0.0.1:5000/busybox@sha256:0123"], 1, "invalid"),
        (&["volume", "ls", "--filter", "bad=x"], 1, "invalid filter 'bad'"),
        (&["start", "nosuch"], 1, "No such container: nosuch"),
        (&["exec", "taken", "no-such-program"], 127, "executable file not found in $PATH"),
        (&["exec", "nosuch", "true"], 1, "No such container: nosuch"),
        (&["stop", "../../etc"], 1, "Error response from daemon: "),
        (&["rm", "taken"], 1, "container is running"),
        (&["rmi", image], 1, "container"),
        (&["rmi", "nosuch"], 1, "No such image: nosuch"),
        (&["inspect", "nosuch"], 1, "No such object: nosuch"),
        (&["logs", "nosuch"], 1, "No such container: nosuch"),
    ];
    let none = format!("127.0.0.1:5000/busybox@sha256:{}", "0".repeat(64));
    let more: &[Refusal<'_>] = &[(&["pull", &none], 1, "not found")];
    for client in [bench.daemon.gantry(), bench.daemon.docker()] {
        let wrong: Vec<String> = refusals.iter().chain(more).filter_map(|refusal| differs(&client, refusal)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    leaks.assert_clean(&bench.daemon);
}

/// What is not as expected.
fn differs(client: &Client, (args, code, part): &Refusal<'_>) -> Option<String> {
    let output = client.run(args);
    // What an exec could not start is told in the place of its output, as Docker does.
    let said = format!("{}{}", output.stderr, output.stdout);
    let as_expected =
        output.code == *code && said.to_lowercase().contains(&part.to_lowercase()) && !said.contains("panicked");
    (!as_expected).then(|| format!("{args:?}: not {code} and {part:?}, but {}: {said}", output.code))
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_pull_costs_nothing_but_the_pull() {
    let host = Host::new();
    let registry = Distributor::start(&host);
    let great = registry.push(&debian_with_python(Path::new(KEPT), "pass"), "great:1");
    let small = registry.push(&busybox(), "small:1");
    let mut daemon = Daemon::prepare(&host, GANTRY, &[]);
    let data = daemon.data_root().display().to_string();
    std::fs::create_dir(&data).expect("make the data root");
    host.ok(&["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", &data]);
    daemon.start_again();
    let gantry = daemon.gantry();
    let stored = || host.ok(&["sh", "-c", "cd $0 && find layers blobs ingest trash -mindepth 2", &data]);
    let before = stored();

    let message = gantry.fails(1, &["pull", &great]);
    assert!(message.to_lowercase().contains("no space left on device"), "{message}");
    // The trash is emptied in the background.
    testkit::eventually("what was pulled to be gone", || (stored() == before).then_some(()));
    assert_eq!(gantry.ok(&["images", "-q"]), "");
    assert_eq!(gantry.ok(&["run", "--rm", &small, "echo", "room"]), "room");
}

#[test]
fn nonsense_at_the_socket_is_answered_and_harms_nobody() {
    let bench = Bench::new();
    let leaks = LeakCheck::before(&bench.daemon);
    let zeros = "0".repeat(20 << 20);
    let good = format!(r#"{{"Image": "{}"}}"#, bench.image);
    for (path, body, status) in [
        ("/containers/create", "{", 400),
        ("/containers/create", r#"{"Image": 7}"#, 400),
        ("/containers/create", r#"{"Image": "busybox", "HostConfig": {"Memory": 1e300}}"#, 400),
        ("/containers/create?name=a%00b", &good, 400),
        ("/containers/create?name=..%2f..%2fb", &good, 400),
        ("/containers/create", r#"{"Image": "no/such:image"}"#, 404),
        ("/containers/create", &zeros, 400),
        ("/containers/..%2f..%2fetc/start", "", 404),
        ("/containers/x%00y/start", "", 404),
        ("/no/such/route", "", 404),
    ] {
        let (answer, _) = ask(&bench, "POST", path, body);
        assert_eq!(answer, status, "{path} {:.60}", body);
    }
    leaks.assert_clean(&bench.daemon);
    bench.run(&["--rm"], "true").success();
}
