//! Builds the small stage program that the binary carries (docs/decisions/0003-one-small-stage.md).
//!
//! It is a program of this workspace with its own profile and a fixed load address, so it needs a build of its own:
//! cargo has no stable way to name a binary as a dependency.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What the stage is made of; a change in any of them builds it anew.
const SOURCES: &[&str] = &[
    "bin/stage",
    "Cargo.lock",
    "crates/base/human",
    "crates/base/names",
    "crates/base/oci",
    "crates/base/shim-proto",
    "crates/edge/runc",
    "crates/host/cgroup",
    "crates/host/criu",
    "crates/host/logdriver",
    "crates/host/runtime",
    "crates/host/seccomp",
    "crates/host/sys",
    "Cargo.toml",
];

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let workspace = manifest.join("../..").canonicalize().expect("the workspace is two folders up");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", workspace.join(source).display());
    }
    let target = env::var("TARGET").expect("cargo sets it");
    build(&workspace, &out.join("stage"), &target);
    let built = out.join("stage").join(&target).join("stage/stage");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64") {
        // Called as a runtime, the program begins before its C library does (crates/host/sys/src/entry.rs).
        println!("cargo::rustc-link-arg-bins=-Wl,--entry=gantry_entry_carried");
    }
    fs::copy(&built, out.join("stage.bin")).unwrap_or_else(|error| panic!("copy {}: {error}", built.display()));
}

fn build(workspace: &Path, target_dir: &Path, target: &str) {
    let cargo = env::var_os("CARGO").expect("cargo sets it");
    let status = Command::new(cargo)
        .current_dir(workspace)
        .args(["build", "--quiet", "--package", "stage", "--profile", "stage", "--target", target, "--target-dir"])
        .arg(target_dir)
        // A fixed load address: nothing to relocate, so an idle shim shares nearly all of its pages.
        .env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static\u{1f}-Crelocation-model=static")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTC_WRAPPER")
        .status()
        .expect("run cargo");
    assert!(status.success(), "the stage program does not build");
}
