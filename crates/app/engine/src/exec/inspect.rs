//! Tells everything about an exec.

use std::sync::Arc;

use api::exec::{ExecInspect, ExecProcessConfig};
use fault::Result;

use super::Phase;
use crate::inner::Inner;

/// Tells everything about one.
pub async fn inspect(engine: &Arc<Inner>, id: &str) -> Result<ExecInspect> {
    let exec = engine.execs.find(id)?;
    let request = &exec.request;
    let (entrypoint, arguments) =
        request.cmd.split_first().map_or((String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
    let (running, exit_code, pid) = match exec.phase {
        Phase::Created | Phase::Starting => (false, None, 0),
        Phase::Running { pid } => (true, None, pid),
        Phase::Ended { exit_code, pid } => (false, Some(exit_code), pid),
    };
    Ok(ExecInspect {
        running,
        exit_code,
        process_config: ExecProcessConfig {
            tty: request.tty,
            entrypoint,
            arguments: Some(arguments.to_vec()),
            privileged: Some(request.privileged),
            user: request.user.clone(),
        },
        open_stdin: request.attach_stdin,
        open_stderr: request.attach_stderr,
        open_stdout: request.attach_stdout,
        can_remove: false,
        container_id: exec.container.clone(),
        detach_keys: request.detach_keys.clone(),
        pid,
        id: exec.id,
    })
}
