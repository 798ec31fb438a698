//! Sockets handed over as systemd does: descriptor 3, `LISTEN_PID`, `LISTEN_FDS`.

mod support;

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::time::Duration;

use support::{Answer, Fake};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::Command;
use tokio::sync::watch;

const CHILD: &str = "GANTRY_TEST_ACTIVATED";

#[tokio::test]
async fn a_handed_over_socket_is_served_and_its_file_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s.sock");
    let socket = UnixListener::bind(&path).unwrap();
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::empty()).unwrap();
    let script = format!(
        "exec 3<&{}; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" --exact --nocapture the_activated_one",
        socket.as_raw_fd()
    );
    let child = Command::new("bash")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // The connection waits in the socket until the child accepts it.
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(Answer::parse(&all).status, 200);
    // Its standard input ends with this, which tells it to stop.
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success());
    assert!(path.exists(), "the file is the service manager's");
}

/// Not a test of its own: the process that the test above starts.
#[tokio::test]
async fn the_activated_one() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let listeners = server::listen(&["fd://".into()], None, None).await.unwrap();
    assert!(server::listen(&["fd://".into()], None, None).await.is_err(), "they are handed over once");
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(server::serve(Fake::default(), listeners, stopped, Duration::from_secs(5)));
    let told = tokio::task::spawn_blocking(|| std::io::Read::read(&mut std::io::stdin(), &mut [0]));
    let _ = told.await;
    stop.send(true).unwrap();
    serving.await.unwrap().unwrap();
}
