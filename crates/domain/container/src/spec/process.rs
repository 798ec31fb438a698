//! The process: program, environment, user, capabilities, limits.

use api::container::{ContainerConfig, HostConfig};
use api::exec::ExecCreateRequest;
use fault::{Fault, Result};
use oci::runtime::{Capabilities, ConsoleSize, Process, Rlimit, Spec};

use super::Input;
use crate::capabilities;
use crate::security::{Security, UNCONFINED};
use crate::users::Resolved;

const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the init program is found in the container.
pub const INIT_PATH: &str = "/sbin/docker-init";

pub(super) fn step(input: &Input<'_>, spec: &mut Spec) -> Result<()> {
    let Input { record, config, host, facts } = input;
    let security = Security::parse(host)?;
    let mut args: Vec<String> = record.command().into_iter().map(str::to_owned).collect();
    if facts.init.is_some() {
        args.splice(0..0, [INIT_PATH.to_owned(), "--".to_owned()]);
    }
    spec.process = Some(Process {
        terminal: config.tty,
        console_size: console_size(host.console_size),
        cwd: working_dir(&config.working_dir).into(),
        env: environment(config, record.hostname(), &facts.user.home),
        args,
        rlimits: rlimits(host)?,
        capabilities: Some(capability_sets(host, host.privileged, facts.user.user.uid == 0)?),
        apparmor_profile: apparmor(&security, facts.apparmor.as_deref()),
        no_new_privileges: security.no_new_privileges,
        oom_score_adj: oom_score(host.oom_score_adj)?,
        user: facts.user.user.clone(),
        ..Process::default()
    });
    spec.hostname = Some(record.hostname().to_owned()).filter(|_| host.uts_mode != "host");
    spec.domainname = Some(config.domainname.clone()).filter(|name| !name.is_empty());
    spec.annotations = host.annotations.clone().unwrap_or_default();
    Ok(())
}

/// Checks what needs no facts.
pub(super) fn check(host: &HostConfig) -> Result<()> {
    rlimits(host)?;
    oom_score(host.oom_score_adj)?;
    match host.annotations.iter().flatten().any(|(name, _)| name.is_empty()) {
        true => Err(Fault::invalid("invalid Annotations: the empty string is not permitted as an annotation key")),
        false => Ok(()),
    }
}

/// The process of an exec: the container's own, changed where the request says so.
pub fn exec_process(
    container: &Process,
    host: &HostConfig,
    request: &ExecCreateRequest,
    user: &Resolved,
) -> Result<Process> {
    if request.cmd.is_empty() {
        return Err(Fault::invalid("no exec command specified"));
    }
    let mut env = container.env.clone();
    if !request.user.is_empty() {
        env.retain(|entry| !entry.starts_with("HOME="));
    }
    if request.tty && !env.iter().any(|entry| entry.starts_with("TERM=")) {
        env.push("TERM=xterm".into());
    }
    override_env(&mut env, request.env.iter().flatten());
    if !env.iter().any(|entry| entry.starts_with("HOME=")) {
        env.push(format!("HOME={}", user.home));
    }
    let cwd =
        if request.working_dir.is_empty() { container.cwd.clone() } else { working_dir(&request.working_dir).into() };
    Ok(Process {
        terminal: request.tty,
        console_size: request.console_size.and_then(console_size),
        cwd,
        env,
        args: request.cmd.clone(),
        user: user.user.clone(),
        capabilities: Some(capability_sets(host, host.privileged || request.privileged, user.user.uid == 0)?),
        apparmor_profile: match &container.apparmor_profile {
            Some(_) if request.privileged => Some(UNCONFINED.to_owned()),
            own => own.clone(),
        },
        ..container.clone()
    })
}

/// The profile of the options or the default one; none where the kernel has no AppArmor, whatever the options say.
fn apparmor(security: &Security, default: Option<&str>) -> Option<String> {
    default.map(|default| security.apparmor.as_deref().filter(|name| !name.is_empty()).unwrap_or(default).to_owned())
}

fn working_dir(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// The API gives rows first.
fn console_size([rows, columns]: [u32; 2]) -> Option<ConsoleSize> {
    let cells = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    (rows > 0 || columns > 0).then(|| ConsoleSize { height: cells(rows), width: cells(columns) })
}

fn environment(config: &ContainerConfig, hostname: &str, home: &str) -> Vec<String> {
    let mut env = vec![DEFAULT_PATH.to_owned(), format!("HOSTNAME={hostname}")];
    if config.tty {
        env.push("TERM=xterm".into());
    }
    override_env(&mut env, config.env.iter().flatten());
    if !env.iter().any(|entry| entry.starts_with("HOME=")) {
        env.push(format!("HOME={home}"));
    }
    env
}

/// Replaces or appends; an entry without `=` takes the variable away. Entries that name nothing set nothing (D10).
fn override_env<'a>(env: &mut Vec<String>, entries: impl Iterator<Item = &'a String>) {
    for entry in entries {
        let (name, value) = entry.split_once('=').map_or((entry.as_str(), None), |(name, value)| (name, Some(value)));
        if name.is_empty() {
            continue;
        }
        let at = env.iter().position(|have| have.split_once('=').is_some_and(|(have, _)| have == name));
        match (at, value) {
            (Some(at), Some(_)) => env[at].clone_from(entry),
            (None, Some(_)) => env.push(entry.clone()),
            (Some(at), None) => drop(env.remove(at)),
            (None, None) => {}
        }
    }
}

