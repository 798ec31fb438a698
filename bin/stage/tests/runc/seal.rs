//! The runtime's own file cannot be reached from a container (CVE-2019-5736).

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::lab::Lab;

/// A copy of the program that the attack may ruin.
fn with_own_copy() -> Lab {
    let mut lab = Lab::new();
    let copy = lab.path("own/gantry-runc");
    fs::create_dir(lab.path("own")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_stage"), &copy).unwrap();
    lab.program = copy;
    lab
}

#[test]
fn a_container_that_executes_the_runtime_cannot_write_it() {
    let lab = with_own_copy();
    let before = fs::read(&lab.program).unwrap();
    // The program is the runtime itself, by every way that leads there; a second process tries to write it.
    symlink("/proc/self/exe", lab.path("rootfs/bin/self")).unwrap();
    fs::write(lab.path("rootfs/bin/script"), "#!/proc/self/exe\n").unwrap();
    for program in ["/proc/self/exe", "/bin/self", "/bin/script"] {
        let mut spec = lab.spec("");
        spec["process"]["args"] = json!([program, "init", "sh", "-c", "echo ruined > /proc/1/exe; true"]);
        spec["process"]["noNewPrivileges"] = json!(false);
        spec["root"]["readonly"] = json!(false);
        lab.run("a", spec);
        lab.sleeping("b");
        let script = "for i in 1 2 3; do for pid in /proc/[0-9]*; do echo ruined > $pid/exe; done; done; true";
        lab.call(&["exec", "--detach", "b", "sh", "-c", script]);
        for _ in 0..3 {
            lab.call(&["exec", "b", program, "init", "true"]);
        }
        lab.call(&["delete", "--force", "b"]).ok();
        assert!(fs::read(&lab.program).unwrap() == before, "{program}: the runtime was written");
    }
    lab.is_clean();
}
