//! The one binary: client, daemon, and the small program that it carries for each container.
//!
//! Its face depends on the name it is called by: `gantryd` and `dockerd` are the daemon, as `gantry daemon` is;
//! `gantry-runc` and `runc` are the OCI runtime; `gantry doctor` looks at the host; anything else is the client.

#![forbid(unsafe_code)]

mod autostart;
mod daemon;
mod doctor;
mod runtime;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// The program that exists once per container: shim, init and hello.
static STAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stage.bin"));

/// What the client borrows from the host.
const HOOKS: cli::Hooks =
    cli::Hooks { start_daemon: Some(autostart::start), own_session: Some(sys::session::of_its_own) };

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if matches!(name(&args).as_str(), "gantry-runc" | "runc") {
        return runtime::main(args);
    }
    if let Some(rest) = doctor_arguments(&args) {
        return doctor::main(&rest);
    }
    match daemon_arguments(&args) {
        Some((program, rest)) => daemon::main(&program, &rest),
        None => exit_code(cli::main(args, HOOKS)),
    }
}

/// The name that this program is called by.
fn name(args: &[OsString]) -> String {
    let file = args.first().and_then(|first| Path::new(first).file_name());
    file.map(|file| file.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The arguments of `gantry doctor`. Docker has no such command, so under its name it stays unknown.
fn doctor_arguments(args: &[OsString]) -> Option<Vec<String>> {
    let is_ours = name(args) != "docker" && args.get(1).is_some_and(|first| first == "doctor");
    is_ours.then(|| args[2..].iter().map(|arg| arg.to_string_lossy().into_owned()).collect())
}

/// The daemon's name and arguments, where that is the face asked for.
fn daemon_arguments(args: &[OsString]) -> Option<(String, Vec<String>)> {
    let text = |arg: &OsString| arg.to_string_lossy().into_owned();
    let name = name(args);
    if name == "gantryd" || name == "dockerd" {
        return Some((name, args[1..].iter().map(text).collect()));
    }
    if args.get(1).is_some_and(|first| first == "daemon") {
        return Some((format!("{name} daemon"), args[2..].iter().map(text).collect()));
    }
    None
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_face_follows_the_name() {
        let face = |args: &[&str]| {
            daemon_arguments(&args.iter().map(OsString::from).collect::<Vec<_>>()).map(|(name, _)| name)
        };
        assert_eq!(face(&["/usr/bin/dockerd", "-D"]).as_deref(), Some("dockerd"));
        assert_eq!(face(&["gantry", "daemon"]).as_deref(), Some("gantry daemon"));
        assert_eq!(face(&["docker", "run", "daemon"]), None);
        assert_eq!(face(&["gantry"]), None);
        let doctor = |args: &[&str]| doctor_arguments(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(doctor(&["gantry", "doctor", "-q"]), Some(vec!["-q".to_owned()]));
        assert_eq!((doctor(&["docker", "doctor"]), doctor(&["gantry", "run", "doctor"])), (None, None));
    }
}
