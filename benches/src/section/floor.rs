//! What the kernel alone takes.

use anyhow::{Context, Result};

use crate::samples::Samples;
use crate::shell::{command, output};
use crate::stand::Stand;
use crate::table::Table;

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let mut table =
        Table::new("The kernel's share of a run, without engine, filter and control groups (ms)", ["C program"]);
    let folder = stand.scratch.path().join("kernel");
    std::fs::create_dir_all(&folder)?;
    let count = stand.rounds(50).to_string();
    for (label, network) in
        [("overlay, proc, dev, sys, pivot_root, exec, exit", None), ("and a network namespace", Some("net"))]
    {
        let mut line = command(["unshare", "--mount", "--propagation", "private"]);
        line.arg(stand.scratch.floor()).arg(stand.scratch.rootfs()).arg(&folder).arg(&count).args(network);
        let text = output(&mut line)?;
        let times = text.lines().map(|line| Ok(line.parse::<f64>()? / 1e3));
        table.row(label, vec![times.collect::<Result<Samples>>().context("read the times")?]);
    }
    Ok(vec![table])
}
