//! `history`.

use crate::command::container::ls::{ellipsis, now, short_id};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List, Row, Value};
use crate::opts::text;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::image::ImageHistoryItem;
use client::{Query, Request};
use human::{Instant, decimal_size_with, elapsed, local_zone, rfc3339_seconds};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE",
    about: "Show the history of an image",
    aliases: &["image history", "history"],
    args: Args::Exactly(1),
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("human", Kind::Bool, "Print sizes and dates in human readable format").short('H').default("true"),
        Flag::new("no-trunc", Kind::Bool, "Don't truncate output"),
        Flag::new(
            "platform",
            Kind::Str,
            "Show history for the given platform. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")",
        )
        .since(1, 48),
        Flag::new("quiet", Kind::Bool, "Only show image IDs").short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const COLUMNS: &[Column] = &[
    Column::new("ID", "IMAGE"),
    Column::new("CreatedSince", "CREATED"),
    Column::new("CreatedAt", "CREATED AT"),
    Column::new("CreatedBy", "CREATED BY"),
    Column::new("Size", "SIZE"),
    Column::new("Comment", "COMMENT"),
];

const TABLE: &str = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
const TABLE_OF_DATES: &str = "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let quiet = matches.bool("quiet");
    let format = Format::choose(matches.str("format"), "", quiet);
    let format = if quiet && format.is_plain_table() { Format::choose("{{.ID}}", "", false) } else { format };
    let mut query = Query::new();
    if let Some(platform) = matches.some("platform") {
        query = query.set("platform", super::platform_json(&platform)?);
    }
    let client = invocation.session.client().await?;
    let path = format!("/images/{}/history", Query::segment(&matches.positional[0]));
    let list: Vec<ImageHistoryItem> = client.send(Request::get(path).query(query)).await?.json().await?;
    let view =
        View { truncate: !matches.bool("no-trunc"), human: matches.bool("human"), now: now(), zone: local_zone() };
    let table = if view.human { TABLE } else { TABLE_OF_DATES };
    out::print(&List { format: &format, table, columns: COLUMNS }.render(list.iter().map(|item| view.row(item)))?)
}

struct View {
    truncate: bool,
    human: bool,
    now: i64,
    zone: jiff::tz::TimeZone,
}

impl View {
    fn row(&self, item: &ImageHistoryItem) -> Value {
        let by = item.created_by.replace('\t', " ");
        let created = Instant { seconds: item.created, nanos: 0 };
        // Year 1 and earlier is Go's way to say that nobody knows.
        let since = if item.created <= Instant::ZERO.seconds { "N/A".into() } else { elapsed(self.now - item.created) };
        let fields = vec![
            ("Comment", item.comment.clone()),
            (
                "CreatedAt",
                if item.created <= Instant::ZERO.seconds {
                    String::new()
                } else {
                    rfc3339_seconds(created, &self.zone)
                },
            ),
            ("CreatedBy", if self.truncate { ellipsis(&by, 45) } else { by }),
            ("CreatedSince", since),
            ("ID", if self.truncate { short_id(&item.id).into() } else { item.id.clone() }),
            ("Size", if self.human { decimal_size_with(item.size as f64, 3) } else { item.size.to_string() }),
        ];
        let fields = fields.into_iter().map(|(name, text)| (name, Value::from(text))).collect();
        Row { type_name: "*formatter.historyContext", fields, labels: None }.value()
    }
}
