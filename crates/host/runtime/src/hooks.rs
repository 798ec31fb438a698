//! Hooks: programs that the specification wants run at certain moments of a container's life.
//!
//! runtime-spec, "POSIX-platform Hooks": each gets the container's state as JSON on its standard input, and the
//! environment that it names and no other.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use oci::runtime::{Hook, Hooks, Spec};
use oci::state::{State, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::{Error, ErrorKind};

/// Bytes of a hook's output that a message repeats.
const MOST_OUTPUT: u64 = 4096;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When all is mounted, before the root is changed; in the runtime's namespaces. Deprecated.
    Prestart,
    /// The same moment, after those of the older name.
    CreateRuntime,
    /// Then, in the container's namespaces.
    CreateContainer,
    /// Before the program is executed, in the container.
    StartContainer,
    /// When the program runs; in the runtime's namespaces.
    Poststart,
    /// When the container is deleted; in the runtime's namespaces.
    Poststop,
}

impl Moment {
    /// The specification's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Prestart => "prestart",
            Moment::CreateRuntime => "createRuntime",
            Moment::CreateContainer => "createContainer",
            Moment::StartContainer => "startContainer",
            Moment::Poststart => "poststart",
            Moment::Poststop => "poststop",
        }
    }

    /// The hooks for it.
    fn of(self, hooks: &Hooks) -> &[Hook] {
        match self {
            Moment::Prestart => &hooks.prestart,
            Moment::CreateRuntime => &hooks.create_runtime,
            Moment::CreateContainer => &hooks.create_container,
            Moment::StartContainer => &hooks.start_container,
            Moment::Poststart => &hooks.poststart,
            Moment::Poststop => &hooks.poststop,
        }
    }
}

/// Whether there are hooks for a moment.
pub(crate) fn any(spec: &Spec, moments: &[Moment]) -> bool {
    spec.hooks.as_ref().is_some_and(|hooks| moments.iter().any(|moment| !moment.of(hooks).is_empty()))
}

/// Refuses hooks that could never run.
pub(crate) fn check(spec: &Spec) -> Result<(), Error> {
    let moments = [
        Moment::Prestart,
        Moment::CreateRuntime,
        Moment::CreateContainer,
        Moment::StartContainer,
        Moment::Poststart,
        Moment::Poststop,
    ];
    for (moment, hook) in
        spec.hooks.iter().flat_map(|hooks| moments.iter().flat_map(|m| m.of(hooks).iter().map(move |hook| (m, hook))))
    {
        let refuse =
            |why: &str| Err(Error::invalid(format!("{} hook `{}`: {why}", moment.name(), hook.path.display())));
        if !hook.path.is_absolute() {
            return refuse("the path is not absolute");
        }
        if hook.timeout.is_some_and(|seconds| seconds <= 0) {
            return refuse("the timeout is not above zero");
        }
    }
    Ok(())
}

/// The state that hooks are told of a container.
pub(crate) fn state(id: &str, spec: &Spec, bundle: &std::path::Path, status: Status, pid: i32) -> State {
    State {
        oci_version: oci::state::VERSION.to_owned(),
        id: id.to_owned(),
        status,
        pid: Some(pid),
        bundle: bundle.to_owned(),
        annotations: spec.annotations.clone(),
    }
}

/// Runs the hooks of a moment, one after another, till the first that fails.
///
/// # Errors
/// `error running poststop hook #0: exit status 1, stdout: …, stderr: …`, of kind [`ErrorKind::System`].
pub fn run_hooks(moment: Moment, spec: &Spec, state: &State) -> Result<(), Error> {
    let Some(hooks) = &spec.hooks else { return Ok(()) };
    let text =
        serde_json::to_vec(state).map_err(|error| Error::system(format!("write the container's state: {error}")))?;
    for (number, hook) in moment.of(hooks).iter().enumerate() {
        run(hook, &text).map_err(|why| {
            Error::new(ErrorKind::System, format!("error running {} hook #{number}: {why}", moment.name()))
        })?;
    }
    Ok(())
}

