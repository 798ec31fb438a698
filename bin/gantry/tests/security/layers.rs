//! B5, B6, B7: hostile archives, through pull, load and import.
//!
//! What each does to the unpacker is tested beside it; here that no door leads to the host in another way, and that what
//! was taken shows in its container only.

use serde_json::json;
use testkit::registry::Registry;

use crate::archives::{Tar, busybox, gzip, saved};
use crate::bench::Bench;
use crate::canary::Canary;
use crate::http::Answer;

/// Layers that try to reach `canary`, and whether an engine must refuse them.
fn corpus(canary: &Canary) -> Vec<(&'static str, Vec<u8>)> {
    let (path, below) = (canary.path(), canary.climbing());
    let file = |tar: Tar, name: &str| tar.file(name, 0o666, b"dead").end();
    let new = Tar::new;
    vec![
        ("parents", file(new(), &format!("{below}/file"))),
        ("parents behind a name", file(new(), &format!("a/b/{below}/file"))),
        ("absolute", file(new(), &format!("{path}/file"))),
        ("absolute parents", file(new(), &format!("/{below}/new"))),
        ("link, then through it", file(new().symlink("a", path), "a/file")),
        ("relative link, then through it", file(new().symlink("a", &below), "a/new")),
        ("link to the root", file(new().symlink("a", "/"), &format!("a{path}/file"))),
        ("link to /proc/self/root", file(new().symlink("a", "/proc/self/root"), &format!("a{path}/file"))),
        (
            "link to /proc/self/cwd",
            file(new().symlink("a", "/proc/self/cwd/../../../../../.."), &format!("a{path}/file")),
        ),
        ("links in a chain", file(new().symlink("a", "b/..").symlink("b", &format!("{below}/dir")), "a/file")),
        ("hard link to outside", file(new().link("x", &format!("{below}/file")), "x")),
        ("absolute hard link to outside", file(new().link("x", &format!("{path}/file")), "x")),
        ("hard link through a link", file(new().symlink("a", path).link("x", "a/file"), "x")),
        ("hard link to a link, then a mode", {
            new().symlink("a", &format!("{path}/file")).link("x", "a").entry(b'0', "x", "", 0o4777, b"").end()
        }),
        ("directory over a link", file(new().symlink("a", path).directory("a"), "a/new")),
        ("file, directory, file", file(new().file("a", 0o644, b"").directory("a").file("a/b", 0o644, b""), "a")),
        ("whiteout of parents", file(new(), &format!("{below}/.wh.file"))),
        ("whiteout through a link", file(new().symlink("a", path), "a/.wh.file")),
        ("opaque through a link", file(new().symlink("a", &format!("{path}/dir")), "a/.wh..wh..opq")),
        ("whiteout of the parent", file(new(), "a/.wh...")),
        ("whiteout of nothing", file(new(), "a/.wh.")),
        ("device", new().entry(b'3', "null", "", 0o666, b"").entry(b'4', "disk", "", 0o666, b"").end()),
        ("device through a link", new().symlink("a", path).entry(b'3', "a/null", "", 0o666, b"").end()),
        ("fifo through a link", new().symlink("a", path).entry(b'6', "a/fifo", "", 0o666, b"").end()),
        ("name with a line break", file(new(), "a\nb")),
        ("a name of 5000 bytes", file(new(), &"x/".repeat(2500))),
        ("a name part of 300 bytes", file(new(), &"x".repeat(300))),
        ("the root as a file", file(new(), "/")),
        ("the root as a link", file(new().symlink("./", path), "file")),
        ("no name", file(new(), "")),
        ("an attribute of a link", {
            new().symlink("a", &format!("{path}/file")).attribute("security.capability", "x").symlink("a", path).end()
        }),
        ("negative size", negative_size()),
        ("cut in the middle", {
            let mut bytes = new().file("a", 0o644, &[1; 4000]).end();
            bytes.truncate(2000);
            bytes
        }),
        ("no archive", vec![b'x'; 10_000]),
        ("a wrong sum", {
            let mut bytes = file(new(), "a");
            bytes[0] = b'b';
            bytes
        }),
    ]
}

