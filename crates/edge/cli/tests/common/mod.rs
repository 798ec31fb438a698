//! A daemon that answers from a script, and the client run against it.

#![allow(dead_code, reason = "each test program uses a part")]

pub mod pty;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query, without the version.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// What the daemon does with a request.
pub enum Answer {
    /// A whole answer of JSON.
    Json(u16, &'static str),
    /// The connection is taken over by this.
    Hijack(fn(UnixStream)),
    /// The head now, the body when this allows it.
    Later(&'static str, Arc<Gate>),
    /// An archive, or with `HEAD` what it is of: JSON for a header.
    Archive(&'static str, Vec<u8>),
    /// The connection is closed without an answer.
    Close,
}

/// Something to wait for.
#[derive(Default)]
pub struct Gate(Mutex<bool>, std::sync::Condvar);

impl Gate {
    pub fn open(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_all();
    }

    pub fn wait(&self) {
        let _open = self.1.wait_while(self.0.lock().unwrap(), |open| !*open).unwrap();
    }
}

type Script = dyn Fn(&Request) -> Answer + Send + Sync;

/// The daemon.
pub struct Daemon {
    folder: tempfile::TempDir,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Daemon {
    /// Starts a daemon of API 1.50; `script` answers everything but pings.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Daemon {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let log: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (shared, script): (_, Arc<Script>) = (log.clone(), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script) = (shared.clone(), script.clone());
                std::thread::spawn(move || serve(stream, &log, &*script));
            }
        });
        Daemon { folder, log }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// The directory of the client's configuration.
    pub fn config(&self) -> &Path {
        self.folder.path()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }

    /// Method and target of all requests.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// The client, to be run against this daemon.
    pub fn client(&self, args: &[&str]) -> Command {
        let mut command = client(args);
        command.env("DOCKER_HOST", format!("unix://{}", self.socket().display())).env("DOCKER_CONFIG", self.config());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.client(args).stdin(Stdio::null()).output().unwrap())
    }
}

/// The client with an environment of its own.
pub fn client(args: &[&str]) -> Command {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().with_file_name("examples").join("docker");
    assert!(program.exists(), "the client is missing: cargo build -p cli --examples");
    let mut command = Command::new(program);
    command.args(args).env_clear().env("HOME", "/nonexistent").env("PATH", "/usr/bin:/bin").env("TZ", "UTC");
    command
}

/// How a client ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the client without a daemon.
pub fn alone(args: &[&str]) -> Ran {
    ran(client(args).env("DOCKER_HOST", "unix:///nonexistent.sock").stdin(Stdio::null()).output().unwrap())
}

fn serve(stream: UnixStream, log: &Mutex<Vec<Request>>, script: &Script) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        if request.path() == "/_ping" {
            send(&stream, 200, "", request.method == "HEAD");
            continue;
        }
        log.lock().unwrap().push(request.clone());
        match script(&request) {
            Answer::Json(status, body) => send(&stream, status, body, request.method == "HEAD"),
            Answer::Later(body, gate) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _ = (&stream).write_all(head.as_bytes());
                gate.wait();
                let _ = (&stream).write_all(body.as_bytes());
            }
            Answer::Hijack(work) => {
                let head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
                let _ = (&stream).write_all(head.as_bytes());
                return work(stream);
            }
            Answer::Archive(stat, bytes) => {
                let stat = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, stat);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: {stat}\r\nContent-Length: {}\r\n\r\n",
                    bytes.len()
                );
                let _ = (&stream).write_all(head.as_bytes());
                if request.method != "HEAD" {
                    let _ = (&stream).write_all(&bytes);
                }
            }
            Answer::Close => return,
        }
    }
}

fn send(mut stream: &UnixStream, status: u16, body: &str, head_only: bool) {
    let head = format!(
        "HTTP/1.1 {status} X\r\nApi-Version: 1.50\r\nOstype: linux\r\nDocker-Experimental: false\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    if !head_only {
        let _ = stream.write_all(body.as_bytes());
    }
}

fn read_request(reader: &mut BufReader<UnixStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_string(), words.next()?.to_string());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_string(), value.to_string())),
            None => break,
        }
    }
    let target = match target.strip_prefix("/v1.") {
        Some(rest) => rest[rest.find('/').unwrap_or(0)..].to_string(),
        None => target,
    };
    let mut request = Request { method, target, headers, body: Vec::new() };
    if request.header("transfer-encoding").is_some() {
        request.body = read_chunks(reader)?;
    } else {
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
    }
    Some(request)
}

fn read_chunks(reader: &mut BufReader<UnixStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}

/// A frame of a multiplexed stream.
pub fn frame(stream: u8, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![stream, 0, 0, 0];
    frame.extend_from_slice(&(data.len() as u32).to_be_bytes());
    frame.extend_from_slice(data);
    frame
}
