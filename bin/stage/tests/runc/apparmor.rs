//! Confinement by AppArmor, where the kernel has it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::lab::Lab;

/// A profile in the kernel, which goes with the test.
struct Profile(String);

impl Profile {
    /// Allows all but to touch one file.
    fn denying(name: &str, file: &str) -> Self {
        let profile = Self(format!("gantry-test-{name}-{}", std::process::id()));
        profile.parser("--replace", file);
        profile
    }

    fn parser(&self, verb: &str, file: &str) {
        let text = format!(
            "profile {} flags=(attach_disconnected) {{ file, capability, network, mount, signal, ptrace, deny {file} rwklx, }}\n",
            self.0
        );
        let mut parser = Command::new("apparmor_parser").arg(verb).stdin(Stdio::piped()).spawn().unwrap();
        parser.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(parser.wait().unwrap().success());
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        self.parser("--remove", "/");
    }
}

const LOOK: &str =
    "cat /proc/self/attr/current; echo x > /tmp/first && echo first; echo x > /tmp/second && echo second";

fn spec(lab: &Lab, script: &str, profile: &str, no_new_privileges: bool) -> Value {
    let mut spec = lab.spec(script);
    spec["process"]["apparmorProfile"] = json!(profile);
    spec["process"]["noNewPrivileges"] = json!(no_new_privileges);
    spec
}

#[test]
#[ignore = "needs a kernel with AppArmor: cargo xtask vm runc"]
fn programs_are_under_the_profile_that_was_given() {
    let lab = Lab::new();
    let (one, other) = (Profile::denying("one", "/tmp/first"), Profile::denying("other", "/tmp/second"));
    for no_new_privileges in [true, false] {
        let done = lab.run("a", spec(&lab, &format!("{LOOK}; exit 7"), &one.0, no_new_privileges));
        assert_eq!((done.code, done.out), (7, format!("{} (enforce)\nsecond\n", one.0)), "{}", done.err);
    }
    let bundle = lab.bundle("b", spec(&lab, "sleep 1000", &one.0, true));
    lab.call(&["create", "--bundle", bundle.to_str().unwrap(), "b"]).ok();
    lab.call(&["start", "b"]).ok();
    let entered = lab.call(&["exec", "b", "sh", "-c", LOOK]);
    assert_eq!(entered.out, format!("{} (enforce)\nsecond\n", one.0), "{}", entered.err);
    let entered = lab.call(&["exec", "--apparmor", &other.0, "b", "sh", "-c", LOOK]);
    assert_eq!(entered.out, format!("{} (enforce)\nfirst\n", other.0), "{}", entered.err);
    lab.call(&["delete", "--force", "b"]).ok();
    let plain = lab.run("c", lab.spec(LOOK)).ok();
    assert_eq!(plain, "unconfined\nfirst\nsecond\n");
    lab.is_clean();
}

#[test]
#[ignore = "needs a kernel with AppArmor: cargo xtask vm runc"]
fn a_profile_that_is_not_loaded_is_refused() {
    let lab = Lab::new();
    let error = lab.run("a", spec(&lab, "true", "gantry-test-none", true)).refused();
    assert!(error.contains("apply AppArmor profile `gantry-test-none`"), "{error}");
    lab.is_clean();
    lab.sleeping("b");
    let error = lab.call(&["exec", "--apparmor", "gantry-test-none", "b", "true"]).refused();
    assert!(error.contains("apply AppArmor profile `gantry-test-none`"), "{error}");
    assert_eq!(lab.status("b"), "running");
    lab.call(&["delete", "--force", "b"]).ok();
    lab.is_clean();
}

/// CVE-2019-16884, CVE-2023-28642: a procfs of the image's making, or a link in its place, is not where labels are written.
#[test]
#[ignore = "needs a kernel with AppArmor: cargo xtask vm runc"]
fn what_lies_over_the_container_s_procfs_does_not_loosen_it() {
    let lab = Lab::new();
    let profile = Profile::denying("over", "/tmp/first");
    let script = "if [ -e /tmp/real ]; then p=/tmp/real; else p=/proc; fi; cat $p/self/attr/current; echo x > /tmp/first && echo first";
    // A tmpfs with a file where the label would be written hides the container's procfs.
    let mut over = spec(&lab, script, &profile.0, true);
    let mounts = over["mounts"].as_array_mut().unwrap();
    mounts.push(json!({ "destination": "/tmp/real", "type": "proc", "source": "proc" }));
    let fake = lab.path("fake");
    std::fs::create_dir_all(fake.join("self/attr/apparmor")).unwrap();
    for file in ["self/attr/exec", "self/attr/apparmor/exec", "self/attr/current"] {
        std::fs::write(fake.join(file), "").unwrap();
    }
    mounts.push(json!({ "destination": "/proc", "type": "bind", "source": fake, "options": ["rbind"] }));
    over["linux"]["maskedPaths"] = json!([]);
    over["linux"]["readonlyPaths"] = json!([]);
    let done = lab.run("a", over);
    // Refused, or under the profile; never without.
    assert!(done.code != 0 && !done.out.contains("first"), "{done:?}");
    assert!(done.out.is_empty() || done.out.starts_with(&profile.0), "{done:?}");
    lab.is_clean();
}
