//! D7 (CVE-2014-9358): ids and names are never paths, whichever door they come through.

use serde_json::json;

use crate::bench::Bench;
use crate::canary::Canary;

/// Names as they stand in a path of the API.
const WRITTEN: &[&str] = &[
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%2Fetc%2Fpasswd",
    "a%00b",
    "%00",
    "%0a",
    "%ff%fe",
    "%252e%252e",
    "w%d0%b5b",
    "-rf",
    "*",
    "%25",
    "a%5cb",
    "%20",
    "sha256:..",
    "sha256:%2e%2e%2fx",
];

#[test]
fn names_in_paths_of_the_api_reach_nothing() {
    let bench = Bench::start();
    let canary = Canary::plant();
    let long = "a".repeat(20_000);
    let folder = canary.path().replace('/', "%2f");
    for name in WRITTEN.iter().copied().chain([long.as_str(), &format!("..%2f..%2f..%2f..{folder}"), &folder]) {
        for (method, path) in [
            ("GET", format!("/containers/{name}/json")),
            ("GET", format!("/containers/{name}/logs?stdout=1")),
            ("POST", format!("/containers/{name}/start")),
            ("POST", format!("/containers/{name}/stop")),
            ("POST", format!("/containers/{name}/kill")),
            ("POST", format!("/containers/{name}/wait")),
            ("POST", format!("/containers/{name}/attach?stdout=1")),
            ("DELETE", format!("/containers/{name}?force=1")),
            ("GET", format!("/exec/{name}/json")),
            ("GET", format!("/images/{name}/json")),
            ("GET", format!("/images/{name}/history")),
            ("GET", format!("/images/get?names={name}")),
            ("POST", format!("/images/{name}/tag?repo=x")),
            ("DELETE", format!("/images/{name}?force=1")),
        ] {
            let answer = bench.ask(method, &path);
            assert!(matches!(answer.status, 400 | 404 | 414 | 431), "{method} {path:.80}: {answer:?}");
            assert!(!answer.body.contains('\0'), "{method} {path:.80}");
        }
    }
    canary.assert_alive("names in paths");
    bench.finish();
}

#[test]
fn names_for_new_things_are_checked() {
    let bench = Bench::start();
    let canary = Canary::plant();
    let long = "a".repeat(20_000);
    let below = format!("..{}", canary.climbing().replace('/', "%2f"));
    for name in
        WRITTEN.iter().copied().filter(|name| *name != "%20").chain([long.as_str(), &below, "a%2fb", "a", ".a", "_a"])
    {
        let answer = bench.post(&format!("/containers/create?name={name}"), &json!({"Image": "busybox"}));
        // One letter is too short a name for Docker as well.
        assert_eq!(answer.status, 400, "{name:.80}: {answer:?}");
        let message = answer.error().unwrap_or_default();
        assert!(message.starts_with("Invalid container name") || name.len() > 1000, "{name:.80}: {message}");
    }
    for repository in ["..", "%2fx", "..%2fx", "A", "x%00", "x%0ay", "x%3a%2f%2fy", "x//y", &long, &below] {
        let answer = bench.ask("POST", &format!("/images/busybox/tag?repo={repository}"));
        assert_eq!(answer.status, 400, "{repository:.80}: {answer:?}");
    }
    for tag in ["..", "%2f", "a%2fb", "x%00", &"a".repeat(200)] {
        let answer = bench.ask("POST", &format!("/images/busybox/tag?repo=x&tag={tag}"));
        assert_eq!(answer.status, 400, "{tag:.80}: {answer:?}");
    }
    canary.assert_alive("names for new things");
    bench.finish();
}

#[test]
fn names_in_the_client_s_arguments_reach_nothing() {
    let bench = Bench::start();
    let canary = Canary::plant();
    let below = canary.climbing();
    for name in [
        "..",
        "../..",
        "/etc/passwd",
        &below,
        "a/b/../../c",
        ".",
        "%2e%2e",
        "wеb",
        "a\nb",
        "\u{202e}x",
        "?force=1",
        "x?y",
        "x#y",
        "x&y",
    ] {
        for command in
            [&["inspect"][..], &["start"], &["stop"], &["rm", "-f"], &["logs"], &["rmi"], &["history"], &["wait"]]
        {
            let output = bench.gantry.run(&[command, &["--", name]].concat());
            let refused = output.code != 0 || output.stderr.contains("No such") || output.stderr.contains("invalid");
            assert!(refused || command[0] == "rm", "{command:?} {name}: {output:?}");
        }
        assert_eq!(bench.gantry.run(&["run", "--rm", "--name", name, "busybox", "true"]).code, 125, "{name:?}");
    }
    assert_eq!(bench.gantry.ok(&["images", "-q"]).lines().count(), 1);
    canary.assert_alive("names of the client");
    bench.finish();
}

#[test]
fn ids_that_fit_several_things_choose_none() {
    let bench = Bench::start();
    let ids: Vec<String> = (0..17).map(|_| bench.gantry.ok(&["create", "busybox"])).collect();
    // Of seventeen ids two begin with the same digit.
    let twice = ids.iter().map(|id| &id[..1]).find(|first| ids.iter().filter(|id| id.starts_with(first)).count() > 1);
    let message = bench.ask("DELETE", &format!("/containers/{}", twice.unwrap())).refusal(400);
    assert!(message.contains("Multiple IDs found with provided prefix"), "{message}");
    assert_eq!(bench.gantry.ok(&["ps", "-aq"]).lines().count(), 17);
    bench.finish();
}
