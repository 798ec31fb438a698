//! `exec`: runs a further process in a container.

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use cgroup::Cgroup;
use oci::runtime::{Process, User};
use oci::state::Status;
use runtime::{Entry, Io};

use super::{Command, MANY};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::flag::{switch, value, values};
use crate::global::Global;
use crate::launch::{CONSOLE_SOCKET, PID_FILE, PRESERVE_FDS};
use crate::parse::{Order, Parsed};
use crate::preserve::Preserved;
use crate::{console, foreground, pidfile, store};

/// What runc's callers know a process by that could not be run.
const FAILED: u8 = 255;

pub const COMMAND: Command = Command {
    name: "exec",
    about: "run a further process in a container",
    usage: "[command options] <container-id> <command> [command options] | -p process.json <container-id>",
    flags: &[
        CONSOLE_SOCKET,
        value("cwd", "working directory in the container"),
        values("env", "set a variable").or("e"),
        switch("tty", "give it a terminal").or("t"),
        value("user", "user and group, as UID[:GID]").or("u"),
        values("additional-gids", "further groups").or("g"),
        value("process", "file with the whole process, as in the specification").or("p"),
        switch("detach", "end when the program runs").or("d"),
        PID_FILE,
        value("process-label", "SELinux label"),
        value("apparmor", "AppArmor profile"),
        switch("no-new-privs", "let it gain nothing by executing programs"),
        values("cap", "add a capability").or("c"),
        PRESERVE_FDS,
        values("cgroup", "control group below the container's, as [CONTROLLER[,…]:]PATH"),
        switch("ignore-paused", "enter a paused container, too"),
    ],
    order: Order::First,
    arguments: (1, MANY),
    enters: true,
    run: exec,
};

fn exec(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    run(global, parsed).map_err(|error| error.during("exec failed").with_code(FAILED))
}

fn run(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    let even_paused = parsed.switch("ignore-paused");
    match container.status() {
        Status::Stopped => return Err(Error::new("cannot exec in a stopped container")),
        Status::Creating => return Err(Error::new("cannot exec in a container that is still being made")),
        Status::Paused if !even_paused => {
            return Err(Error::new("cannot exec in a paused container (use --ignore-paused to override)"));
        }
        _ => {}
    }
    let spec = store::spec(&global.root, parsed.id())?;
    let preserved = Preserved::read(parsed.number("preserve-fds")?)?;
    let mut process = process(parsed, spec.process.clone().unwrap_or_default())?;
    process.env.extend(preserved.env.iter().cloned());
    let (detach, socket) = (parsed.switch("detach"), parsed.text("console-socket"));
    console::check(process.terminal, detach, socket)?;
    let socket = socket.map(console::connect).transpose()?;

    let signals = (!detach).then(foreground::signals).transpose()?;
    let init = container.init().ok_or_else(|| Error::new("cannot exec in a stopped container"))?;
    let filter = store::filter(&global.root, parsed.id());
    let pid = container.record.init_process_pid;
    let cgroup = below(&container, parsed)?;
    let opened = runtime::Container::reopen(
        parsed.id(),
        &spec,
        &container.record.gantry.bundle,
        (pid, init),
        cgroup,
        filter.as_deref(),
    )?;
    let io = if process.terminal { Io::Terminal } else { Io::Inherit };
    let entry = Entry { preserve: preserved.count, no_keyring: false, even_paused };
    let started = opened.exec_by(&process, io, entry);
    let mut started = started.map_err(|error| Error::from(error).during("unable to start container process"))?;
    started.warnings.iter().for_each(|warning| global.log.warn(warning));
    let mut master = started.console.take();
    if let (Some(socket), Some(terminal)) = (&socket, &master) {
        console::send(socket, terminal)?;
        master = None;
    }
    if let Some(path) = parsed.text("pid-file") {
        pidfile::write(path, started.pid)?;
    }
    match signals {
        None => Ok(0),
        Some(signals) => foreground::stay(&signals, started.pid, started.pidfd.as_fd(), master),
    }
}

