//! `volume ls`.

use crate::command::container::ls::joined;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List, Row, Value, natural};
use crate::opts::{check, filter, text};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::volume::{Volume, VolumeList};
use client::{Query, Request};
use human::decimal_size;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "List volumes",
    aliases: &["volume ls", "volume list"],
    args: Args::None,
    flags: &[
        Flag::new("cluster", Kind::Bool, "Display only cluster volumes, and use cluster volume list formatting")
            .since(1, 42)
            .swarm(),
        Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"dangling=true\")").short('f'),
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("quiet", Kind::Bool, "Only display volume names").short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column::new("Name", "VOLUME NAME"),
    Column::new("Driver", "DRIVER"),
    Column::new("Scope", "SCOPE"),
    Column::new("Availability", "AVAILABILITY"),
    Column::new("Mountpoint", "MOUNTPOINT"),
    Column::new("Labels", "LABELS"),
    Column::new("Links", "LINKS"),
    Column::new("Size", "SIZE"),
    Column::new("Group", "GROUP"),
    Column::new("Status", "STATUS"),
];

const TABLE: &str = "{{.Driver}}\t{{.Name}}";
/// What `raw` means.
pub const RAW: &str = "name: {{.Name}}\ndriver: {{.Driver}}\n";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    if matches.bool("cluster") {
        return Err(Exit::failure("--cluster is not implemented yet: cluster volumes belong to a swarm"));
    }
    let quiet = matches.bool("quiet");
    let format = Format::choose(matches.str("format"), &invocation.session.config().volumes_format, quiet);
    let format = match (format.is_raw(), quiet) {
        (true, true) => Format::choose("name: {{.Name}}", "", false),
        (true, false) => Format::choose(RAW, "", false),
        (false, true) if format.is_plain_table() => Format::choose("{{.Name}}", "", false),
        _ => format,
    };
    let query = Query::new().some("filters", filter::read(&matches.list("filter")).to_query().as_deref());
    let client = invocation.session.client().await?;
    let mut list: VolumeList = client.send(Request::get("/volumes").query(query)).await?.json().await?;
    list.volumes.sort_by(|a, b| natural::compare(&a.name, &b.name));
    out::print(&List { format: &format, table: TABLE, columns: COLUMNS }.render(list.volumes.iter().map(row))?)
}

/// One volume's row.
pub fn row(volume: &Volume) -> Value {
    let labels: Vec<(String, String)> = volume.labels.clone().unwrap_or_default().into_iter().collect();
    let text = |text: String| Value::from(text);
    // Only volumes of a swarm have these.
    let none = || Value::from("N/A");
    let usage = volume.usage_data;
    let fields = vec![
        ("Availability", none()),
        ("Driver", text(volume.driver.clone())),
        ("Group", none()),
        ("Labels", text(joined(&labels))),
        ("Links", usage.map_or_else(none, |usage| text(usage.ref_count.to_string()))),
        ("Mountpoint", text(volume.mountpoint.clone())),
        ("Name", text(volume.name.clone())),
        ("Scope", text(volume.scope.clone())),
        ("Size", usage.map_or_else(none, |usage| text(decimal_size(usage.size as f64)))),
        ("Status", none()),
    ];
    Row { type_name: "*formatter.volumeContext", fields, labels: Some(labels) }.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::volume::UsageData;

    #[test]
    fn usage_is_told_where_it_is_known() {
        let mut volume = Volume { name: "v".into(), driver: "local".into(), ..Volume::default() };
        let expect = r#"{"Availability":"N/A","Driver":"local","Group":"N/A","Labels":"","Links":"N/A","Mountpoint":"","Name":"v","Scope":"","Size":"N/A","Status":"N/A"}"#;
        assert_eq!(row(&volume).json(), expect);
        volume.usage_data = Some(UsageData { ref_count: 2, size: 1500 });
        let json = row(&volume).json();
        assert!(json.contains(r#""Links":"2""#) && json.contains(r#""Size":"1.5kB""#), "{json}");
    }
}
