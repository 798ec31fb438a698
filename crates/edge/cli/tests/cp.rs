//! `cp` against a daemon that answers from a script.

mod common;

use common::pty::OnTerminal;
use common::{Answer, Daemon, Request, ran};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

const DIRECTORY: &str = r#"{"name":"d","mode":2147484141,"linkTarget":""}"#;
const FILE: &str = r#"{"name":"f","mode":420,"linkTarget":""}"#;
const LINK: &str = r#"{"name":"l","mode":134218239,"linkTarget":"/d"}"#;
const NOTHING: Answer = Answer::Json(404, r#"{"message":"no such thing"}"#);

/// An archive of one directory with one file.
fn archive(names: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for name in names {
        let mut header = tar::Header::new_gnu();
        let kind = if name.ends_with('/') { tar::EntryType::Directory } else { tar::EntryType::Regular };
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(if name.ends_with('/') { 0 } else { 4 });
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, if name.ends_with('/') { &b""[..] } else { b"text" }).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A daemon with a directory `/d`, in which is a file, and a link `/l` to it.
fn daemon() -> Daemon {
    Daemon::start(|request: &Request| {
        let path = request.target.split_once("path=").map_or("", |(_, path)| path);
        match (request.method.as_str(), path) {
            ("PUT", _) => Answer::Json(200, ""),
            (_, "%2Fd") => Answer::Archive(DIRECTORY, archive(&["d/", "d/f"])),
            (_, "%2Fl") => Answer::Archive(LINK, archive(&[])),
            (_, "%2Fd%2Ff") => Answer::Archive(FILE, archive(&["f"])),
            (_, "%2Fevil") => Answer::Archive(DIRECTORY, archive(&["evil/", "../pwned"])),
            (_, "%2Fbeside") => Answer::Archive(FILE, archive(&["authorized_keys"])),
            _ => NOTHING,
        }
    })
}

/// A client that works in a directory of its own.
fn client(daemon: &Daemon, folder: &tempfile::TempDir, args: &[&str]) -> Command {
    let mut command = daemon.client(args);
    command.current_dir(folder.path()).stdin(Stdio::null());
    command
}

fn run(daemon: &Daemon, folder: &tempfile::TempDir, args: &[&str]) -> common::Ran {
    ran(client(daemon, folder, args).output().unwrap())
}

/// The names in the archive that was sent last.
fn sent(daemon: &Daemon) -> (String, Vec<String>) {
    let request = daemon.requests().pop().unwrap();
    let mut archive = tar::Archive::new(&*request.body);
    let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    (request.target, names)
}

#[test]
fn a_directory_comes_out_under_the_name_that_is_asked_for() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    for (args, file) in [
        (&["cp", "c:/d", "."][..], "d/f"),
        (&["cp", "c:/d", "new"], "new/f"),
        (&["cp", "-L", "c:/l", "."], "l/f"),
        (&["container", "cp", "c:/d/f", "g"], "g"),
    ] {
        let ran = run(&daemon, &folder, args);
        assert_eq!((ran.code, &*ran.out, &*ran.err), (0, "", ""), "{args:?}");
        assert_eq!(std::fs::read_to_string(folder.path().join(file)).unwrap(), "text", "{args:?}");
    }
}

#[test]
fn an_archive_goes_to_standard_output_as_it_is() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    let output = client(&daemon, &folder, &["cp", "c:/d", "-"]).output().unwrap();
    assert_eq!(output.stdout, archive(&["d/", "d/f"]));
}

#[test]
fn nothing_but_what_was_asked_for_is_written() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let ran = run(&daemon, &folder, &["cp", "c:/evil", "in"]);
    assert!(ran.code == 1 && ran.err.contains("\"../pwned\" is outside of"), "{ran:?}");
    let ran = run(&daemon, &folder, &["cp", "c:/beside", "in"]);
    assert!(ran.code == 1 && ran.err.contains("is not what was asked for"), "{ran:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["in"]);
    assert!(!folder.path().join("in/authorized_keys").exists());
}

#[test]
fn a_local_path_is_sent_with_its_new_name() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("dir")).unwrap();
    std::fs::write(folder.path().join("dir/g"), "x").unwrap();
    symlink("dir", folder.path().join("ld")).unwrap();
    let put = |path: &str| format!("PUT /containers/c/archive?noOverwriteDirNonDir=true&path={path}").split_off(4);
    for (args, path, names) in [
        (&["cp", "dir", "c:/d"][..], put("%2Fd"), &["dir", "dir/g"][..]),
        (&["cp", "dir", "c:/l"], put("%2Fd"), &["dir", "dir/g"]),
        (&["cp", "dir", "c:/new"], put("%2F"), &["new", "new/g"]),
        (&["cp", "dir/g", "c:/d/f"], put("%2Fd"), &["f"]),
        (&["cp", "ld", "c:/d"], put("%2Fd"), &["ld"]),
        (&["cp", "ld/", "c:/d"], put("%2Fd"), &["ld", "ld/g"]),
        (&["cp", "-L", "ld", "c:/d"], put("%2Fd"), &["ld", "ld/g"]),
    ] {
        let ran = run(&daemon, &folder, args);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{args:?}");
        assert_eq!(sent(&daemon), (path, names.iter().map(|name| name.to_string()).collect()), "{args:?}");
    }
    run(&daemon, &folder, &["cp", "-a", "dir/g", "c:/d"]);
    assert!(sent(&daemon).0.contains("?copyUIDGID=true&noOverwriteDirNonDir=true&"));
}

#[test]
fn an_archive_from_standard_input_needs_a_directory() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    let mut child = client(&daemon, &folder, &["cp", "-", "c:/d"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&archive(&["x"])).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(sent(&daemon).1, ["x"]);
    for (place, why) in [("c:/d/f", "\"c:/d/f\""), ("c:/nope", "\"c:/nope\"")] {
        let ran = run(&daemon, &folder, &["cp", "-", place]);
        assert_eq!((ran.code, ran.err), (1, format!("destination {why} must be a directory\n")));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_fails() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    std::fs::create_dir(folder.path().join("dir")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("dir/s")).unwrap();
    let ran = run(&daemon, &folder, &["cp", "dir", "c:/d"]);
    assert!(ran.code == 1 && ran.err.contains("sockets cannot be copied"), "{ran:?}");
}

#[test]
fn the_end_is_told_on_a_terminal() {
    let (daemon, folder) = (daemon(), tempfile::tempdir().unwrap());
    let (_, seen) = OnTerminal::spawn(client(&daemon, &folder, &["cp", "c:/d/f", "x"])).finish();
    let path = std::fs::canonicalize(folder.path()).unwrap();
    assert_eq!(seen, format!("Successfully copied 2.05kB to {}/x\r\n", path.display()));
    let (_, seen) = OnTerminal::spawn(client(&daemon, &folder, &["cp", "-q", "c:/d/f", "x"])).finish();
    assert_eq!(seen, "");
    let mut text = String::new();
    std::fs::File::open(folder.path().join("x")).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
}
