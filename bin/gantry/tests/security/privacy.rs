//! B8 (CVE-2021-41091, -41103): what containers store is not for other users of the host, above all no setuid program.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;
use testkit::{Daemon, Host};

use crate::archives::Tar;
use crate::bench::{Bench, GANTRY};

#[test]
fn other_users_of_the_host_reach_no_file_of_a_container() {
    let bench = Bench::start();
    // As under /var/lib: everybody may walk there.
    let folder = bench.daemon.data_root().parent().unwrap().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    bench.add("setuid", Tar::new().file("bin/su", 0o4755, b"x").file("bin/sg", 0o2755, b"x"), json!({}));
    let script = "cp /bin/busybox /tmp/own; chmod 6755 /tmp/own; chmod 777 / /tmp; exec sleep 1000";
    let id = bench.gantry.ok(&["run", "-d", "setuid", "sh", "-c", script]);
    testkit::eventually("the container's own program", || {
        bench.gantry.ok(&["exec", &id, "ls", "-l", "/tmp/own"]).starts_with("-rws").then_some(())
    });
    let root = bench.daemon.data_root();
    let all = find(&root);
    let setuid: Vec<&PathBuf> = all.iter().filter(|path| is_setuid(path)).collect();
    assert!(setuid.len() >= 3, "{setuid:?}");
    let run = find(&bench.daemon.run_root().join("containers"));
    assert!(!run.is_empty());
    let own = all.iter().filter(|path| path.starts_with(root.join("containers")));
    for path in setuid.into_iter().chain(own).chain(&run) {
        assert!(!seen_by_nobody(&bench, path), "{}", path.display());
    }
    assert_eq!(rights_of_others(&root), 0, "{}", root.display());
    assert_eq!(rights_of_others(&bench.daemon.socket()), 0, "the socket");
    // Others may go through it to sockets that are for them; nobody can list or write it.
    assert_eq!(rights_of_others(&bench.daemon.run_root()) & !1, 0, "the run root");
    bench.finish();
}

#[test]
fn a_data_root_that_was_open_to_all_is_closed() {
    let host = Host::new();
    let mut daemon = Daemon::prepare(&host, GANTRY, &[]);
    // As mkdir makes it, or mke2fs.
    fs::create_dir(daemon.data_root()).unwrap();
    fs::set_permissions(daemon.data_root(), fs::Permissions::from_mode(0o755)).unwrap();
    daemon.start_again();
    assert_eq!(rights_of_others(&daemon.data_root()), 0);
}

fn rights_of_others(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o007
}

fn is_setuid(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.mode() & 0o6000 != 0)
}

/// Whether a user without rights can even see it.
fn seen_by_nobody(bench: &Bench, path: &Path) -> bool {
    let path = path.to_str().unwrap();
    let words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "stat", path];
    bench.daemon.host().run(&words).code == 0
}

fn find(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(find(&entry.path()));
        }
        found.push(entry.path());
    }
    found
}
