//! The listener, and the bending of answers on their way out.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use names::Digest;

use super::auth::{self, Auth, Tokens};
use super::contents::{Contents, Image};
use super::http::{Request, Response};
use super::respond::respond;
use super::rule::{Act, Rule};

/// How often an idle thread looks whether it should end.
const POLL: Duration = Duration::from_millis(20);

/// A running registry; it stops when it is dropped.
pub struct Registry {
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    stop: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    contents: Contents,
    auth: Auth,
    tokens: Tokens,
    rules: Vec<Rule>,
    requests: Vec<Request>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Registry {
    /// Starts a registry on a free port of 127.0.0.1.
    pub fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts a registry on this address; port 0 takes a free one.
    pub fn start_on(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            stop: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self { shared, acceptor: Some(acceptor) })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The domain of its references, `127.0.0.1:40123`.
    pub fn host(&self) -> String {
        self.shared.address.to_string()
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Adds a blob to all repositories.
    pub fn add_blob(&self, bytes: impl Into<Vec<u8>>) -> Digest {
        self.shared.state().contents.add_blob(bytes.into())
    }

    /// Adds a manifest under its digest, and under a tag.
    pub fn add_manifest(&self, repository: &str, tag: Option<&str>, media_type: &str, bytes: &[u8]) -> Digest {
        self.shared.state().contents.add_manifest(repository, tag, media_type, bytes)
    }

    /// Adds a schema 2 image for the host's platform with these plain layers.
    pub fn add_image(&self, repository: &str, tag: &str, layers: &[Vec<u8>]) -> Image {
        self.shared.state().contents.add_image(repository, tag, layers)
    }

    /// Demands this of clients from now on.
    pub fn demand(&self, auth: Auth) {
        self.shared.state().auth = auth;
    }

    /// Makes all tokens that were given out invalid.
    pub fn expire_tokens(&self) {
        self.shared.state().tokens.forget_all();
    }

    /// Bends answers from now on.
    pub fn add_rule(&self, rule: Rule) {
        self.shared.state().rules.push(rule);
    }

    /// Tells the truth again.
    pub fn clear_rules(&self) {
        self.shared.state().rules.clear();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the acceptor; if nobody can connect any more it has ended already.
        let _ = TcpStream::connect(self.shared.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// Takes connections until the end, then waits for their threads.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming() {
        if shared.stops() {
            break;
        }
        let Ok(stream) = stream else { continue };
        threads.retain(|thread| !thread.is_finished());
        let shared = Arc::clone(shared);
        threads.push(thread::spawn(move || {
            // A client that goes away in the middle is what the tests are about.
            let _ = serve(stream, &shared);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while wait_for_data(&mut reader, shared)? {
        reader.get_ref().set_read_timeout(Some(Duration::from_secs(10)))?;
        let request = match Request::read(&mut reader) {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(_) => {
                // A TLS handshake, perhaps: real servers answer it like this.
                writer.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")?;
                break;
            }
        };
        let (response, acts) = answer(shared, &request);
        if !send(&mut writer, shared, request.method == "HEAD", response, &acts)? {
            break;
        }
    }
    writer.shutdown(Shutdown::Both)
}

/// Waits for the first byte of a request; false at the end of the connection or of the registry.
fn wait_for_data(reader: &mut BufReader<TcpStream>, shared: &Shared) -> io::Result<bool> {
    reader.get_ref().set_read_timeout(Some(POLL))?;
    loop {
        match reader.fill_buf() {
            Ok(bytes) => return Ok(!bytes.is_empty()),
            Err(error) if !is_timeout(&error) => return Err(error),
            Err(_) if shared.stops() => return Ok(false),
            Err(_) => {}
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

/// The truthful answer and what is to be done to it.
fn answer(shared: &Shared, request: &Request) -> (Response, Vec<Act>) {
    let state = &mut *shared.state();
    state.requests.push(request.clone());
    let taking = state.rules.iter_mut().filter_map(|rule| rule.takes(request).then_some(&rule.acts));
    let acts: Vec<Act> = taking.flatten().cloned().collect();
    let own_url = format!("http://{}", shared.address);
    if request.path == "/token" {
        return (auth::token(&state.auth, &mut state.tokens, request), acts);
    }
    if let Some(refusal) = auth::refuse(&state.auth, &mut state.tokens, request, &own_url) {
        return (refusal, acts);
    }
    let mut request = request.clone();
    if acts.iter().any(|act| matches!(act, Act::IgnoreRange)) {
        request.headers.retain(|(name, _)| name != "range");
    }
    let bent = acts.iter().fold(respond(&state.contents, &request), |response, act| bend(response, act, &request.path));
    (bent, acts)
}

/// Applies what changes the answer itself; the rest is done while it is sent.
fn bend(mut response: Response, act: &Act, path: &str) -> Response {
    match act {
        Act::Answer(status, headers, body) => {
            response = Response { status: *status, headers: headers.clone(), body: body.clone() };
        }
        Act::Error(status, code, message) => response = Response::error(*status, code, message),
        Act::Redirect(url) => {
            response = Response::new(307, "text/plain", "moved").with("Location", url.replace("{path}", path));
        }
        Act::Header(name, value) => response.set(name, value),
        Act::NoHeader(name) => response.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name)),
        Act::Body(body) => response.body.clone_from(body),
        Act::Append(bytes) => response.body.extend_from_slice(bytes),
        Act::Shorten(length) => response.body.truncate(*length),
        _ => {}
    }
    response
}

/// Sends the answer; says whether the connection can be used again.
fn send(stream: &mut TcpStream, shared: &Shared, is_head: bool, response: Response, acts: &[Act]) -> io::Result<bool> {
    let mut length = Some(response.body.len() as u64);
    let mut drip = None;
    for act in acts {
        match act {
            Act::HangUp => return Ok(false),
            Act::Zeros(count) => return send_zeros(stream, &response, *count),
            Act::ClaimLength(claimed) => length = Some(*claimed),
            Act::Drip(piece, pause) => drip = Some((*piece, *pause)),
            _ => {}
        }
    }
    response.write_head(stream, length)?;
    if is_head {
        return Ok(true);
    }
    for act in acts {
        match act {
            Act::CutAfter(count) => {
                stream.write_all(&response.body[..response.body.len().min(*count)])?;
                return Ok(false);
            }
            Act::StallAfter(count) => {
                stream.write_all(&response.body[..response.body.len().min(*count)])?;
                return stall(shared);
            }
            _ => {}
        }
    }
    match drip {
        Some((piece, pause)) => send_drops(stream, shared, &response.body, piece, pause)?,
        None => stream.write_all(&response.body)?,
    }
    Ok(length == Some(response.body.len() as u64))
}

fn stall(shared: &Shared) -> io::Result<bool> {
    while !shared.stops() {
        thread::sleep(POLL);
    }
    Ok(false)
}

fn send_drops(stream: &mut TcpStream, shared: &Shared, body: &[u8], piece: usize, pause: Duration) -> io::Result<()> {
    for drop in body.chunks(piece.max(1)) {
        thread::sleep(pause);
        if shared.stops() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        stream.write_all(drop)?;
    }
    Ok(())
}

fn send_zeros(stream: &mut TcpStream, response: &Response, count: u64) -> io::Result<bool> {
    const PIECE: usize = 64 << 10;
    response.write_head(stream, None)?;
    let zeros = vec![0; PIECE];
    let mut left = count;
    while left > 0 {
        let piece = left.min(PIECE as u64) as usize;
        write!(stream, "{piece:x}\r\n")?;
        stream.write_all(&zeros[..piece])?;
        stream.write_all(b"\r\n")?;
        left -= piece as u64;
    }
    stream.write_all(b"0\r\n\r\n")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::Target;
    use super::*;

    fn get(registry: &Registry, path: &str, header: &str) -> String {
        let mut stream = TcpStream::connect(registry.address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{header}\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn serves_images_and_notes_requests() {
        let registry = Registry::start().unwrap();
        let image = registry.add_image("a/b", "v1", &[b"layer".to_vec()]);
        assert!(get(&registry, "/v2/a/b/manifests/v1", "").contains(image.config.as_str()));
        assert!(get(&registry, "/v2/a/b/manifests/v2", "").contains("MANIFEST_UNKNOWN"));
        let blob = format!("/v2/a/b/blobs/{}", image.layers[0]);
        assert!(get(&registry, &blob, "").ends_with("\r\n\r\nlayer"));
        assert!(get(&registry, &blob, "Range: bytes=2-\r\n").ends_with("\r\n\r\nyer"));
        assert!(get(&registry, "/v2/a/b/tags/list", "").ends_with(r#""tags":["v1"]}"#));
        assert_eq!(registry.requests()[3].header("range"), Some("bytes=2-"));
    }

    #[test]
    fn lies_as_often_as_it_is_told() {
        let registry = Registry::start().unwrap();
        let digest = registry.add_blob("0123456789");
        let blob = format!("/v2/x/blobs/{digest}");
        registry.add_rule(Rule::on(Target::Blob).times(1).act(Act::CutAfter(4)));
        assert!(get(&registry, &blob, "").ends_with("\r\n\r\n0123"));
        assert!(get(&registry, &blob, "").ends_with("\r\n\r\n0123456789"));
    }

    #[test]
    fn demands_tokens() {
        let registry = Registry::start().unwrap();
        registry.demand(Auth::anonymous_bearer());
        assert!(get(&registry, "/v2/", "").contains("WWW-Authenticate: Bearer realm="));
        assert!(get(&registry, "/token", "").contains("token-1"));
        assert!(get(&registry, "/v2/", "Authorization: Bearer token-1\r\n").starts_with("HTTP/1.1 200"));
        registry.expire_tokens();
        assert!(get(&registry, "/v2/", "Authorization: Bearer token-1\r\n").starts_with("HTTP/1.1 401"));
    }
}