/// Root gets its set at once; another user has it in the bounding set only, so that a set-uid program can take it up.
/// The inheritable set is always empty (CVE-2022-24769).
fn capability_sets(host: &HostConfig, privileged: bool, root: bool) -> Result<Capabilities> {
    let list =
        |names: &Option<api::container::StringOrList>| names.as_ref().map_or_else(Vec::new, |names| names.0.clone());
    let set = capabilities::effective(&list(&host.cap_add), &list(&host.cap_drop), privileged)?;
    let in_force = if root { set.clone() } else { Vec::new() };
    Ok(Capabilities {
        bounding: set,
        effective: in_force.clone(),
        permitted: in_force,
        inheritable: Vec::new(),
        ambient: Vec::new(),
    })
}

fn rlimits(host: &HostConfig) -> Result<Vec<Rlimit>> {
    let convert = |limit: &api::container::Ulimit| {
        let kind =
            rlimit_name(&limit.name).ok_or_else(|| Fault::invalid(format!("invalid ulimit type: {}", limit.name)))?;
        if limit.hard != -1 && (limit.soft > limit.hard || limit.soft == -1) {
            return Err(Fault::invalid(format!(
                "ulimit soft limit must be less than or equal to hard limit: {} > {}",
                limit.soft, limit.hard
            )));
        }
        // -1 is "unlimited", which is the largest number (getrlimit(2)).
        Ok(Rlimit { kind: kind.into(), soft: limit.soft as u64, hard: limit.hard as u64 })
    };
    host.ulimits.iter().flatten().map(convert).collect()
}

/// Whether a limit of processes has this name, as `nofile`.
pub fn is_rlimit(name: &str) -> bool {
    rlimit_name(name).is_some()
}

fn rlimit_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "as" => "RLIMIT_AS",
        "core" => "RLIMIT_CORE",
        "cpu" => "RLIMIT_CPU",
        "data" => "RLIMIT_DATA",
        "fsize" => "RLIMIT_FSIZE",
        "locks" => "RLIMIT_LOCKS",
        "memlock" => "RLIMIT_MEMLOCK",
        "msgqueue" => "RLIMIT_MSGQUEUE",
        "nice" => "RLIMIT_NICE",
        "nofile" => "RLIMIT_NOFILE",
        "nproc" => "RLIMIT_NPROC",
        "rss" => "RLIMIT_RSS",
        "rtprio" => "RLIMIT_RTPRIO",
        "rttime" => "RLIMIT_RTTIME",
        "sigpending" => "RLIMIT_SIGPENDING",
        "stack" => "RLIMIT_STACK",
        _ => return None,
    })
}

fn oom_score(score: i64) -> Result<Option<i32>> {
    match i32::try_from(score) {
        Ok(0) => Ok(None),
        Ok(score @ -1000..=1000) => Ok(Some(score)),
        _ => Err(Fault::invalid(format!("Invalid value {score}, range for oom score adj is [-1000, 1000]"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_has_defaults_that_can_be_hidden_or_taken_away() {
        let config = ContainerConfig {
            tty: true,
            env: Some(vec!["PATH=/x".into(), "A=1".into(), "TERM".into(), "=evil".into(), "NOVALUE".into()]),
            ..ContainerConfig::default()
        };
        assert_eq!(environment(&config, "box", "/root"), ["PATH=/x", "HOSTNAME=box", "A=1", "HOME=/root"]);
    }

    #[test]
    fn the_default_profile_is_for_those_who_name_none_where_there_is_apparmor() {
        let security =
            |apparmor: Option<&str>| Security { apparmor: apparmor.map(str::to_owned), ..Security::default() };
        assert_eq!(apparmor(&security(None), Some("default")).as_deref(), Some("default"));
        assert_eq!(apparmor(&security(Some("")), Some("default")).as_deref(), Some("default"));
        assert_eq!(apparmor(&security(Some("mine")), Some("default")).as_deref(), Some("mine"));
        assert_eq!(apparmor(&security(Some("mine")), None), None);
    }

    #[test]
    fn nobody_inherits_capabilities() {
        for root in [true, false] {
            let sets = capability_sets(&HostConfig::default(), false, root).unwrap();
            assert!(sets.inheritable.is_empty() && sets.ambient.is_empty());
            assert_eq!(sets.bounding.len(), 14);
            assert_eq!(sets.effective.len(), if root { 14 } else { 0 });
        }
    }

    #[test]
    fn absurd_limits_are_refused() {
        let with = |name: &str, soft, hard| HostConfig {
            ulimits: Some(vec![api::container::Ulimit { name: name.into(), soft, hard }]),
            ..HostConfig::default()
        };
        assert!(rlimits(&with("nonsense", 1, 1)).is_err());
        assert!(rlimits(&with("nofile", 2, 1)).is_err());
        assert_eq!(rlimits(&with("core", -1, -1)).unwrap()[0].hard, u64::MAX);
        assert!(oom_score(1001).is_err());
    }
}
