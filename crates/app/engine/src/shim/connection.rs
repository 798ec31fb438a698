//! Connections to a shim: the protocol of `shim-proto` over unix sockets, with a deadline on everything but `Wait`.

use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fault::{Fault, Kind, Result, Step};
use rustix::fs::{Mode, OFlags};
use shim_proto::{Failure, Request, Response, file};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A shim that does not answer in this time is stuck; its container's state is then unknown, and nobody else waits.
const DEADLINE: Duration = Duration::from_secs(10);

/// Setting a container up may take longer on a loaded host.
const SETUP_DEADLINE: Duration = Duration::from_secs(120);

/// A shim, by its bundle.
#[derive(Clone, Debug)]
pub struct Shim {
    bundle: PathBuf,
}

impl Shim {
    /// Names the shim that serves in `bundle`; whether it lives shows when it is asked.
    pub fn new(bundle: PathBuf) -> Self {
        Self { bundle }
    }

    /// Asks one thing. A refusal becomes a fault.
    pub async fn ask(&self, request: &Request) -> Result<Response> {
        let (response, _) = self.open(request).await?;
        Ok(response)
    }

    /// Asks, and keeps the connection, which now is a byte stream.
    pub async fn open(&self, request: &Request) -> Result<(Response, UnixStream)> {
        within(DEADLINE, async {
            let mut stream = self.send(request).await?;
            let response = read(&mut stream).await;
            let response = response.map_err(|error| self.unreachable("hear from", error))?;
            Ok((accepted(response)?, stream))
        })
        .await
    }

    /// Waits until the process has ended, however long that takes.
    pub async fn wait(&self, exec: Option<String>) -> Result<shim_proto::ExitRecord> {
        Ok(self.watch(exec).await?.0)
    }

    /// The same, and keeps the connection: its end tells that nothing of the container is left.
    pub async fn watch(&self, exec: Option<String>) -> Result<(shim_proto::ExitRecord, Control)> {
        let request = Request::Wait { exec };
        let mut stream = within(DEADLINE, self.send(&request)).await?;
        match accepted(read(&mut stream).await.step("wait for the container's shim")?)? {
            Response::Exited { record } => Ok((record, Control { stream })),
            other => Err(unexpected(&other)),
        }
    }

    async fn send(&self, request: &Request) -> Result<UnixStream> {
        let mut stream = self.connect().await.map_err(|error| self.unreachable("connect to", error))?;
        write(&mut stream, request).await.map_err(|error| self.unreachable("ask", error))?;
        Ok(stream)
    }

    /// A shim lives as long as its container: where it is gone the container has ended, whether or not its end has been
    /// heard of yet.
    fn unreachable(&self, step: &str, error: io::Error) -> Fault {
        use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
        match error.kind() {
            NotFound | ConnectionRefused | ConnectionReset | BrokenPipe | UnexpectedEof => {
                let id = self.bundle.file_name().unwrap_or_default().to_string_lossy();
                Fault::conflict(format!("container {id} is not running"))
            }
            _ => Fault::system(format!("{step} the container's shim: {error}")),
        }
    }

    /// The socket's path can be longer than `sun_path` (unix(7)): it is reached through its folder's descriptor.
    async fn connect(&self) -> io::Result<UnixStream> {
        let folder = rustix::fs::open(&self.bundle, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let path = format!("/proc/self/fd/{}/{}", folder.as_raw_fd(), file::SOCKET);
        UnixStream::connect(Path::new(&path)).await
    }
}

/// A connection that the shim keeps until it has cleaned up: its descriptor 0, or one on which somebody waits.
#[derive(Debug)]
pub struct Control {
    stream: UnixStream,
}

impl Control {
    /// Takes over the daemon's end.
    pub fn new(stream: UnixStream) -> Self {
        Self { stream }
    }

    /// Hears that the container is set up and waits at the gate.
    pub async fn created(&mut self) -> std::result::Result<i32, StartFailure> {
        match self.hear().await? {
            Response::Created { pid } => Ok(pid),
            other => Err(unexpected(&other).into()),
        }
    }

    /// Opens the gate; gives PID 1 and when it started, in nanoseconds since 1970.
    pub async fn start(&mut self) -> std::result::Result<(i32, i64), StartFailure> {
        write(&mut self.stream, &Request::Start).await.step("ask the container's shim")?;
        let response =
            within(SETUP_DEADLINE, async { read(&mut self.stream).await.step("hear from the container's shim") })
                .await?;
        match response {
            Response::Started { pid, started_at } => Ok((pid, started_at)),
            Response::Failed { class, message } => Err(StartFailure { class, kind: None, message }),
            other => Err(unexpected(&other).into()),
        }
    }

