//! What shells are offered: by the protocol, and in a real bash.

mod common;

use common::{Answer, Daemon, Request};
use std::process::{Command, Stdio};

fn daemon() -> Daemon {
    Daemon::start(|request: &Request| match request.path() {
        "/containers/json" => Answer::Json(
            200,
            r#"[{"Names":["/web"],"State":"running"},{"Names":["/worker"],"State":"exited"},{"Names":["/db"],"State":"running"}]"#,
        ),
        "/images/json" => Answer::Json(200, r#"[{"RepoTags":["host:5000/app:1","host:5000/app:2"]}]"#),
        "/networks" => Answer::Json(200, r#"[{"Name":"bridge"},{"Name":"mine"}]"#),
        "/volumes" => Answer::Json(200, r#"{"Volumes":[{"Name":"data"}]}"#),
        _ => Answer::Json(404, r#"{"message":"no such thing"}"#),
    })
}

#[test]
fn offers_follow_the_place() {
    let daemon = daemon();
    for (words, expected) in [
        (&["context", "u"][..], "update\tUpdate a context\nuse\tSet the current docker context\n:4\n"),
        (
            &["ps", "--f"],
            "--filter\tFilter output based on conditions provided\n--format\tFormat output using a custom template:\n:4\n",
        ),
        (&["stop", ""], "web\ndb\n:4\n"),
        (&["stop", "web", ""], "db\n:4\n"),
        (&["start", ""], "worker\n:4\n"),
        (&["rm", "w"], "web\nworker\n:4\n"),
        (&["run", ""], "host:5000/app:1\nhost:5000/app:2\n:4\n"),
        (&["run", "--network", "m"], "mine\n:4\n"),
        (&["run", "--network=m"], "mine\n:4\n"),
        (&["run", "--pull", "a"], "always\n:4\n"),
        (&["import", ""], ":0\n"),
        (&["ps", ""], ":4\n"),
        (&["context", "use", ""], "default\n:4\n"),
        (&["nosuch", ""], ":0\n"),
    ] {
        let all: Vec<&str> = ["__complete"].into_iter().chain(words.iter().copied()).collect();
        let ran = daemon.run(&all);
        assert_eq!((ran.code, &*ran.out), (0, expected), "{words:?}");
        assert!(ran.err.starts_with("Completion ended with directive: ShellCompDirective"), "{ran:?}");
    }
    assert_eq!(daemon.run(&["__completeNoDesc", "context", "us"]).out, "use\n:4\n");
    let all = daemon.run(&["__complete", ""]).out;
    assert!(
        all.contains("run\t") && all.contains("help\t") && !all.contains("completion") && !all.contains("swarm"),
        "{all}"
    );
}

#[test]
fn a_daemon_that_does_not_answer_is_an_error_and_nothing_else() {
    let ran = common::alone(&["__complete", "rm", ""]);
    assert_eq!((ran.code, &*ran.out), (0, ":1\n"), "{ran:?}");
}

/// Runs the script's function in bash as the shell does, and gives what it offers.
fn in_bash(daemon: &Daemon, line: &str) -> String {
    let script = "eval \"$(docker completion bash)\"; COMP_LINE=$1; COMP_POINT=${#1}; COMP_TYPE=9; \
                  f=$(complete -p docker); f=${f#*-F }; ${f%% *}; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let command: Command = daemon.client(&[]);
    let program = command.get_program().to_owned();
    let folder = std::path::Path::new(&program).parent().unwrap().display().to_string();
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", script, "bash", line]).env_clear().stdin(Stdio::null());
    bash.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    bash.env("PATH", format!("{folder}:/usr/bin:/bin"));
    String::from_utf8(bash.output().unwrap().stdout).unwrap()
}

#[test]
fn bash_offers_what_the_program_says() {
    let daemon = daemon();
    for (line, expected) in [
        ("docker stop ", "web\ndb\n"),
        ("docker stop w", "web\n"),
        ("docker run --network=", "bridge\nmine\n"),
        // Behind a colon the shell replaces only what follows it.
        ("docker run host:5000/app:", "1\n2\n"),
        ("docker run host:50", "5000/app:1\n5000/app:2\n"),
        ("docker context us", "use\n"),
        // Nothing on the line is run.
        ("docker stop $(touch${IFS}/tmp/gantry-evaluated) w", "web\n"),
    ] {
        assert_eq!(in_bash(&daemon, line), expected, "{line}");
    }
    assert!(!std::path::Path::new("/tmp/gantry-evaluated").exists());
}
