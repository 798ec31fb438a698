//! The same command lines to runc and to us: what callers read must be alike.

use serde_json::Value;

use crate::lab::{Done, Lab};

/// What a command printed, without what differs by nature.
fn plain(lab: &Lab, done: &Done) -> (i32, String, String) {
    let own = lab.path("").to_str().unwrap().trim_end_matches('/').to_owned();
    let clean = |text: &str| text.replace(&own, "LAB");
    let message = done.err.split_once("msg=").map_or(done.err.as_str(), |(_, message)| message);
    (done.code, clean(&done.out), clean(message))
}

#[test]
fn commands_answer_alike() {
    let (ours, theirs) = (Lab::new(), Lab::original());
    let both = |words: &dyn Fn(&Lab) -> Vec<String>| {
        let [own, original] = [&ours, &theirs].map(|lab| {
            let words = words(lab);
            plain(lab, &lab.call(&words.iter().map(String::as_str).collect::<Vec<_>>()))
        });
        assert_eq!(own, original, "{:?}", words(&ours));
    };
    let line = |text: &'static str| move |_: &Lab| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let bundle = |text: &'static str| {
        move |lab: &Lab| {
            let folder = lab.bundle("a", lab.spec("trap 'exit 3' TERM; while :; do sleep 0.02; done"));
            text.split(' ').map(|word| word.replace("BUNDLE", folder.to_str().unwrap())).collect()
        }
    };
    both(&line("list --quiet"));
    both(&line("state a"));
    both(&line("delete a"));
    both(&line("delete --force a"));
    both(&bundle("create --bundle BUNDLE a"));
    both(&bundle("create --bundle BUNDLE a"));
    both(&line("exec a true"));
    both(&line("list --quiet"));
    both(&line("start a"));
    both(&line("start a"));
    both(&line("exec a sh -c id"));
    both(&line("exec a /no/such"));
    both(&line("exec a nothing"));
    both(&line("exec --env A=b --cwd /tmp --user 7:8 a sh -c pwd;id"));
    both(&line("delete a"));
    both(&line("pause a"));
    both(&line("exec a true"));
    both(&line("resume a"));
    both(&line("resume a"));
    both(&line("kill a NOSIGNAL"));
    both(&line("kill a 0"));
    both(&line("kill a KILL"));
    for lab in [&ours, &theirs] {
        lab.wait("a", "stopped");
    }
    both(&line("kill a KILL"));
    both(&line("exec a true"));
    both(&line("start a"));
    both(&line("pause a"));
    both(&line("delete a"));
    both(&bundle("run --bundle BUNDLE a/b"));
}

#[test]
fn states_lists_and_statistics_have_the_same_fields() {
    let (ours, theirs) = (Lab::new(), Lab::original());
    let shapes = [&ours, &theirs].map(|lab| {
        lab.sleeping("a");
        let read = |words: &[&str]| serde_json::from_str::<Value>(&lab.call(words).ok()).unwrap();
        let all = [&["state", "a"][..], &["list", "--format", "json"], &["events", "--stats", "a"]];
        all.map(|words| paths("", &read(words)))
    });
    for (own, original) in shapes[0].iter().zip(&shapes[1]) {
        let missing: Vec<_> = original.iter().filter(|path| !own.contains(*path)).collect();
        assert!(missing.is_empty(), "missing: {missing:?}\nours: {own:?}");
    }
}

/// The paths to all values, where each entry of a list counts as the first.
fn paths(at: &str, value: &Value) -> std::collections::BTreeSet<String> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| paths(&format!("{at}.{name}"), value)).collect()
        }
        Value::Array(values) => values.iter().flat_map(|value| paths(&format!("{at}[]"), value)).collect(),
        _ => [at.to_owned()].into(),
    }
}
