//! `update`: changes limits of a container.

use std::io::Read as _;

use oci::runtime::{BlockIo, Cpu, Memory, Pids, Resources};
use oci::state::Status;

use super::{Command, ONE};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::flag::value;
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command = Command {
    name: "update",
    about: "change limits of a container",
    usage: "[command options] <container-id>",
    flags: &[
        value("resources", "file with the limits, as in the specification; - is standard input").or("r"),
        value("blkio-weight", "relative weight of block I/O, 10 to 1000"),
        value("cpu-period", "microseconds of a period"),
        value("cpu-quota", "microseconds of processor time in each period"),
        value("cpu-burst", "microseconds saved up for bursts"),
        value("cpu-share", "relative weight of processor time"),
        value("cpu-rt-period", "microseconds of a real-time period"),
        value("cpu-rt-runtime", "microseconds of real-time in each period"),
        value("cpuset-cpus", "processors, as 0-3,5"),
        value("cpuset-mems", "memory nodes, as 0,1"),
        value("cpu-idle", "1 for idle scheduling, 0 for ordinary"),
        value("kernel-memory", "obsolete: kernel memory cannot be limited"),
        value("kernel-memory-tcp", "memory for TCP buffers"),
        value("memory", "memory"),
        value("memory-reservation", "memory that is left when others need it"),
        value("memory-swap", "memory and swap together; -1 is unlimited"),
        value("pids-limit", "number of processes"),
        value("l3-cache-schema", "schema of the resource director"),
        value("mem-bw-schema", "schema of the resource director"),
    ],
    run: update,
    ..ONE
};

fn update(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    if container.status() == Status::Stopped {
        return Err(Error::new("container not running"));
    }
    let resources = match parsed.text("resources") {
        Some(file) => read(file)?,
        None => of_flags(parsed)?,
    };
    container.cgroup().update(&resources)?;
    Ok(0)
}

fn read(file: &str) -> Result<Resources, Error> {
    let step = format!("read limits from `{file}`");
    let mut text = Vec::new();
    match file {
        "-" => std::io::stdin().read_to_end(&mut text).map(drop).step(&step)?,
        file => text = std::fs::read(file).step(&step)?,
    }
    serde_json::from_slice(&text).step(step)
}

fn of_flags(parsed: &Parsed) -> Result<Resources, Error> {
    if let Some(schema) = ["l3-cache-schema", "mem-bw-schema"].into_iter().find(|name| parsed.text(name).is_some()) {
        return Err(Error::new(format!("--{schema}: Intel RDT: not supported")));
    }
    let bytes = |name: &str| parsed.text(name).map(|text| size(name, text)).transpose();
    let text = |name: &str| parsed.text(name).map(str::to_owned);
    Ok(Resources {
        memory: Some(Memory {
            limit: bytes("memory")?,
            reservation: bytes("memory-reservation")?,
            swap: bytes("memory-swap")?,
            kernel_tcp: bytes("kernel-memory-tcp")?,
            ..Memory::default()
        }),
        cpu: Some(Cpu {
            shares: parsed.number("cpu-share")?,
            quota: parsed.number("cpu-quota")?,
            burst: parsed.number("cpu-burst")?,
            period: parsed.number("cpu-period")?,
            realtime_runtime: parsed.number("cpu-rt-runtime")?,
            realtime_period: parsed.number("cpu-rt-period")?,
            cpus: text("cpuset-cpus"),
            mems: text("cpuset-mems"),
            idle: parsed.number("cpu-idle")?,
        }),
        pids: parsed.number("pids-limit")?.map(|limit| Pids { limit: Some(limit) }),
        block_io: parsed.number("blkio-weight")?.map(|weight| BlockIo { weight: Some(weight), ..BlockIo::default() }),
        ..Resources::default()
    })
}

/// Bytes, with units as Docker has them; -1 is unlimited.
fn size(name: &str, text: &str) -> Result<i64, Error> {
    if text == "-1" {
        return Ok(-1);
    }
    human::parse_binary_size(text).map_err(|error| Error::new(format!("invalid value for {name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    #[test]
    fn flags_become_limits() {
        let words = ["--memory", "64m", "--memory-swap=-1", "--pids-limit", "10", "--cpu-share", "512", "id"];
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let resources = of_flags(&parse(COMMAND.flags, &words, COMMAND.order).unwrap()).unwrap();
        let memory = resources.memory.unwrap();
        assert_eq!((memory.limit, memory.swap), (Some(64 << 20), Some(-1)));
        assert_eq!((resources.pids.unwrap().limit, resources.cpu.unwrap().shares), (Some(10), Some(512)));
        assert!(resources.block_io.is_none() && size("memory", "x").is_err());
    }
}
