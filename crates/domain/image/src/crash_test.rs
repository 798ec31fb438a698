//! Processes that are killed, and disks that are full. The test program starts itself again as the victim.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::registry::Registry;

use crate::testing::{Home, layer, open, runtime};
use crate::{Images, Progress};

const ROOT: &str = "GANTRY_TEST_ROOT";
const HOST: &str = "GANTRY_TEST_HOST";
/// What the victim says after each step.
const STEP: &str = "step";

/// This program, to run one of the ignored tests below.
fn victim(test: &str, root: &Path, registry: &Registry) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("crash_test::{test}"), "--ignored", "--nocapture"]);
    command.env(ROOT, root).env(HOST, registry.host()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Pulls two images and removes them again, until somebody kills it. Says so after each step.
#[test]
#[ignore = "is started by the test below"]
fn change_without_end() {
    let (Ok(root), Ok(host)) = (std::env::var(ROOT), std::env::var(HOST)) else { return };
    let images = open(Path::new(&root), &|_| false).unwrap();
    let pull = |name: &str| {
        let reference = format!("{host}/{name}").parse().unwrap();
        runtime().block_on(images.pull(&reference, None, None, Progress::none())).unwrap();
        println!("{STEP}");
    };
    let remove = |name: &str| {
        images.remove(name, false, true, &|_| vec![]).unwrap();
        println!("{STEP}");
    };
    let [one, two] = ["one", "two"].map(|name| format!("{host}/{name}"));
    loop {
        pull("one");
        images.tag(&one, &"extra".parse().unwrap()).unwrap();
        pull("two");
        remove("extra");
        remove(&one);
        pull("one");
        remove(&two);
        remove(&one);
    }
}

/// Lets the victim go so many steps and a little further, and kills it.
fn kill_after(mut child: Child, steps: usize, further: Duration) {
    // Held until the end: a closed pipe would stop the victim before we do.
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let counted = said.by_ref().filter(|line| line == STEP).take(steps).count();
    assert_eq!(counted, steps, "the victim ended by itself");
    std::thread::sleep(further);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Everything below the data root is named by the catalogue, and what it names is whole.
fn check(home: &Home, images: &Images) -> usize {
    let state = images.state();
    let mut expected = BTreeSet::new();
    for layer in state.layers.values() {
        expected.insert(format!("layers/{}/diff/a", layer.directory));
        expected.insert(format!("layers/{}/diff/b", layer.directory));
        expected.insert(format!("blobs/sha256/{}", layer.blob.digest.hex()));
        let blob = std::fs::read(home.path().join("blobs/sha256").join(layer.blob.digest.hex())).unwrap();
        assert_eq!(content::Hasher::sha256(&blob), layer.blob.digest);
    }
    let found: BTreeSet<_> = home.files().into_iter().collect();
    assert_eq!(found, expected);
    for image in images.list() {
        for layer in &image.layers {
            let directory = home.path().join("layers").join(&layer.directory).join("diff");
            let size: u64 = ["a", "b"].iter().map(|name| directory.join(name).metadata().unwrap().len()).sum();
            assert_eq!(size, layer.size);
        }
    }
    images.list().len()
}

#[test]
fn a_killed_process_leaves_nothing_half() {
    let registry = Registry::start().unwrap();
    let big = "x".repeat(50_000);
    let layers: Vec<_> = ["1", "2", "3"].iter().map(|text| layer(&[("a", text), ("b", &big)])).collect();
    registry.add_image("one", "latest", &layers[..2]);
    registry.add_image("two", "latest", &layers[1..]);
    let mut home = Home::new();
    let mut counts = BTreeSet::new();
    for round in 0..40_u64 {
        home.close();
        let child = victim("change_without_end", home.path(), &registry).spawn().unwrap();
        // Somewhere in the middle of the next step, whatever the machine's speed.
        kill_after(child, round as usize % 9, Duration::from_micros(round * 541 % 20_000));
        home.reopen(&|_| false);
        counts.insert(check(&home, home.images()));
    }
    assert!(counts.len() > 1, "it was killed at different points: {counts:?}");
}

/// Pulls into a data root on a small file system of its own.
#[test]
#[ignore = "is started by the test below"]
fn fill_the_disk() {
    let (Ok(root), Ok(host)) = (std::env::var(ROOT), std::env::var(HOST)) else { return };
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs", &root]).status().unwrap();
    assert!(mounted.success());
    let images = open(Path::new(&root), &|_| false).unwrap();
    let pull = |name: &str| {
        let reference = format!("{host}/{name}").parse().unwrap();
        runtime().block_on(images.pull(&reference, None, None, Progress::none()))
    };
    pull("small").unwrap();
    let space = || {
        images.shared.layers.trash().wait();
        free_bytes(&root)
    };
    let before = space();
    for name in ["large", "many"] {
        let fault = pull(name).unwrap_err();
        let expected = format!("MB free for `{root}/layers`");
        assert!(fault.message().contains("No space left on device"), "{fault}");
        assert!(fault.message().contains(&expected), "{fault}");
        assert_eq!(space(), before, "{name}");
    }
    assert_eq!(images.list().len(), 1);
    println!("passed");
}

/// Free bytes, as `df` tells them.
fn free_bytes(path: &str) -> String {
    let df = Command::new("df").args(["--output=avail", path]).output().unwrap();
    String::from_utf8(df.stdout).unwrap()
}

#[test]
fn a_full_disk_is_one_clear_error_and_leaves_nothing() {
    let registry = Registry::start().unwrap();
    registry.add_image("small", "latest", &[layer(&[("a", "x")])]);
    registry.add_image("large", "latest", &[layer(&[("a", &"x".repeat(6 << 20))])]);
    let names: Vec<String> = (0..2000).map(|number| format!("file-{number}")).collect();
    let text = "y".repeat(4000);
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
    registry.add_image("many", "latest", &[layer(&[("a", "x")]), layer(&many)]);
    let root = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(program)
        .args(["--exact", "crash_test::fill_the_disk", "--ignored", "--nocapture"])
        .env(ROOT, root.path())
        .env(HOST, registry.host())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
