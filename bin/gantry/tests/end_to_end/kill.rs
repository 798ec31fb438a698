//! The daemon is killed at moments of chance while containers and images come and go: what is there afterwards is
//! consistent, nothing that ran has been touched, and nothing is left over.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use testkit::{Client, LeakCheck, eventually};

use crate::bench::Bench;

/// Chosen once; `GANTRY_TEST_SEED` shows other moments.
const SEED: u64 = 0x6761_6e74_7279;
/// `GANTRY_TEST_KILLS` asks for more.
const KILLS: u64 = 12;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn a_daemon_killed_at_any_moment_leaves_nothing_behind() {
    let mut bench = Bench::new();
    let second = bench.registry.push(&testkit::busybox(), "second:1");
    bench.run(&["--rm"], "true").success();
    let survivor =
        bench.gantry().ok(&["run", "-d", "--name", "survivor", "-p", "9000:9000", &bench.image, "sleep", "1000"]);
    let leaks = LeakCheck::before(&bench.daemon);
    let mut chance = Chance(setting("GANTRY_TEST_SEED", SEED));
    for _ in 0..setting("GANTRY_TEST_KILLS", KILLS) {
        kill_under_load(&mut bench, &second, Duration::from_millis(chance.below(200)));
        bench.daemon.start_again();
        is_consistent(&bench.gantry(), &survivor);
    }
    let gantry = bench.gantry();
    for id in ids(&gantry, &["ps", "-aq", "--no-trunc"]).difference(&BTreeSet::from([survivor.clone()])) {
        gantry.ok(&["rm", "-f", id]);
    }
    gantry.run(&["rmi", "-f", &second]);
    leaks.assert_clean(&bench.daemon);
    gantry.ok(&["run", "--rm", &second, "true"]);
    gantry.ok(&["rm", "-f", &survivor]);
    gantry.ok(&["run", "--rm", "-p", "9000:9000", &bench.image, "true"]);
}

/// Each container says three lines and ends with a code of its own, with or without a daemon to hear it.
#[test]
fn no_exit_code_no_line_and_no_event_is_lost_to_a_kill() {
    let mut bench = Bench::new();
    let mut chance = Chance(setting("GANTRY_TEST_SEED", SEED));
    let mut number = 0;
    for _ in 0..setting("GANTRY_TEST_KILLS", KILLS) {
        let from = number;
        let over = AtomicBool::new(false);
        let (client, image) = (bench.gantry(), bench.image.clone());
        let count = AtomicU64::new(number);
        let count = &count;
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| again_and_again(&over, || speak(&client, &image, count.fetch_add(1, Ordering::SeqCst))));
            }
            thread::sleep(Duration::from_millis(30 + chance.below(250)));
            over.store(true, Ordering::SeqCst);
            bench.daemon.kill();
        });
        number = count.load(Ordering::SeqCst);
        bench.daemon.start_again();
        for number in from..number {
            has_spoken(&bench, number);
        }
    }
    for id in ids(&bench.gantry(), &["ps", "-aq", "--no-trunc"]) {
        bench.gantry().ok(&["rm", "-f", &id]);
    }
}

fn name(number: u64) -> String {
    format!("speaker-{number}")
}

fn speak(client: &Client, image: &str, number: u64) {
    let script = format!("echo a; sleep 0.0{}; echo b; echo c >&2; exit {}", number % 9, number % 100 + 1);
    client.run(&["run", "-d", "--name", &name(number), image, "sh", "-c", &script]);
}

/// A container that was started has its code, its lines, and a start and an end in the events, each once.
fn has_spoken(bench: &Bench, number: u64) {
    let (client, name) = (bench.gantry(), name(number));
    let state = client.run(&["inspect", "-f", "{{.State.Status}} {{.State.StartedAt}}", &name]);
    if state.code != 0 || state.stdout.contains("created") {
        // Its making or its start was cut off.
        return;
    }
    assert_eq!(client.ok(&["wait", &name]), (number % 100 + 1).to_string(), "{name}: {state:?}");
    let logs = client.run(&["logs", &name]);
    assert_eq!((logs.stdout.trim_end(), logs.stderr.trim_end()), ("a\nb", "c"), "{name}");
    let filter = format!("container={name}");
    eventually("its start and its end, each once", || {
        let args = ["events", "--since", "1", "--until", "0s", "--filter", &filter, "--format"];
        let told = client.ok(&[&args[..], &["{{.Action}} {{index .Actor.Attributes \"exitCode\"}}"]].concat());
        let ends: Vec<&str> = told.lines().filter(|line| line.starts_with("die")).collect();
        let starts = told.lines().filter(|line| line.starts_with("start ")).count();
        let is_whole = ends == [format!("die {}", number % 100 + 1)] && starts == 1;
        assert!(is_whole || ends.len() < 2 && starts < 2, "{name}: {told}");
        is_whole.then_some(())
    });
    client.ok(&["rm", &name]);
}

