//! Terminals, streams and descriptors that are handed on.

use std::io::{IoSliceMut, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::json;

use crate::lab::Lab;

/// What an engine does to get a terminal.
pub fn receive_terminal(listener: &UnixListener) -> OwnedFd {
    let (connection, _) = listener.accept().unwrap();
    let (mut name, mut space) = ([0; 64], [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))]);
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(&connection, &mut [IoSliceMut::new(&mut name)], &mut control, RecvFlags::empty()).unwrap();
    let fds = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    fds.flatten().next().expect("a terminal")
}

fn read_all(terminal: OwnedFd) -> String {
    let mut text = Vec::new();
    let _ = std::fs::File::from(terminal).read_to_end(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn a_terminal_is_sent_to_the_console_socket() {
    let lab = Lab::new();
    let path = lab.path("console");
    let listener = UnixListener::bind(&path).unwrap();
    let mut spec = lab.spec("tty; stty size; ls -l /dev/console > /dev/null && echo console");
    spec["process"]["terminal"] = json!(true);
    spec["process"]["consoleSize"] = json!({ "height": 33, "width": 101 });
    let bundle = lab.bundle("a", spec);
    let socket = path.to_str().unwrap();
    lab.call(&["create", "-b", bundle.to_str().unwrap(), "--console-socket", socket, "a"]).ok();
    let terminal = receive_terminal(&listener);
    lab.call(&["start", "a"]).ok();
    assert_eq!(read_all(terminal), "/dev/console\r\n33 101\r\nconsole\r\n".replace("/dev/console", "/dev/pts/0"));
    lab.wait("a", "stopped");
    lab.call(&["delete", "a"]).ok();
    lab.sleeping("b");
    lab.call(&["exec", "--detach", "--tty", "--console-socket", socket, "b", "sh", "-c", "tty; id -u"]).ok();
    assert_eq!(read_all(receive_terminal(&listener)), "/dev/pts/0\r\n0\r\n");
    lab.call(&["delete", "--force", "b"]).ok();
    lab.is_clean();
}

#[test]
fn terminals_without_a_place_to_go_are_refused() {
    let lab = Lab::new();
    let mut spec = lab.spec("true");
    spec["process"]["terminal"] = json!(true);
    let bundle = lab.bundle("a", spec);
    let bundle = bundle.to_str().unwrap();
    let message = lab.call(&["create", "-b", bundle, "a"]).refused();
    assert!(message.contains("cannot allocate tty if runc will detach without setting console socket"), "{message}");
    let nobody = lab.path("nobody");
    drop(UnixListener::bind(&nobody).unwrap());
    for socket in [nobody.to_str().unwrap(), "/no/such/socket"] {
        let message = lab.call(&["create", "-b", bundle, "--console-socket", socket, "a"]).refused();
        assert!(message.contains(socket), "{message}");
    }
    let plain = lab.bundle("b", lab.spec("true"));
    let message = lab.call(&["create", "-b", plain.to_str().unwrap(), "--console-socket", "/no/such", "b"]).refused();
    assert!(message.contains("cannot use console socket if runc will not detach or allocate tty"), "{message}");
    lab.is_clean();
}

#[test]
fn descriptors_are_handed_on_when_asked_for() {
    let lab = Lab::new();
    std::fs::write(lab.path("handed"), "handed\n").unwrap();
    let run = |script: &str, preserve: &str| {
        let bundle = lab.bundle("a", lab.spec(script));
        let line = format!(
            "exec 3<{} 4</dev/null; exec {} --root {} run --preserve-fds {preserve} -b {} a",
            lab.path("handed").display(),
            lab.program.display(),
            lab.path("state").display(),
            bundle.display()
        );
        lab.finish(std::process::Command::new("/bin/sh").args(["-c", &line]))
    };
    assert_eq!(run("cat <&3; readlink /proc/self/fd/4 || echo none", "1").ok(), "handed\nnone\n");
    assert_eq!(run("cat <&3 2>/dev/null || echo none", "0").ok(), "none\n");
    let message = run("true", "9").refused();
    assert!(message.contains("preserved-fd 4"), "{message}");
    lab.is_clean();
}
