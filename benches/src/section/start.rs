//! How long a client takes to start.

use anyhow::Result;

use crate::column::interleave;
use crate::stand::Stand;
use crate::table::{Bar, Table};

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let [ours, _, theirs] = stand.columns();
    let mut table = Table::new("Client start (ms)", [ours.title, theirs.title]);
    let columns = [ours, theirs];
    let (wall, cpu) = interleave(&columns, stand.rounds(40), |column, _| column.alone("--version"))?;
    table.row_with_bar("`--version`", wall, Bar::Times(2.0));
    table.row("processor time", cpu);
    let (wall, cpu) = interleave(&columns, stand.rounds(20), |column, _| column.run(&["version"]))?;
    table.row("`version` (asks the daemon)", wall);
    table.row("processor time with the engine's", cpu);
    Ok(vec![table])
}