#[test]
fn a_supervisor_that_is_stuck_is_in_nobody_s_way() {
    let mut bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "stuck"], "sleep 1000").success();
    let stuck = bench.daemon.shims();
    bench.run(&["-d", "--name", "other"], "sleep 1000").success();
    assert_eq!(stuck.len(), 1);
    let signal = |signal: &str| bench.host.ok(&["kill", "-s", signal, &stuck[0].to_string()]);
    signal("STOP");
    assert_eq!(docker.ok(&["ps", "--format", "{{.Names}}"]), "other\nstuck");
    assert_eq!(docker.ok(&["exec", "other", "echo", "free"]), "free");
    bench.run(&["--rm"], "true").success();
    docker.ok(&["stop", "-t", "0", "other"]);
    let message = docker.fails(1, &["kill", "-s", "USR1", "stuck"]);
    assert!(message.contains("does not answer"), "{message}");
    let told = docker.ok(&["inspect", "-f", "{{.State.Status}}: {{.State.Error}}", "stuck"]);
    assert!(told.starts_with("running: its supervisor, process"), "{told}");

    bench.daemon.kill();
    bench.daemon.start_again();
    let docker = bench.daemon.docker();
    let told = docker.ok(&["inspect", "-f", "{{.State.Status}}: {{.State.Error}}", "stuck"]);
    assert!(told.starts_with("running: its supervisor, process"), "{told}");
    docker.ok(&["rm", "-f", "stuck"]);
    eventually("the end of the supervisor", || bench.daemon.shims().is_empty().then_some(()));
    assert_eq!(docker.ok(&["ps", "-aq", "--filter", "name=stuck"]), "");
}

#[test]
fn one_that_was_stuck_and_goes_on_is_as_before() {
    let mut bench = Bench::new();
    bench.run(&["-d", "--name", "web"], "sleep 1000").success();
    let shim = bench.daemon.shims()[0].to_string();
    bench.host.ok(&["kill", "-s", "STOP", &shim]);
    bench.daemon.kill();
    bench.daemon.start_again();
    bench.host.ok(&["kill", "-s", "CONT", &shim]);
    let docker = bench.daemon.docker();
    assert_eq!(docker.ok(&["exec", "web", "echo", "here"]), "here");
    docker.ok(&["stop", "-t", "0", "web"]);
    assert_eq!(docker.ok(&["inspect", "-f", "{{.State.ExitCode}} {{.State.Error}}", "web"]), "137");
}

fn kill_under_load(bench: &mut Bench, second: &str, after: Duration) {
    let over = AtomicBool::new(false);
    let (client, image) = (bench.gantry(), bench.image.clone());
    thread::scope(|scope| {
        scope.spawn(|| again_and_again(&over, || run_and_forget(&client, &image, &over)));
        scope.spawn(|| again_and_again(&over, || start_and_remove(&client, &image)));
        scope.spawn(|| again_and_again(&over, || pull_and_remove(&client, second)));
        thread::sleep(after);
        // Told first: what is cut off must not be taken for a failure.
        over.store(true, Ordering::SeqCst);
        bench.daemon.kill();
    });
}

fn again_and_again(over: &AtomicBool, step: impl Fn()) {
    while !over.load(Ordering::SeqCst) {
        step();
    }
}

fn run_and_forget(client: &Client, image: &str, over: &AtomicBool) {
    let output = client.run(&["run", "--rm", image, "sh", "-c", "exit 3"]);
    assert!(output.code == 3 || over.load(Ordering::SeqCst), "{output:?}");
}

fn start_and_remove(client: &Client, image: &str) {
    let output = client.run(&["run", "-d", "-p", "80", image, "sleep", "1000"]);
    client.run(&["rm", "-f", output.stdout.trim()]);
}

fn pull_and_remove(client: &Client, image: &str) {
    client.run(&["pull", "-q", image]);
    client.run(&["rmi", "-f", image]);
}

/// Whatever is listed can be looked at, nothing is half there, and who survived runs.
fn is_consistent(gantry: &Client, survivor: &str) {
    assert_eq!(gantry.ok(&["inspect", "-f", "{{.State.Status}}", survivor]), "running");
    assert_eq!(gantry.ok(&["exec", survivor, "echo", "here"]), "here");
    for id in ids(gantry, &["images", "-q", "--no-trunc"]) {
        gantry.ok(&["image", "inspect", &id]);
    }
    eventually("containers that are all something definite", || {
        let all = ids(gantry, &["ps", "-aq", "--no-trunc"]);
        all.iter().all(|id| is_definite(gantry, id)).then_some(())
    });
}

/// One that runs has a process; one that was removed meanwhile needs nothing.
fn is_definite(gantry: &Client, id: &str) -> bool {
    let state = gantry.run(&["inspect", "-f", "{{.State.Status}} {{.State.Pid}}", id]);
    match state.stdout.trim().split_once(' ') {
        Some(("running", pid)) => std::path::Path::new("/proc").join(pid).exists(),
        Some(("created" | "exited", "0")) => true,
        Some(_) => false,
        None => state.code == 1,
    }
}

fn ids(client: &Client, args: &[&str]) -> BTreeSet<String> {
    client.ok(args).lines().map(str::to_owned).collect()
}

/// Numbers that look like chance: Marsaglia's xorshift, 64 bits.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
