//! The runtime is killed at any moment: a later one takes away what it has left.

use std::time::Duration;

use crate::lab::Lab;

#[test]
fn a_create_that_is_killed_leaves_what_can_be_deleted() {
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("sleep 100"));
    let mut finished = 0;
    for step in 0..60 {
        let mut child = lab.command(&["create", "-b", bundle.to_str().unwrap(), "a"]).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(500 * step));
        let _ = child.kill();
        finished += u32::from(child.wait().unwrap().success());
        let done = lab.call(&["delete", "--force", "a"]);
        assert_eq!(done.code, 0, "after {step} half milliseconds: {done:?}");
        lab.is_clean();
    }
    assert!(finished < 60, "none was killed");
}

#[test]
fn a_run_that_is_killed_leaves_a_container_that_can_be_deleted() {
    let lab = Lab::new();
    let bundle = lab.bundle("a", lab.spec("sleep 100"));
    for step in 0..20 {
        let mut child = lab.command(&["run", "-b", bundle.to_str().unwrap(), "a"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(3 * step));
        let _ = child.kill();
        child.wait().unwrap();
        lab.call(&["delete", "--force", "a"]).ok();
        lab.is_clean();
    }
}
