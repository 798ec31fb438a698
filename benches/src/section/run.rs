//! `run --rm busybox true`: from nothing to a container and back.

use anyhow::Result;

use crate::column::interleave;
use crate::stand::{Stand, titles};
use crate::table::{Bar, Table};

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let columns = stand.columns();
    let mut table = Table::new("`run --rm busybox true` (ms)", titles(&columns));
    for (network, bar) in [("bridge", Bar::Times(8.0)), ("none", Bar::Times(10.0))] {
        let words = ["run", "--rm", "--network", network, "busybox", "true"];
        let (wall, cpu) = interleave(&columns, stand.rounds(20), |column, _| column.run(&words))?;
        table.row_with_bar(format!("`--network {network}`"), wall, bar);
        table.row_with_bar("client, engine and container: processor time", cpu, bar);
    }
    Ok(vec![table])
}