/// A header whose size, in base 256, is below zero.
fn negative_size() -> Vec<u8> {
    let mut bytes = Tar::new().file("a", 0o644, b"").end();
    bytes[124..136].fill(0xff);
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

/// The archive was taken, or there is one line that says why not.
#[track_caller]
fn assert_clear(attack: &str, answer: &Answer) {
    assert!(matches!(answer.status, 200 | 400 | 500), "{attack}: {answer:?}");
    let message = answer.error();
    assert_eq!(message.is_none(), answer.status == 200 && !answer.body.contains("errorDetail"), "{attack}: {answer:?}");
    assert!(
        message.is_none_or(|message| !message.contains('\n') && !message.contains("panicked")),
        "{attack}: {answer:?}"
    );
}

/// Runs what was taken: also then nothing outside may change.
fn run(bench: &Bench, name: &str) {
    bench.gantry.run(&["run", "--rm", "--network", "none", name, "sh", "-c", "ls -a / /a; rm -rf /a; echo x > /x"]);
}

#[test]
fn hostile_layers_that_are_loaded_change_nothing_outside() {
    let bench = Bench::start();
    let canary = Canary::plant();
    for (attack, layer) in corpus(&canary) {
        for (order, layers) in [("above", [busybox(), layer.clone()]), ("below", [layer.clone(), busybox()])] {
            let answer = bench.load(saved("hostile", &layers, json!({})));
            assert_clear(attack, &answer);
            canary.assert_alive(attack);
            if answer.error().is_none() && order == "above" {
                run(&bench, "hostile");
                canary.assert_alive(attack);
            }
            bench.ask("DELETE", "/images/hostile?force=1");
        }
        bench.assert_clean();
    }
    bench.finish();
}

#[test]
fn hostile_archives_that_are_imported_change_nothing_outside() {
    let bench = Bench::start();
    let canary = Canary::plant();
    for (attack, layer) in corpus(&canary) {
        for archive in [gzip(&layer), layer] {
            let answer = bench.import("hostile", archive);
            assert_clear(attack, &answer);
            canary.assert_alive(attack);
            bench.ask("DELETE", "/images/hostile?force=1");
        }
        bench.assert_clean();
    }
    bench.finish();
}

#[test]
fn hostile_layers_that_are_pulled_change_nothing_outside() {
    let bench = Bench::start();
    let canary = Canary::plant();
    let registry = Registry::start().unwrap();
    for (number, (attack, layer)) in corpus(&canary).into_iter().enumerate() {
        let name = format!("hostile{number}");
        registry.add_image(&name, "latest", &[busybox(), layer]);
        let name = format!("{}/{name}", registry.host());
        let answer = bench.ask("POST", &format!("/images/create?fromImage={name}&tag=latest"));
        assert_clear(attack, &answer);
        canary.assert_alive(attack);
        if answer.error().is_none() {
            run(&bench, &name);
            canary.assert_alive(attack);
            assert_eq!(bench.ask("DELETE", &format!("/images/{name}?force=1")).status, 200, "{attack}");
        }
        bench.assert_clean();
    }
    bench.finish();
}

#[test]
fn hostile_archives_around_images_change_nothing_outside() {
    let bench = Bench::start();
    let canary = Canary::plant();
    for (attack, archive) in corpus(&canary) {
        // As the archive itself, and before a good image's files.
        let mut both = archive.clone();
        both.truncate(archive.len().saturating_sub(1024));
        both.extend(saved("around", &[busybox()], json!({})));
        for archive in [archive, both] {
            let answer = bench.load(archive);
            assert_clear(attack, &answer);
            canary.assert_alive(attack);
            bench.ask("DELETE", "/images/around?force=1");
        }
        bench.assert_clean();
    }
    bench.finish();
}

/// The script's output in an image of these layers over busybox.
fn shown(bench: &Bench, layers: Vec<Tar>, script: &str) -> String {
    let layers: Vec<Vec<u8>> = [busybox()].into_iter().chain(layers.into_iter().map(Tar::end)).collect();
    let answer = bench.load(saved("whiteouts", &layers, json!({})));
    assert_eq!(answer.error(), None);
    bench.gantry.ok(&["run", "--rm", "--network", "none", "whiteouts", "sh", "-c", script])
}

#[test]
fn whiteouts_hide_what_is_below_and_nothing_else() {
    let bench = Bench::start();
    let below =
        || Tar::new().directory("d").file("d/old", 0o644, b"old").file("d/keep", 0o644, b"keep").symlink("l", "d");
    assert_eq!(shown(&bench, vec![below(), Tar::new().file("d/.wh.old", 0, b"")], "ls /d"), "keep");
    let opaque = Tar::new().file("d/new", 0o644, b"new").file("d/.wh..wh..opq", 0, b"");
    assert_eq!(shown(&bench, vec![below(), opaque], "ls -a /d"), ".\n..\nnew");
    // Behind a link the engine must not follow it out of its layer: the directory below is not in this one.
    let linked = Tar::new().file("l/.wh.old", 0, b"");
    assert!(shown(&bench, vec![below(), linked], "ls /d").contains("keep"));
    // At the root everything below goes, and a layer above comes.
    let root = Tar::new().file(".wh..wh..opq", 0, b"");
    let again = busybox();
    let layers = [busybox(), below().end(), root.end(), again];
    assert_eq!(bench.load(saved("opaque", &layers, json!({}))).error(), None);
    assert_eq!(bench.gantry.ok(&["run", "--rm", "opaque", "sh", "-c", "ls -d /d /bin 2>/dev/null; true"]), "/bin");
    bench.finish();
}

#[test]
fn attributes_of_overlayfs_in_a_layer_have_no_effect() {
    let bench = Bench::start();
    let below =
        || Tar::new().directory("d").file("d/old", 0o644, b"old").directory("secret").file("secret/s", 0o644, b"s");
    for prefix in ["trusted", "user"] {
        let opaque = Tar::new().attribute(&format!("{prefix}.overlay.opaque"), "y").directory("d");
        assert_eq!(shown(&bench, vec![below(), opaque], "ls /d"), "old", "{prefix}");
        let redirect = Tar::new().attribute(&format!("{prefix}.overlay.redirect"), "/secret").directory("d");
        assert_eq!(shown(&bench, vec![below(), redirect], "ls /d"), "old", "{prefix}");
        let metacopy = Tar::new()
            .attribute(&format!("{prefix}.overlay.metacopy"), "")
            .attribute(&format!("{prefix}.overlay.redirect"), "/secret/s")
            .file("d/old", 0o644, b"new");
        assert_eq!(shown(&bench, vec![below(), metacopy], "cat /d/old"), "new", "{prefix}");
        let whiteout = Tar::new().attribute(&format!("{prefix}.overlay.whiteout"), "y").file("d/old", 0o644, b"");
        assert_eq!(shown(&bench, vec![below(), whiteout], "ls /d"), "old", "{prefix}");
    }
    // A real node of overlayfs's own kind changes the container's tree at most.
    let node = Tar::new().entry(b'3', "d/old", "", 0o600, b"");
    let listing = shown(&bench, vec![below(), node], "ls /d /secret 2>&1; true");
    assert!(listing.contains("/secret:\ns"), "{listing}");
    bench.finish();
}
