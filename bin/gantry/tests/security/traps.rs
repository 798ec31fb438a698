//! A6 (CVE-2026-41579) and its kin: links in the image where the engine itself works when a container starts.

use serde_json::json;

use crate::archives::Tar;
use crate::bench::Bench;
use crate::canary::Canary;

/// Starts a container of the image in each way there is; whether it runs is not the question.
fn start_every_way(bench: &Bench, name: &str) {
    for options in
        [&["--rm"][..], &["--rm", "-t"], &["--rm", "--privileged"], &["--rm", "--read-only"], &["--rm", "--init"]]
    {
        bench.gantry.run(&[&["run"], options, &[name, "true"]].concat());
    }
    let id = bench.gantry.ok(&["create", name, "true"]);
    bench.gantry.run(&["start", &id]);
    bench.gantry.ok(&["rm", "-f", &id]);
}

#[test]
fn a_dev_that_is_a_link_leads_to_no_device_outside() {
    let bench = Bench::start();
    let canary = Canary::plant();
    let (absolute, relative) = (format!("{}/dir", canary.path()), format!("{}/dir", canary.climbing()));
    for target in [&absolute, &relative, "/tmp", "/"] {
        bench.add("dev", Tar::new().symlink("dev", target), json!({}));
        start_every_way(&bench, "dev");
        canary.assert_alive(target);
    }
    bench.finish();
}

#[test]
fn links_in_place_of_the_engine_s_own_files_are_not_written_through() {
    let bench = Bench::start();
    let canary = Canary::plant();
    for prefix in [canary.path().to_owned(), canary.climbing()] {
        let file = format!("{prefix}/file");
        let names = ["etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab", "dev/null", "dev/console", "dev/ptmx"];
        let tar = names.iter().fold(Tar::new(), |tar, name| tar.symlink(name, &file));
        bench.add("links", tar, json!({}));
        start_every_way(&bench, "links");
        canary.assert_alive(&prefix);
        for directory in ["etc", "proc", "sys", "dev/pts", "dev/shm", "run", ".dockerenv"] {
            bench.add("links", Tar::new().symlink(directory, &format!("{prefix}/dir")), json!({}));
            start_every_way(&bench, "links");
            canary.assert_alive(directory);
        }
    }
    bench.finish();
}

#[test]
fn working_directories_and_mount_targets_behind_links_are_made_inside() {
    let bench = Bench::start();
    let canary = Canary::plant();
    for target in [canary.path().to_owned(), canary.climbing()] {
        bench.add("work", Tar::new().symlink("a", &target), json!({"WorkingDir": "/a/dir/new/deep"}));
        start_every_way(&bench, "work");
        for options in [
            &["-w", "/a/dir/other"][..],
            &["-v", "/etc/hostname:/a/dir/mounted"],
            &["-v", "/tmp:/a/dir/folder"],
            &["--tmpfs", "/a/dir/tmpfs"],
        ] {
            bench.gantry.run(&[&["run", "--rm"], options, &["work", "true"]].concat());
        }
        canary.assert_alive(&target);
    }
    bench.finish();
}
