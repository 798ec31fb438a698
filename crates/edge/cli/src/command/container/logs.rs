//! `logs`.

use super::each::path;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::stream::attach::Demux;
use crate::stream::out::Stream;
use crate::tree::{Args, Command, Invocation};
use bytes::BytesMut;
use client::{Query, Request};
use human::{Instant, local_zone, timestamp};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTAINER",
    about: "Fetch the logs of a container",
    aliases: &["container logs", "logs"],
    args: Args::Exactly(1),
    flags: &[
        Flag::new("details", Kind::Bool, "Show extra details provided to logs"),
        Flag::new("follow", Kind::Bool, "Follow log output").short('f'),
        Flag::new(
            "since",
            Kind::Str,
            "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)",
        ),
        Flag::new("tail", Kind::Str, "Number of lines to show from the end of the logs").short('n').default("all"),
        Flag::new("timestamps", Kind::Bool, "Show timestamps").short('t'),
        Flag::new(
            "until",
            Kind::Str,
            "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)",
        )
        .since(1, 35),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let name = &matches.positional[0];
    let client = invocation.session.client().await?;
    let container: Tty = client.send(Request::get(path(name, "/json"))).await?.json().await?;
    let time = |flag: &str| {
        timestamp(matches.str(flag), present(), &local_zone())
            .map_err(|error| Exit::failure(format!("invalid value for \"{flag}\": {error}")))
    };
    let query = Query::new()
        .flag("details", matches.bool("details"))
        .flag("follow", matches.bool("follow"))
        .some("since", Some(&time("since")?))
        .flag("stderr", true)
        .flag("stdout", true)
        .set("tail", matches.str("tail"))
        .flag("timestamps", matches.bool("timestamps"))
        .some("until", Some(&time("until")?));
    let body = client.send(Request::get(path(&container.id, "/logs")).query(query)).await?;
    let framed = !container.config.tty || body.content_type() == "application/vnd.docker.multiplexed-stream";
    let (mut reader, mut demux, mut buffer) = (body.reader(), Demux::default(), BytesMut::new());
    while let Some(chunk) = reader.chunk().await? {
        if !framed {
            Stream::Out.write(&chunk).await?;
            continue;
        }
        buffer.extend_from_slice(&chunk);
        while let Some((stream, data)) = demux.next(&mut buffer)? {
            stream.write(&data).await?;
        }
    }
    Ok(())
}

/// The present with nanoseconds.
pub fn present() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant { seconds: since.as_secs() as i64, nanos: since.subsec_nanos() }
}

/// What the command must know of the container.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Tty {
    id: String,
    config: TtyConfig,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TtyConfig {
    tty: bool,
}