fn run(hook: &Hook, state: &[u8]) -> Result<(), String> {
    let path = hook.path.display();
    let mut command = Command::new(&hook.path);
    if let Some((name, rest)) = hook.args.split_first() {
        command.arg0(name).args(rest);
    }
    let pairs = hook.env.iter().filter_map(|entry| entry.split_once('='));
    command.env_clear().envs(pairs).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{path}: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A hook need not read it. It fits into a pipe unless there are very many annotations.
        let _ = input.write_all(state);
    }
    let status = wait(&mut child, hook.timeout)?;
    if status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (rest(child.stdout.take()), rest(child.stderr.take()));
    Err(format!("{path}: {status}, stdout: {stdout}, stderr: {stderr}"))
}

/// Waits for the end. A hook that takes too long is killed with all that it has started in its group.
fn wait(child: &mut Child, timeout: Option<i64>) -> Result<ExitStatus, String> {
    let Some(seconds) = timeout.and_then(|seconds| u64::try_from(seconds).ok()) else {
        return child.wait().map_err(|error| error.to_string());
    };
    let pid = Pid::from_child(child);
    let ended = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| error.to_string())?;
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&ended, PollFlags::IN)], Some(&left)) {
            Ok(0) => break,
            Ok(_) => return child.wait().map_err(|error| error.to_string()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let _ = kill_process_group(pid, Signal::KILL);
    let _ = child.wait();
    Err(format!("hook ran past specified timeout of {seconds}.0s"))
}

/// What a hook has printed, as far as it is there: a child of it may hold the pipe open for ever.
fn rest(stream: Option<impl std::io::Read + std::os::fd::AsFd>) -> String {
    let mut text = Vec::new();
    if let Some(stream) = stream
        && rustix::io::ioctl_fionbio(&stream, true).is_ok()
    {
        let _ = stream.take(MOST_OUTPUT).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Option<i64>) -> Hook {
        let args = ["sh", "-c", script].map(str::to_owned).into();
        Hook { path: "/bin/sh".into(), args, env: vec!["A=b".to_owned()], timeout }
    }

    fn spec(hooks: Vec<Hook>) -> Spec {
        Spec { hooks: Some(Hooks { poststop: hooks, ..Hooks::default() }), ..Spec::default() }
    }

    fn outcome(hooks: Vec<Hook>) -> Result<(), String> {
        let spec = spec(hooks);
        let state = state("x", &spec, "/bundle".as_ref(), Status::Stopped, 7);
        run_hooks(Moment::Poststop, &spec, &state).map_err(|error| error.to_string())
    }

    #[test]
    fn a_hook_gets_the_state_and_its_own_environment() {
        let script = r#"read -r state; [ "$A" = b ] && [ -z "$HOME" ] && case $state in *'"status":"stopped"'*) ;; *) exit 3;; esac"#;
        outcome(vec![shell(script, None), shell("exit 0", Some(5))]).unwrap();
    }

    #[test]
    fn a_failure_tells_which_and_why_and_ends_the_row() {
        let said =
            outcome(vec![shell("true", None), shell("echo out; echo err >&2; exit 4", None), shell("exit 9", None)]);
        assert_eq!(
            said.unwrap_err(),
            "error running poststop hook #1: /bin/sh: exit status: 4, stdout: out, stderr: err"
        );
    }

    #[test]
    fn one_that_hangs_is_killed_with_its_children() {
        let said = outcome(vec![shell("sleep 100 & sleep 100", Some(1))]).unwrap_err();
        assert!(said.contains("timeout"), "{said}");
        // Neither does one whose child lives on hold anybody up.
        let said = outcome(vec![shell("sleep 2 & exit 1", None)]).unwrap_err();
        assert!(said.contains("exit status: 1"), "{said}");
    }

    #[test]
    fn nonsense_is_refused() {
        let hook = |path: &str, timeout| Hook { path: path.into(), timeout, ..Hook::default() };
        assert!(check(&spec(vec![hook("/x", Some(1))])).is_ok());
        assert!(check(&spec(vec![hook("x", None)])).is_err());
        assert!(check(&spec(vec![hook("/x", Some(0))])).is_err());
    }
}
