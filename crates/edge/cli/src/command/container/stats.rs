//! `stats`.

mod sample;
mod watch;

use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List};
use crate::opts::text;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use std::time::Duration;
use watch::Watch;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] [CONTAINER...]",
    about: "Display a live stream of container(s) resource usage statistics",
    aliases: &["container stats", "stats"],
    args: Args::AtLeast(0),
    flags: &[
        Flag::new("all", Kind::Bool, "Show all containers (default shows just running)").short('a'),
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("no-stream", Kind::Bool, "Disable streaming stats and only pull the first result"),
        Flag::new("no-trunc", Kind::Bool, "Do not truncate output"),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const COLUMNS: &[Column] = &[
    Column::new("Container", "CONTAINER"),
    Column::new("Name", "NAME"),
    Column::new("ID", "CONTAINER ID"),
    Column::new("CPUPerc", "CPU %"),
    Column::new("MemUsage", "MEM USAGE / LIMIT"),
    Column::new("MemPerc", "MEM %"),
    Column::new("NetIO", "NET I/O"),
    Column::new("BlockIO", "BLOCK I/O"),
    Column::new("PIDs", "PIDS"),
];

const TABLE: &str =
    "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

/// Time between two pictures.
const TICK: Duration = Duration::from_millis(500);

async fn run(invocation: Invocation) -> Result<(), Exit> {
    tokio::task::LocalSet::new().run_until(show(invocation)).await
}

async fn show(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let format = Format::choose(matches.str("format"), &invocation.session.config().stats_format, false);
    let (live, truncate) = (!matches.bool("no-stream"), !matches.bool("no-trunc"));
    let watch = Watch::new(invocation.session.clone(), live);
    match matches.positional.is_empty() {
        true => watch.follow(matches.bool("all")).await?,
        false => watch.name(&matches.positional).await?,
    }
    let list = List { format: &format, table: TABLE, columns: COLUMNS };
    loop {
        if live {
            tokio::time::sleep(TICK).await;
        }
        let table = list.render(watch.entries().iter().map(|entry| entry.row(truncate)))?;
        if !live {
            return out::print(&table);
        }
        out::print(&picture(&table))?;
        if watch.has_ended() {
            return Ok(());
        }
    }
}

/// The table over the last one: each line ends what stood there before, and the last everything below. Docker writes
/// it twice, without and with the ends of lines, and programs that read this count on the same lines.
fn picture(table: &str) -> String {
    let text = format!("\x1b[H{table}");
    let erased: String = text.split('\n').map(|line| format!("{line} \x1b[K\n")).collect();
    format!("{text}{erased}\x1b[J")
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn a_picture_covers_the_last_one() {
        assert_eq!(picture("A\nb\n"), "\x1b[HA\nb\n\x1b[HA \x1b[K\nb \x1b[K\n \x1b[K\n\x1b[J");
    }
}
