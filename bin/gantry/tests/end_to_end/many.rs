//! Many containers, one after another and side by side: nothing is left of them.

use std::thread;

use testkit::LeakCheck;

use crate::bench::Bench;

const IN_A_ROW: usize = 100;
const AT_ONCE: usize = 20;

#[test]
fn many_containers_leave_nothing_behind() {
    let bench = Bench::new();
    bench.run(&["--rm"], "true").success();
    let leaks = LeakCheck::before(&bench.daemon);
    for _ in 0..IN_A_ROW {
        bench.gantry().ok(&["run", "--rm", &bench.image, "true"]);
    }
    leaks.assert_clean(&bench.daemon);
    thread::scope(|scope| {
        for number in 0..AT_ONCE {
            let bench = &bench;
            scope.spawn(move || {
                let output = bench.run(&["--rm"], &format!("echo {number}; exit {number}"));
                assert_eq!((output.code, output.stdout), (number as i32, format!("{number}\n")), "{}", output.stderr);
            });
        }
    });
    leaks.assert_clean(&bench.daemon);
    assert_eq!(bench.gantry().ok(&["ps", "-aq"]), "");
}

#[test]
fn containers_that_fail_to_start_leave_nothing_behind() {
    let bench = Bench::new();
    bench.run(&["--rm"], "true").success();
    let leaks = LeakCheck::before(&bench.daemon);
    let gantry = bench.gantry();
    let image = bench.image.as_str();
    for _ in 0..5 {
        gantry.fails(127, &["run", "--rm", image, "no-such-program"]);
        gantry.fails(126, &["run", "--rm", image, "/etc"]);
        gantry.fails(125, &["run", "--rm", "--memory", "1k", image, "true"]);
        gantry.fails(125, &["run", "--rm", "-p", "127.0.0.1:5000:80", image, "true"]);
        gantry.fails(125, &["run", "--rm", "127.0.0.1:5000/no-such-image", "true"]);
    }
    leaks.assert_clean(&bench.daemon);
}

#[test]
fn a_port_can_be_published_again_at_once() {
    let bench = Bench::new();
    let gantry = bench.gantry();
    let run = ["run", "-d", "--name", "web", "-p", "9000:80", &bench.image, "sleep", "1000"];
    for _ in 0..10 {
        gantry.ok(&run);
        gantry.ok(&["rm", "-f", "web"]);
        gantry.ok(&run);
        gantry.ok(&["stop", "-t", "0", "web"]);
        gantry.ok(&["run", "--rm", "-p", "9000:80", &bench.image, "true"]);
        gantry.ok(&["rm", "web"]);
    }
}
