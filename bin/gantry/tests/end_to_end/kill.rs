//! The daemon is killed at moments of chance while containers and images come and go: what is there afterwards is
//! consistent, nothing that ran has been touched, and nothing is left over.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use testkit::{Client, LeakCheck, eventually};

use crate::bench::Bench;

/// Chosen once; `GANTRY_TEST_SEED` shows other moments.
const SEED: u64 = 0x6761_6e74_7279;
const KILLS: u32 = 12;

#[test]
fn a_daemon_killed_at_any_moment_leaves_nothing_behind() {
    let mut bench = Bench::new();
    let second = bench.registry.push(&testkit::busybox(), "second:1");
    bench.run(&["--rm"], "true").success();
    let survivor =
        bench.gantry().ok(&["run", "-d", "--name", "survivor", "-p", "9000:9000", &bench.image, "sleep", "1000"]);
    let leaks = LeakCheck::before(&bench.daemon);
    let mut chance = Chance(std::env::var("GANTRY_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED));
    for _ in 0..KILLS {
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
