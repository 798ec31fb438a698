//! An agent decides the calls that a profile leaves to it.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde_json::{Value, json};

use crate::lab::Lab;

/// Takes this many descriptors and what comes with them. It closes them, whereupon the calls fail: seccomp_unotify(2).
fn agent(listener: UnixListener, count: usize) -> JoinHandle<Vec<Value>> {
    let take = move || {
        let (connection, _) = listener.accept().unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let (mut text, mut control) = ([0; 4096], RecvAncillaryBuffer::new(&mut space));
        let mut parts = [IoSliceMut::new(&mut text)];
        let received = recvmsg(&connection, &mut parts, &mut control, RecvFlags::empty()).unwrap();
        let fd = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        assert!(fd.is_some(), "no descriptor");
        serde_json::from_slice(&text[..received.bytes]).unwrap()
    };
    std::thread::spawn(move || (0..count).map(|_| take()).collect())
}

#[test]
fn it_gets_the_descriptor_of_programs_and_of_those_that_enter() {
    let lab = Lab::new();
    let socket = lab.path("agent");
    let agent = agent(UnixListener::bind(&socket).unwrap(), 3);
    let with_listener = |script: &str, listener: Value| {
        let mut spec = lab.spec(script);
        spec["annotations"] = json!({ "a": "b" });
        spec["linux"]["seccomp"] = json!({
            "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": listener, "listenerMetadata": "meta",
            "syscalls": [{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }],
        });
        spec
    };
    // In the foreground, by create and start, and by exec.
    let done = lab.run("a", with_listener("busybox mkdir /tmp/x 2>&1", json!(socket)));
    assert_eq!(done.out, "mkdir: can't create directory '/tmp/x': Function not implemented\n");
    let bundle = lab.bundle("b", with_listener("sleep 100", json!(socket)));
    lab.call(&["create", "--bundle", bundle.to_str().unwrap(), "b"]).ok();
    lab.call(&["start", "b"]).ok();
    let done = lab.call(&["exec", "b", "busybox", "mkdir", "/tmp/x"]);
    assert!(done.err.contains("Function not implemented"), "{done:?}");
    let state: Value = serde_json::from_str(&lab.call(&["state", "b"]).ok()).unwrap();
    lab.call(&["delete", "--force", "b"]).ok();

    let told = agent.join().unwrap();
    for told in &told {
        assert_eq!((&told["fds"], &told["metadata"]), (&json!(["seccompFd"]), &json!("meta")), "{told}");
        assert_eq!(told["state"]["annotations"], json!({ "a": "b" }));
    }
    let [first, second, third] = told.try_into().unwrap();
    assert_eq!((&first["state"]["id"], &first["state"]["status"]), (&json!("a"), &json!("created")));
    assert_eq!((&second["pid"], &second["state"]["pid"]), (&state["pid"], &state["pid"]));
    assert_eq!((&third["state"]["pid"], &third["state"]["status"]), (&state["pid"], &json!("running")));
    assert_ne!(third["pid"], state["pid"]);

    let message = lab.run("c", with_listener("true", json!("/no/such/agent"))).refused();
    assert!(message.contains("/no/such/agent"), "{message}");
    assert!(lab.run("d", with_listener("true", Value::Null)).refused().contains("listenerPath"));
    lab.is_clean();
}
