//! Eight clients at once.

use anyhow::Result;

use crate::samples::Samples;
use crate::stand::{Stand, titles};
use crate::table::Table;

const CLIENTS: usize = 8;

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let columns = stand.columns();
    let count = stand.rounds(40).max(CLIENTS);
    let (mut wall, mut cpu) = (vec![Samples::default(); columns.len()], vec![Samples::default(); columns.len()]);
    for _ in 0..3 {
        for (place, column) in columns.iter().enumerate() {
            let (runs, used) = column.runs(&["run", "--rm", "busybox", "true"], count, CLIENTS)?;
            wall[place].push(runs.total / count as f64);
            cpu[place].push(used / count as f64);
        }
    }
    let mut table = Table::new("Eight clients that `run --rm busybox true` (ms for each container)", titles(&columns));
    table.row("wall clock", wall);
    table.row("processor time", cpu);
    Ok(vec![table])
}