/// The process of the file, or the container's own with what the flags change.
fn process(parsed: &Parsed, own: Process) -> Result<Process, Error> {
    if let Some(file) = parsed.text("process") {
        let bytes = std::fs::read(file).step(format_args!("read `{file}`"))?;
        return serde_json::from_slice(&bytes).step(format_args!("read `{file}`"));
    }
    let args = &parsed.positional[1..];
    if args.is_empty() {
        return Err(Error::new("process args cannot be empty"));
    }
    let mut process = Process { args: args.to_vec(), terminal: parsed.switch("tty"), ..own };
    process.console_size = process.console_size.filter(|_| process.terminal);
    if let Some(cwd) = parsed.text("cwd") {
        process.cwd = cwd.into();
    }
    if let Some(label) = parsed.text("process-label") {
        process.selinux_label = Some(label.to_owned());
    }
    if let Some(profile) = parsed.text("apparmor") {
        process.apparmor_profile = Some(profile.to_owned());
    }
    if parsed.value("no-new-privs").is_some() {
        process.no_new_privileges = parsed.switch("no-new-privs");
    }
    process.env.extend(parsed.all("env").map(str::to_owned));
    add_capabilities(&mut process, parsed);
    if let Some(user) = parsed.text("user") {
        process.user = self::user(user, &process.user)?;
    }
    for group in parsed.all("additional-gids") {
        process.user.additional_gids.push(id(group)?);
    }
    Ok(process)
}

fn add_capabilities(process: &mut Process, parsed: &Parsed) {
    let added: Vec<String> = parsed.all("cap").map(str::to_owned).collect();
    if added.is_empty() {
        return;
    }
    let sets = process.capabilities.get_or_insert_default();
    for set in [&mut sets.bounding, &mut sets.effective, &mut sets.permitted] {
        set.extend(added.iter().filter(|name| !set.contains(name)).cloned().collect::<Vec<_>>());
    }
}

fn user(text: &str, own: &User) -> Result<User, Error> {
    let (uid, gid) = text.split_once(':').map_or((text, None), |(uid, gid)| (uid, Some(gid)));
    Ok(User { uid: id(uid)?, gid: gid.map_or(Ok(own.gid), id)?, ..own.clone() })
}

fn id(text: &str) -> Result<u32, Error> {
    text.parse().map_err(|_| Error::new(format!("{text:?} is no user or group id")))
}

/// The container's control groups, or those below them that are asked for, which must be there.
fn below(container: &Container, parsed: &Parsed) -> Result<Cgroup, Error> {
    if parsed.all("cgroup").next().is_none() {
        return Ok(container.cgroup());
    }
    let mut paths = container.record.gantry.cgroups.clone();
    for asked in parsed.all("cgroup") {
        let (controllers, path) = asked.split_once(':').map_or((None, asked), |(names, path)| (Some(names), path));
        let plain = Path::new(path.trim_start_matches('/'));
        if plain.components().any(|part| !matches!(part, std::path::Component::Normal(_))) && path != "/" {
            return Err(Error::new(format!("--cgroup {asked}: `{path}` is no path below the container's group")));
        }
        let known = |name: &str| container.record.cgroup_paths.get(name).cloned();
        let chosen: Vec<PathBuf> = match controllers {
            None => paths.clone(),
            Some(names) => names
                .split(',')
                .map(|name| known(name).ok_or_else(|| Error::new(format!("--cgroup {asked}: no controller {name}"))))
                .collect::<Result<_, _>>()?,
        };
        for own in paths.iter_mut().filter(|own| chosen.contains(own)) {
            let lower = own.join(plain);
            if !lower.is_dir() {
                return Err(Error::new(format!("--cgroup {asked}: `{}`: no such control group", lower.display())));
            }
            *own = lower;
        }
    }
    Ok(container.record.cgroup(&paths))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn of(words: &[&str]) -> Result<Process, Error> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let own =
            Process { env: vec!["A=1".into()], cwd: "/own".into(), no_new_privileges: true, ..Process::default() };
        process(&parse(COMMAND.flags, &words, COMMAND.order).unwrap(), own)
    }

    #[test]
    fn flags_change_the_container_s_own_process() {
        let process = of(&["-e", "B=2", "-u", "7:8", "-g", "9", "-c", "CAP_KILL", "-t", "id", "ls", "-l"]).unwrap();
        assert_eq!(
            (process.args, process.env),
            (vec!["ls".to_owned(), "-l".into()], vec!["A=1".to_owned(), "B=2".into()])
        );
        assert_eq!((process.user.uid, process.user.gid, process.user.additional_gids), (7, 8, vec![9]));
        assert!(process.terminal && process.no_new_privileges && process.cwd == Path::new("/own"));
        assert_eq!(process.capabilities.unwrap().effective, ["CAP_KILL"]);
        assert!(!of(&["--no-new-privs=false", "id", "ls"]).unwrap().no_new_privileges);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [&["id"][..], &["-u", "root", "id", "ls"], &["-g", "-1", "id", "ls"], &["-p", "/no/such", "id"]] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
    }
}
