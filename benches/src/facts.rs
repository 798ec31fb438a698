//! What was measured, on what.

use std::fs;
use std::path::Path;

use crate::shell::{command, output, script};
use crate::stand::Stand;

/// The facts as Markdown.
pub fn gather(stand: &Stand) -> String {
    let script = |line: &str| output(&mut script(line, [""; 0])).unwrap_or_default();
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let groups = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() { "version 2" } else { "version 1" };
    let version = |program: &Path| output(command([program]).arg("--version")).unwrap_or_default();
    let size = fs::metadata(&stand.our_client).map_or(0, |data| data.len());
    let load = file("/proc/loadavg");
    let lines = [
        format!("Date: {}", script("date --utc +%F")),
        format!(
            "Machine: {cores} × {}, {} of memory",
            field(&file("/proc/cpuinfo"), "model name"),
            field(&file("/proc/meminfo"), "MemTotal")
        ),
        format!(
            "System: {}, kernel {}, control groups of {groups}",
            script(". /etc/os-release; echo $PRETTY_NAME"),
            script("uname -r")
        ),
        format!("State of both engines: {}", script(&format!("stat -f -c %T {}", stand.scratch.path().display()))),
        format!("Load when it began: {}", load.split(' ').next().unwrap_or_default()),
        format!("Ours: {}, {:.1} MB", version(&stand.our_client), size as f64 / 1e6),
        format!(
            "Theirs: client {}; {}; {}",
            version(&stand.their_client),
            script("dockerd --version"),
            script("runc --version | head -1")
        ),
    ];
    lines.map(|line| format!("- {line}\n")).concat()
}
