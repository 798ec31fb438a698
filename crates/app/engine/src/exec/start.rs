//! Runs a prepared exec.

use std::fs;
use std::pin::Pin;
use std::sync::Arc;

use api::exec::ExecCreateRequest;
use container::lifecycle::{self, Verb};
use container::record::Record;
use container::spec;
use fault::{Fault, Result, Step};
use oci::runtime::{Process, Spec};
use shim_proto::{Request, Response, Streams, file};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::ended::Ended;
use super::{Exec, Phase, shape};
use crate::container::{View, account, blocking};
use crate::inner::Inner;
use crate::reply::Attached;
use crate::request::ExecStart;
use crate::shim::Shim;

/// Exit code of an exec whose end nobody saw.
const UNKNOWN_END: i32 = 255;

/// Runs it; replies its streams unless it is detached. What stops it after it was claimed is told on these streams, as
/// the original does: its clients read there, and take the exit code from the inspection.
pub async fn start(engine: &Arc<Inner>, request: ExecStart) -> Result<Option<Attached>> {
    let exec = engine.execs.find(&request.id)?;
    let view = engine.containers.find(&exec.container)?.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Exec)?;
    engine.execs.claim(&exec.id)?;
    let streams = if request.detach { Streams::default() } else { streams(&exec.request) };
    match run(engine, &exec, record, streams, request.console_size).await {
        Ok((stream, end)) => Ok((!request.detach).then(|| attached(engine, exec, view, stream, end, request.tty))),
        Err(fault) => {
            engine.execs.set(&exec.id, Phase::Ended { exit_code: failed_code(&fault), pid: 0 });
            if request.detach { Err(fault) } else { Ok(Some(told(&exec, &fault, request.tty))) }
        }
    }
}

fn streams(request: &ExecCreateRequest) -> Streams {
    Streams { stdin: request.attach_stdin, stdout: request.attach_stdout, stderr: request.attach_stderr }
}

async fn run(
    engine: &Arc<Inner>,
    exec: &Exec,
    record: &Record,
    streams: Streams,
    size: Option<(u16, u16)>,
) -> Result<(UnixStream, Ended)> {
    let bundle = engine.bundle(&record.id);
    let shim = Shim::new(bundle.clone());
    let process = {
        let (record, request) = (record.clone(), Arc::clone(&exec.request));
        blocking(move || process(&bundle, &record, &request, size)).await?
    };
    let request = Request::Exec { exec: exec.id.clone(), process: Box::new(process), streams };
    let (response, stream) = shim.open(&request).await.map_err(refused)?;
    let Response::Started { pid, .. } = response else {
        return Err(Fault::system(format!("start the exec: unexpected answer {response:?}")));
    };
    engine.execs.set(&exec.id, Phase::Running { pid });
    emit(engine, exec, record, &format!("exec_start: {}", super::words(&exec.request.cmd)), None);
    let (ends, ended) = oneshot::channel();
    tokio::spawn(watch(Arc::clone(engine), exec.clone(), shim, ends));
    Ok((stream, Ended::new(ended)))
}

fn refused(fault: Fault) -> Fault {
    if fault.kind() != fault::Kind::InvalidParameter {
        return fault;
    }
    let why = fault.message();
    Fault::invalid(format!("OCI runtime exec failed: exec failed: unable to start container process: {why}: unknown"))
}

/// The exit code of an exec that did not start, as a shell's.
fn failed_code(fault: &Fault) -> i32 {
    let text = fault.message();
    if text.contains("executable file not found") || text.contains("no such file or directory") { 127 } else { 126 }
}

/// Streams on which there is nothing but the reason why it does not run.
fn told(exec: &Exec, fault: &Fault, terminal: bool) -> Attached {
    let text = std::io::Cursor::new(format!("{}\r\n", fault.message()));
    Attached {
        terminal,
        reader: if terminal { Box::pin(text) } else { Box::pin(shape::framed(text)) },
        writer: Box::pin(tokio::io::sink()),
        detach_keys: exec.request.detach_keys.clone(),
        detached: Box::new(|| ()),
    }
}

fn process(
    bundle: &std::path::Path,
    record: &Record,
    request: &ExecCreateRequest,
    size: Option<(u16, u16)>,
) -> Result<Process> {
    let config = bundle.join(file::CONFIG);
    let bytes = fs::read(&config).step(format_args!("read {}", config.display()))?;
    let spec: Spec = serde_json::from_slice(&bytes).step(format_args!("read {}", config.display()))?;
    let own = spec.process.unwrap_or_default();
    let user = if request.user.is_empty() { &record.config.user } else { &request.user };
    let extra = record.host_config.group_add.as_deref().unwrap_or_default();
    let user = account::find_user(record.state.pid, user, extra)?;
    let mut request = request.clone();
    if let Some((rows, columns)) = size {
        request.console_size = Some([rows.into(), columns.into()]);
    }
    spec::exec_process(&own, &record.host_config, &request, &user)
}

/// Hears how it ends, whoever is attached.
async fn watch(engine: Arc<Inner>, exec: Exec, shim: Shim, ends: oneshot::Sender<()>) {
    let exit_code = shim.wait(Some(exec.id.clone())).await.map_or(UNKNOWN_END, |record| record.exit_code);
    let pid = match engine.execs.find(&exec.id).map(|exec| exec.phase) {
        Ok(Phase::Running { pid }) => pid,
        _ => 0,
    };
    engine.execs.set(&exec.id, Phase::Ended { exit_code, pid });
    let _ = ends.send(());
    if let Ok(handle) = engine.containers.find(&exec.container) {
        emit(&engine, &exec, &handle.view().stored.record, "exec_die", Some(exit_code));
    }
}

fn emit(engine: &Inner, exec: &Exec, record: &Record, action: &str, exit_code: Option<i32>) {
    let mut attributes = record.config.labels.clone().unwrap_or_default();
    attributes.insert("image".into(), record.config.image.clone());
    attributes.insert("name".into(), record.name.clone());
    attributes.insert("execID".into(), exec.id.clone());
    attributes.extend(exit_code.map(|code| ("exitCode".to_owned(), code.to_string())));
    engine.events.emit("container", action, record.id.as_str(), attributes);
}

/// Its streams as the start wants them, which need not have the form that the creation gave them.
fn attached(
    engine: &Arc<Inner>,
    exec: Exec,
    view: Arc<View>,
    stream: UnixStream,
    end: Ended,
    terminal: bool,
) -> Attached {
    let (reader, writer) = stream.into_split();
    let reader = reader.chain(end);
    let reader: Pin<Box<dyn AsyncRead + Send>> = match (exec.request.tty, terminal) {
        (true, false) => Box::pin(shape::framed(reader)),
        (false, true) => Box::pin(shape::unframed(reader)),
        _ => Box::pin(reader),
    };
    let engine = Arc::clone(engine);
    let detach_keys = exec.request.detach_keys.clone();
    let detached = move || emit(&engine, &exec, &view.stored.record, "exec_detach", None);
    Attached { terminal, reader, writer: Box::pin(writer), detach_keys, detached: Box::new(detached) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exec_that_cannot_start_has_a_shells_exit_code() {
        let code = |text: &str| failed_code(&Fault::invalid(text));
        assert_eq!(code("exec: \"x\": executable file not found in $PATH"), 127);
        assert_eq!(code("exec: \"/etc\": is a directory"), 126);
        assert_eq!(code("unable to find user x: no matching entries in passwd file"), 126);
    }
}
