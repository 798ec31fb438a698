//! What takes room, and how it is given back.

use std::collections::BTreeSet;

use crate::bench::{Bench, ask};

fn json(bench: &Bench, method: &str, path: &str) -> serde_json::Value {
    let (status, body) = ask(bench, method, path, "");
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
}

#[test]
fn only_containers_that_do_not_run_and_are_chosen_go() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["-d", "--name", "runs"], "sleep 1000").success();
    bench.run(&["-d", "--name", "paused"], "sleep 1000").success();
    docker.ok(&["pause", "paused"]);
    bench.run(&["--name", "ended", "-l", "a=b"], "echo 12345 > /f").success();
    docker.ok(&["create", "--name", "created", &bench.image]);
    let names =
        || docker.ok(&["ps", "-a", "--format", "{{.Names}}"]).lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let kept = |expect: &[&str]| assert_eq!(names(), expect.iter().map(|&name| name.to_owned()).collect());
    let filtered = |filter: &str| ask(&bench, "POST", &format!("/containers/prune?filters={filter}"), "");
    for (filter, part) in [
        ("x", "invalid filter"),
        ("%7B%22bad%22%3A%5B%22x%22%5D%7D", "invalid filter 'bad'"),
        ("%7B%22until%22%3A%5B%22x%22%5D%7D", "failed to parse value as time or duration"),
    ] {
        let (status, message) = filtered(filter);
        assert_eq!((status, message.contains(part)), (400, true), "{filter}: {message}");
    }
    docker.ok(&["container", "prune", "-f", "--filter", "until=1h"]);
    docker.ok(&["container", "prune", "-f", "--filter", "label=c"]);
    kept(&["runs", "paused", "ended", "created"]);
    let told = docker.ok(&["container", "prune", "-f", "--filter", "label=a=b"]);
    assert!(told.ends_with("Total reclaimed space: 6B"), "{told}");
    kept(&["runs", "paused", "created"]);
    docker.ok(&["container", "prune", "-f", "--filter", "label!=a=b"]);
    kept(&["runs", "paused"]);
    assert_eq!(
        json(&bench, "POST", "/containers/prune"),
        serde_json::json!({ "ContainersDeleted": null, "SpaceReclaimed": 0 })
    );
}

#[test]
fn images_that_nobody_uses_go_and_their_room_is_told() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["--name", "maker"], "echo 1234567 > /f").success();
    docker.ok(&["commit", "maker", "one:1"]);
    docker.ok(&["commit", "maker"]);
    let used = docker.ok(&["commit", "maker"]);
    docker.ok(&["create", "--name", "user", &used]);
    docker.ok(&["tag", "one:1", "one:2"]);
    let pruned = json(&bench, "POST", "/images/prune");
    assert_eq!(pruned["ImagesDeleted"].as_array().map(Vec::len), Some(1), "{pruned}");
    assert_eq!(pruned["SpaceReclaimed"], 0, "others have its layers, too");
    docker.ok(&["rm", "maker", "user"]);
    docker.ok(&["image", "prune", "-f"]);
    assert_eq!(docker.ok(&["images", "-q", "--filter", "dangling=true"]), "");
    let told = docker.ok(&["image", "prune", "-af"]);
    assert!(told.contains("untagged: one:1") && told.contains("untagged: one:2"), "{told}");
    assert!(told.contains("Total reclaimed space: "), "{told}");
    assert_eq!(docker.ok(&["images", "-q"]), "");
    assert_eq!(json(&bench, "GET", "/system/df")["LayersSize"], 0);
    assert_eq!(ask(&bench, "POST", "/images/prune?filters=%7B%22dangling%22%3A%5B%22x%22%5D%7D", "").0, 400);
}

#[test]
fn what_takes_room_is_told_by_kind() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    bench.run(&["--name", "writer"], "echo 12345 > /f").success();
    let all = json(&bench, "GET", "/system/df");
    assert_eq!(all["Images"][0]["Containers"], 1);
    assert_eq!((&all["Containers"][0]["SizeRw"], &all["Volumes"]), (&6.into(), &serde_json::json!([])));
    assert_eq!(all["LayersSize"], all["Images"][0]["Size"]);
    let some = json(&bench, "GET", "/system/df?type=container");
    assert_eq!((some["Images"].is_null(), some["Containers"].is_array()), (true, true));
    assert_eq!(
        ask(&bench, "GET", "/system/df?type=bad", ""),
        (400, r#"{"message":"unknown object type: bad"}"#.into())
    );
    let table = docker.ok(&["system", "df"]);
    assert!(table.lines().nth(1).unwrap().starts_with("Images          1         1"), "{table}");
    assert!(docker.ok(&["system", "df", "-v"]).contains("writer"));
    let told = docker.ok(&["system", "prune", "-af"]);
    assert!(told.contains("Deleted Containers:") && told.contains("Deleted Images:"), "{told}");
    assert_eq!(docker.ok(&["ps", "-aq"]), "");
}
