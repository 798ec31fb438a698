//! Memory of an idle engine and of each container, and the list of a hundred containers.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::Result;

use crate::column::interleave;
use crate::engine::{Engine, Kind};
use crate::group::Group;
use crate::stand::{Stand, titles};
use crate::table::{Bar, Table};

const CONTAINERS: usize = 100;

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let columns = stand.columns();
    let [ours, _, theirs] = &columns;
    std::thread::sleep(Duration::from_secs(3));
    let idle = stand.engines().map(|engine| total(&memory(&engine.group)));
    for (column, name) in [(ours, "many{}"), (theirs, "many{}")] {
        column.runs(&["run", "-d", "--name", name, "busybox", "sleep", "100000"], CONTAINERS, 8)?;
    }
    std::thread::sleep(Duration::from_secs(3));
    let full = stand.engines().map(|engine| memory(&engine.group));
    let mut lists = Table::new(&format!("Lists of {CONTAINERS} running containers (ms)"), titles(&columns));
    for (label, words) in [("`ps`", &["ps"][..]), ("`ps -aq`", &["ps", "-aq"])] {
        let (wall, cpu) = interleave(&columns, stand.rounds(15), |column, _| column.run(words))?;
        lists.row(label, wall);
        lists.row("processor time", cpu);
    }
    stand.engines().into_iter().try_for_each(Engine::clean)?;

    let mut table = Table::new("Memory (MB of PSS)", ["gantry", "docker.io"]);
    table.row_with_bar("engine, idle", idle.map(Into::into).into(), Bar::AtMost(20.0));
    let each = |megabytes: f64| megabytes / CONTAINERS as f64;
    let shims = [0, 1]
        .map(|place| each(full[place].get(shim(stand.engines()[place].kind)).copied().unwrap_or_default()).into());
    table.row_with_bar("shim, for each container", shims.into(), Bar::AtMost(1.0));
    let more = [0, 1].map(|place| each(total(&full[place]) - idle[place]).into());
    table.row("engine and shim, for each container", more.into());
    Ok(vec![table, lists])
}

/// What the kernel calls a shim: fifteen letters at most.
fn shim(kind: Kind) -> &'static str {
    match kind {
        Kind::Gantry => "gantry-shim",
        Kind::Docker => "containerd-shim",
    }
}

/// Megabytes of PSS by the programs' names, without what runs in containers.
fn memory(group: &Group) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for process in group.processes() {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned();
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let kibibytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB"));
        let kibibytes: f64 = kibibytes.and_then(|text| text.parse().ok()).unwrap_or_default();
        if name != "sleep" {
            *all.entry(name).or_default() += kibibytes * 1024.0 / 1e6;
        }
    }
    all
}

fn total(memory: &BTreeMap<String, f64>) -> f64 {
    memory.values().sum()
}
