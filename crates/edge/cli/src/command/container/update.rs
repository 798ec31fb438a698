//! `update`.

use super::each::{self, path, summed};
use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::opts::{check, mount, port, restart};
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::container::{Edit, HostConfig, RestartPolicy, UpdateRequest, UpdateResponse};
use client::{Client, Request};

const FLAGS: &[Flag] = &[
    Flag::new("blkio-weight", Kind::Uint(16), "Block IO (relative weight), between 10 and 1000, or 0 to disable")
        .default("0"),
    Flag::new("cpu-period", Kind::Int, "Limit CPU CFS (Completely Fair Scheduler) period"),
    Flag::new("cpu-quota", Kind::Int, "Limit CPU CFS (Completely Fair Scheduler) quota"),
    Flag::new("cpu-rt-period", Kind::Int, "Limit the CPU real-time period in microseconds").since(1, 25),
    Flag::new("cpu-rt-runtime", Kind::Int, "Limit the CPU real-time runtime in microseconds").since(1, 25),
    Flag::new("cpu-shares", Kind::Int, "CPU shares (relative weight)").short('c'),
    Flag::new("cpus", check::CPUS, "Number of CPUs").since(1, 29),
    Flag::new("cpuset-cpus", Kind::Str, "CPUs in which to allow execution (0-3, 0,1)"),
    Flag::new("cpuset-mems", Kind::Str, "MEMs in which to allow execution (0-3, 0,1)"),
    Flag::new("kernel-memory", check::BYTES, "Kernel memory limit (deprecated)").hidden(),
    Flag::new("memory", check::BYTES, "Memory limit").short('m'),
    Flag::new("memory-reservation", check::BYTES, "Memory soft limit"),
    Flag::new("memory-swap", check::SWAP, "Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
    Flag::new("pids-limit", Kind::Int, "Tune container pids limit (set -1 for unlimited)").since(1, 40),
    Flag::new("restart", Kind::Str, "Restart policy to apply when a container exits"),
    // Docker has none of these; its help stays as it is.
    Flag::new("publish-add", Kind::List, "Publish a port, also of a running container").hidden(),
    Flag::new("publish-rm", Kind::List, "Publish a port no more").hidden(),
    Flag::new("env-add", Kind::List, "Set a variable at the next start").hidden(),
    Flag::new("env-rm", Kind::List, "Remove a variable at the next start").hidden(),
    Flag::new("mount-add", mount::KIND, "Add a mount, also to a running container").hidden(),
    Flag::new("mount-rm", Kind::List, "Take a mount away, by its target").hidden(),
];

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER [CONTAINER...]",
    about: "Update configuration of one or more containers",
    aliases: &["container update", "update"],
    args: Args::AtLeast(1),
    flags: FLAGS,
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    if matches.given().next().is_none() {
        return Err(Exit::failure("you must provide one or more flags when using this command"));
    }
    let host_config = settings(matches).map_err(Exit::failure)?;
    let settings = UpdateRequest { host_config, edit: edit(matches).map_err(Exit::failure)? };
    let client = invocation.session.client().await?;
    let (mut warnings, mut failures) = (Vec::new(), Vec::new());
    for name in &matches.positional {
        match update(client, name, &settings).await {
            Ok(said) => {
                out::line(&visible::on_terminal(name, rustix::stdio::stdout()))?;
                warnings.extend(said);
            }
            Err(exit) => failures.push(exit.message),
        }
    }
    if !warnings.is_empty() {
        out::line(&visible::on_terminal(&warnings.join("\n"), rustix::stdio::stdout()))?;
    }
    summed(failures)
}

async fn update(client: &Client, name: &str, settings: &UpdateRequest) -> Result<Vec<String>, Exit> {
    each::check(name)?;
    let request = Request::post(path(name, "/update")).json(settings);
    let answer: UpdateResponse = client.send(request).await?.json().await?;
    Ok(answer.warnings.unwrap_or_default())
}

/// What is to be added and taken away.
fn edit(matches: &Matches) -> Result<Edit, String> {
    let ports = |flag: &str| port::read(&matches.list(flag), &[]).map(|ports| ports.bindings);
    Ok(Edit {
        publish_add: ports("publish-add")?,
        publish_remove: ports("publish-rm")?,
        env_add: matches.list("env-add"),
        env_remove: matches.list("env-rm"),
        mount_add: matches.list("mount-add").iter().map(|text| mount::read(text)).collect::<Result<_, _>>()?,
        mount_remove: matches.list("mount-rm"),
    })
}

/// What is to change; zero and empty leave a setting as it is.
fn settings(matches: &Matches) -> Result<HostConfig, String> {
    let policy = matches.str("restart");
    let cpus = matches.str("cpus");
    Ok(HostConfig {
        restart_policy: if policy.is_empty() { RestartPolicy::default() } else { restart::read(policy)? },
        blkio_weight: matches.uint("blkio-weight") as u16,
        cpu_period: matches.int("cpu-period"),
        cpu_quota: matches.int("cpu-quota"),
        cpu_realtime_period: matches.int("cpu-rt-period"),
        cpu_realtime_runtime: matches.int("cpu-rt-runtime"),
        cpu_shares: matches.int("cpu-shares"),
        cpuset_cpus: matches.str("cpuset-cpus").into(),
        cpuset_mems: matches.str("cpuset-mems").into(),
        kernel_memory: matches.bytes("kernel-memory"),
        memory: matches.bytes("memory"),
        memory_reservation: matches.bytes("memory-reservation"),
        memory_swap: match matches.str("memory-swap") {
            "-1" => -1,
            _ => matches.bytes("memory-swap"),
        },
        nano_cpus: if cpus.is_empty() { 0 } else { check::cpus(cpus)? },
        pids_limit: matches.changed("pids-limit").then(|| matches.int("pids-limit")),
        ..HostConfig::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<HostConfig, String> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        settings(&crate::flag::parse(FLAGS, true, &args).unwrap())
    }

    #[test]
    fn only_what_is_given_changes() {
        let expect = HostConfig { memory: 64 << 20, memory_swap: -1, ..HostConfig::default() };
        assert_eq!(read(&["-m", "64m", "--memory-swap", "-1"]), Ok(expect));
        let expect = HostConfig { nano_cpus: 500_000_000, pids_limit: Some(0), ..HostConfig::default() };
        assert_eq!(read(&["--cpus", ".5", "--pids-limit=0"]), Ok(expect));
        let restart_policy = RestartPolicy { name: "on-failure".into(), maximum_retry_count: 3 };
        assert_eq!(read(&["--restart", "on-failure:3"]), Ok(HostConfig { restart_policy, ..HostConfig::default() }));
        assert_eq!(
            read(&["--restart", "on-failure:x"]).unwrap_err(),
            "invalid restart policy format: maximum retry count must be an integer"
        );
    }
}
