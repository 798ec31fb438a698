//! `top`.

use super::each::{check, path};
use crate::exit::Exit;
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::container::TopResponse;
use client::{Query, Request};
use human::Table;

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTAINER [ps OPTIONS]",
    about: "Display the running processes of a container",
    aliases: &["container top", "top"],
    args: Args::AtLeast(1),
    flags: &[],
    interspersed: false,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let Some((name, options)) = invocation.matches.positional.split_first() else { return Ok(()) };
    check(name)?;
    let query = Query::new().some("ps_args", Some(&options.join(" ")));
    let client = invocation.session.client().await?;
    let processes: TopResponse = client.send(Request::get(path(name, "/top")).query(query)).await?.json().await?;
    out::print(&visible::on_terminal(&table(&processes), rustix::stdio::stdout()))
}

/// Docker's columns are wider here than in lists: twenty characters at least.
fn table(processes: &TopResponse) -> String {
    let lines = std::iter::once(&processes.titles).chain(&processes.processes);
    Table::new(20, 3).align(&lines.map(|cells| cells.join("\t") + "\n").collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_wide() {
        let strings = |cells: &[&str]| cells.iter().map(|cell| cell.to_string()).collect::<Vec<_>>();
        let processes = TopResponse {
            titles: strings(&["PID", "CMD"]),
            processes: vec![strings(&["7", "sleep 1"]), strings(&["123456789012345678901", "sh"])],
        };
        let expect = "PID                     CMD\n7                       sleep 1\n123456789012345678901   sh\n";
        assert_eq!(table(&processes), expect);
    }
}
