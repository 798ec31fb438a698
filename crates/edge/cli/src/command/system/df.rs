//! `system df`.

mod detail;
mod summary;

use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::Format;
use crate::opts::text;
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::system::DiskUsage;
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Show docker disk usage",
    aliases: &[],
    args: Args::None,
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("verbose", Kind::Bool, "Show detailed information on space usage").short('v'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let client = invocation.session.client().await?;
    let usage: DiskUsage = client.send(Request::get("/system/df")).await?.json().await?;
    let format = Format::choose(matches.str("format"), "", false);
    let text = match matches.bool("verbose") {
        true => detail::Detail::now().render(&format, usage)?,
        false => summary::render(&format, &usage)?,
    };
    out::print(&visible::on_terminal(&text, rustix::stdio::stdout()))
}