    /// Hears how the container ended; nothing if the shim left without a word.
    pub async fn exited(&mut self) -> Option<shim_proto::ExitRecord> {
        loop {
            match read(&mut self.stream).await {
                Ok(Response::Exited { record }) => return Some(record),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Waits until the shim has hung up: it has cleaned up by then.
    pub async fn hung_up(&mut self) {
        let mut rest = [0; 64];
        while matches!(self.stream.read(&mut rest).await, Ok(1..)) {}
    }

    async fn hear(&mut self) -> std::result::Result<Response, StartFailure> {
        let response =
            within(SETUP_DEADLINE, async { read(&mut self.stream).await.step("hear from the container's shim") })
                .await?;
        match response {
            Response::Failed { class, message } => Err(StartFailure { class, kind: None, message }),
            other => Ok(other),
        }
    }
}

/// Why a container did not start.
#[derive(Debug)]
pub struct StartFailure {
    /// What kind of failure.
    pub class: Failure,
    /// Of a fault that is no answer of the shim's.
    pub kind: Option<Kind>,
    /// Step, object and cause.
    pub message: String,
}

impl From<Fault> for StartFailure {
    fn from(fault: Fault) -> Self {
        Self { class: Failure::System, kind: Some(fault.kind()), message: fault.message().to_owned() }
    }
}

impl From<StartFailure> for Fault {
    fn from(failure: StartFailure) -> Self {
        refusal(failure.class, failure.message)
    }
}

fn accepted(response: Response) -> Result<Response> {
    match response {
        Response::Failed { class, message } => Err(refusal(class, message)),
        other => Ok(other),
    }
}

fn refusal(class: Failure, message: String) -> Fault {
    match class {
        Failure::NotFound | Failure::NotExecutable | Failure::Invalid => Fault::invalid(message),
        Failure::NoSuchProcess => Fault::conflict(message),
        Failure::System => Fault::system(message),
    }
}

fn unexpected(response: &Response) -> Fault {
    Fault::system(format!("hear from the container's shim: unexpected answer {response:?}"))
}

async fn within<T, E: From<Fault>>(
    limit: Duration,
    work: impl Future<Output = std::result::Result<T, E>>,
) -> std::result::Result<T, E> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(Fault::deadline(format!("the container's shim did not answer within {} s", limit.as_secs())).into())
        }
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), request: &Request) -> io::Result<()> {
    stream.write_all(&shim_proto::encode(request)?).await
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Response> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let mut body = vec![0; shim_proto::check_length(header)?];
    stream.read_exact(&mut body).await?;
    shim_proto::decode(&body)
}

#[cfg(test)]
mod tests {
    use fault::Kind;

    use super::*;

    #[tokio::test]
    async fn a_shim_that_hangs_up_or_talks_nonsense_is_an_error() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut control = Control::new(ours);
        theirs.write_all(&shim_proto::encode(&Response::Created { pid: 7 }).unwrap()).await.unwrap();
        assert_eq!(control.created().await.unwrap(), 7);
        theirs.write_all(&shim_proto::encode(&Response::Ok).unwrap()).await.unwrap();
        assert!(control.created().await.is_err());
        theirs.write_all(&[9, 0, 0, 0]).await.unwrap();
        drop(theirs);
        assert!(control.start().await.is_err());
        assert!(control.exited().await.is_none());
    }

    #[tokio::test]
    async fn where_the_shim_is_gone_the_container_does_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("c0ffee");
        let shim = Shim::new(bundle.clone());
        let said = || async { shim.ask(&Request::State).await.unwrap_err() };
        let expect = |fault: Fault, when: &str| {
            assert_eq!((fault.kind(), fault.message()), (Kind::Conflict, "container c0ffee is not running"), "{when}");
        };
        expect(said().await, "no bundle");
        std::fs::create_dir(&bundle).unwrap();
        expect(said().await, "no socket");
        let socket = bundle.join(file::SOCKET);
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let (fault, _) = tokio::join!(said(), async { drop(listener.accept().await) });
        expect(fault, "it hangs up");
        drop(listener);
        expect(said().await, "nobody listens");
        std::fs::remove_file(&socket).unwrap();
        std::os::unix::fs::symlink(file::SOCKET, &socket).unwrap();
        let fault = said().await;
        assert_eq!(fault.kind(), Kind::System, "{fault}");
        assert!(fault.message().starts_with("connect to the container's shim: "), "{fault}");
    }
}
