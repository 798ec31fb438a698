//! Plugins: found, listed, and run in our place. The expectations are recorded from docker 28.2.2.

mod common;

use common::{Ran, client, ran};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use tempfile::TempDir;

const HEY: &str = r#"#!/bin/sh
if [ "$1" = docker-cli-plugin-metadata ]; then
    echo '{"SchemaVersion":"0.1.0","Vendor":"Me","Version":"v1.2","ShortDescription":"Says hey","URL":"https://x"}'
    exit
fi
printf '<%s>' "$@"
echo " $DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"
exit 7
"#;

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in [("docker-hey", HEY), ("docker-bad", "#!/bin/sh\nexit 3\n")] {
        let path = home.path().join("cli-plugins").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    home
}

fn run(home: &TempDir, args: &[&str]) -> Ran {
    let mut command = client(args);
    command.env("DOCKER_CONFIG", home.path()).env("DOCKER_HOST", "unix:///no/such.sock").stdin(Stdio::null());
    ran(command.output().unwrap())
}

#[test]
fn a_plugin_gets_the_whole_command_line_and_its_code_is_ours() {
    let home = home();
    for (args, expected) in [
        (&["hey", "a", "--b"][..], "<hey><a><--b> "),
        (&["--debug", "-l", "info", "hey", ""], "<--debug><-l><info><hey><> "),
        (&["hey", "--help"], "<hey><--help> "),
        (&["help", "hey"], "<help><hey> "),
        (&["__complete", "hey", "a", ""], "<__complete><hey><a><> "),
    ] {
        let ran = run(&home, args);
        assert_eq!(ran.code, 7, "{args:?}: {ran:?}");
        assert!(ran.out.starts_with(expected) && ran.out.trim_end().ends_with("/docker"), "{ran:?}");
    }
    for args in [&["bad"][..], &["container", "hey"], &["../hey"]] {
        let ran = run(&home, args);
        assert!(ran.code == 1 && ran.err.contains("docker: unknown command: docker "), "{ran:?}");
    }
}

#[test]
fn plugins_are_listed() {
    let home = home();
    let help = run(&home, &["--help"]).out;
    assert!(help.contains("\n  context     Manage contexts\n  hey*        Says hey\n  image       "), "{help}");
    assert!(help.contains("\nInvalid Plugins:\n  bad         failed to fetch metadata: exit status 3\n\n"), "{help}");
    assert!(run(&home, &["__complete", "h"]).out.starts_with("help\tHelp about the command\nhey\tSays hey\n"));
    let folder = home.path().join("cli-plugins").display().to_string();
    let info = run(&home, &["info"]);
    assert!(
        info.err.starts_with(&format!("WARNING: Plugin \"{folder}/docker-bad\" is not valid: failed to fetch")),
        "{info:?}"
    );
    let part = format!(" Plugins:\n  hey: Says hey (Me)\n    Version:  v1.2\n    Path:     {folder}/docker-hey\n");
    assert!(info.out.contains(&part), "{info:?}");
    let json = run(&home, &["info", "-f", "{{json .ClientInfo.Plugins}}"]).out;
    let expected = format!(
        "[{{\"Name\":\"bad\",\"Path\":\"{folder}/docker-bad\",\"Err\":\"failed to fetch metadata: exit status 3\"}},\
         {{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"Me\",\"Version\":\"v1.2\",\"ShortDescription\":\"Says hey\",\
         \"URL\":\"https://x\",\"Name\":\"hey\",\"Path\":\"{folder}/docker-hey\"}}]\n"
    );
    assert_eq!(json, expected);
}

#[test]
fn builder_may_be_a_plugins_command() {
    let home = home();
    std::fs::write(home.path().join("config.json"), r#"{"aliases":{"builder":"hey"}}"#).unwrap();
    let ran = run(&home, &["-D", "builder", "prune", "-f"]);
    assert!(ran.code == 7 && ran.out.starts_with("<-D><hey><prune><-f> "), "{ran:?}");
}
