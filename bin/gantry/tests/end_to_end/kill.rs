//! The daemon is killed at moments of chance while containers come and go: what it finds afterwards is consistent.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use testkit::{Client, LeakCheck, eventually};

use crate::bench::Bench;

/// Chosen once; another shows other moments.
const SEED: u64 = 0x6761_6e74_7279;
const KILLS: u32 = 12;

#[test]
fn a_daemon_killed_at_any_moment_leaves_nothing_behind() {
    let mut bench = Bench::new();
    bench.run(&["--rm"], "true").success();
    let survivor = bench.gantry().ok(&["run", "-d", &bench.image, "sleep", "1000"]);
    let leaks = LeakCheck::before(&bench.daemon);
    let mut chance = Chance(SEED);
    for round in 0..KILLS {
        let over = AtomicBool::new(false);
        let (client, image) = (bench.gantry(), bench.image.clone());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| run_until(&client, &image, &over));
            }
            thread::sleep(Duration::from_millis(20 + chance.below(150)));
            bench.daemon.kill();
            over.store(true, Ordering::Relaxed);
        });
        bench.daemon.start_again();
        let running = eventually(&format!("the end of round {round}"), || {
            let listed = ids(&bench.gantry().ok(&["ps", "-q", "--no-trunc"]));
            (listed.len() == 1).then_some(listed)
        });
        assert_eq!(running, ids(&survivor));
    }
    // What was created with `--rm` and never started is still listed, as it is with Docker; everything can be removed.
    let gantry = bench.gantry();
    let left: Vec<String> =
        ids(&gantry.ok(&["ps", "-aq", "--no-trunc"])).into_iter().filter(|id| *id != survivor).collect();
    for id in &left {
        gantry.ok(&["rm", "-f", id]);
    }
    leaks.assert_clean(&bench.daemon);
    assert_eq!(gantry.run(&["rm", "-f", &survivor]).success(), survivor);
    bench.run(&["--rm"], "true").success();
}

/// Runs containers until told to stop. The cut comes at any step, so only what a run says of itself is checked.
fn run_until(client: &Client, image: &str, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let output = client.run(&["run", "--rm", image, "sh", "-c", "exit 3"]);
        assert!(output.code == 3 || over.load(Ordering::Relaxed) || output.code == 125, "{output:?}");
    }
}

fn ids(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
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
