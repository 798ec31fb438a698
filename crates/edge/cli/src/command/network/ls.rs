//! `network ls`.

use crate::command::container::ls::{joined, short_id};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List, Row, Value, natural};
use crate::opts::{check, filter, text};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::network::Network;
use client::{Query, Request};
use human::{go_string, local_zone, parse_rfc3339};
use jiff::tz::TimeZone;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "List networks",
    aliases: &["network ls", "network list"],
    args: Args::None,
    flags: &[
        Flag::new("filter", check::FILTER, "Provide filter values (e.g. \"driver=bridge\")").short('f'),
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("no-trunc", Kind::Bool, "Do not truncate the output"),
        Flag::new("quiet", Kind::Bool, "Only display network IDs").short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const COLUMNS: &[Column] = &[
    Column::new("ID", "NETWORK ID"),
    Column::new("Name", "NAME"),
    Column::new("Driver", "DRIVER"),
    Column::new("Scope", "SCOPE"),
    Column::new("IPv4", "IPV4"),
    Column::new("IPv6", "IPV6"),
    Column::new("Internal", "INTERNAL"),
    Column::new("Labels", "LABELS"),
    Column::new("CreatedAt", "CREATED AT"),
];

const TABLE: &str = "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}";
const RAW: &str = "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let quiet = matches.bool("quiet");
    let format = Format::choose(matches.str("format"), &invocation.session.config().networks_format, quiet);
    let format = match (format.is_raw(), quiet) {
        (true, true) => Format::choose("network_id: {{.ID}}", "", false),
        (true, false) => Format::choose(RAW, "", false),
        (false, true) if format.is_plain_table() => Format::choose("{{.ID}}", "", false),
        _ => format,
    };
    let query = Query::new().some("filters", filter::read(&matches.list("filter")).to_query().as_deref());
    let client = invocation.session.client().await?;
    let mut list: Vec<Network> = client.send(Request::get("/networks").query(query)).await?.json().await?;
    list.sort_by(|a, b| natural::compare(&a.name, &b.name));
    let (truncate, zone) = (!matches.bool("no-trunc"), local_zone());
    let rows = list.iter().map(|network| row(network, truncate, &zone));
    out::print(&List { format: &format, table: TABLE, columns: COLUMNS }.render(rows)?)
}

fn row(network: &Network, truncate: bool, zone: &TimeZone) -> Value {
    let labels: Vec<(String, String)> = network.labels.clone().into_iter().collect();
    let text = |text: String| Value::from(text);
    // A time that is written in UTC stays so.
    let zone = if network.created.ends_with('Z') { &TimeZone::UTC } else { zone };
    let created = parse_rfc3339(&network.created).map_or_else(|_| network.created.clone(), |at| go_string(at, zone));
    let fields = vec![
        ("CreatedAt", text(created)),
        ("Driver", text(network.driver.clone())),
        ("ID", text(if truncate { short_id(&network.id).into() } else { network.id.clone() })),
        ("IPv4", text(network.enable_ipv4.to_string())),
        ("IPv6", text(network.enable_ipv6.to_string())),
        ("Internal", text(network.internal.to_string())),
        ("Labels", text(joined(&labels))),
        ("Name", text(network.name.clone())),
        ("Scope", text(network.scope.clone())),
    ];
    Row { type_name: "*network.networkContext", fields, labels: Some(labels) }.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_a_row() {
        let network = Network {
            name: "host".into(),
            id: "6f97617e4afb4c153fa865b9f586fd68d5161dc319fc188fa6a6c6ddd7ffc733".into(),
            created: "2026-12-01T02:39:05.735833376Z".into(),
            enable_ipv4: true,
            ..Network::default()
        };
        assert_eq!(
            row(&network, true, &TimeZone::UTC).json(),
            r#"{"CreatedAt":"2026-12-01 02:39:05.735833376 +0000 UTC","Driver":"","ID":"6f97617e4afb","IPv4":"true","IPv6":"false","Internal":"false","Labels":"","Name":"host","Scope":""}"#
        );
    }
}
