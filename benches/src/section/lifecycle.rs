//! The steps of a container's life, each by one call of the client.

use anyhow::Result;

use crate::column::Column;
use crate::samples::Samples;
use crate::stand::{Stand, titles};
use crate::table::Table;

/// Ends at once when it is told to.
const OBEDIENT: &str = "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done";

/// What is done with the container `$`, in this order.
const STEPS: [(&str, &[&str]); 7] = [
    ("`run -d`", &["run", "-d", "--name", "$", "busybox", "sh", "-c", OBEDIENT]),
    ("`exec true`", &["exec", "$", "true"]),
    ("`inspect`", &["inspect", "$"]),
    ("`logs`", &["logs", "$"]),
    ("`stop` of what obeys", &["stop", "$"]),
    ("`start`", &["start", "$"]),
    ("`rm -f` of what runs", &["rm", "-f", "$"]),
];

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let columns = stand.columns();
    let mut walls = vec![vec![Samples::default(); columns.len()]; STEPS.len()];
    for round in 0..=stand.rounds(10) {
        for (place, column) in columns.iter().enumerate() {
            for (step, wall) in live(column, &format!("life{place}of{round}"))?.into_iter().enumerate() {
                if round > 0 {
                    walls[step][place].push(wall);
                }
            }
        }
    }
    let mut table = Table::new("A container's life (ms)", titles(&columns));
    STEPS.iter().zip(walls).for_each(|((label, _), wall)| table.row(*label, wall));
    Ok(vec![table])
}

fn live(column: &Column<'_>, name: &str) -> Result<Vec<f64>> {
    let words =
        |step: &[&'static str]| step.iter().map(|word| if *word == "$" { name } else { word }).collect::<Vec<_>>();
    STEPS.iter().map(|(_, step)| Ok(column.run(&words(step))?.wall)).collect()
}
