//! `ps`.

use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List, Row, Value};
use crate::opts::{check, filter, text};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::container::ContainerSummary;
use api::port::PortSummary;
use client::{Query, Request};
use human::{Instant, decimal_size_with, elapsed, go_string, local_zone, quote};
use std::collections::BTreeMap;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "List containers",
    aliases: &["container ls", "container list", "container ps", "ps"],
    args: Args::None,
    flags: &[
        Flag::new("all", Kind::Bool, "Show all containers (default shows just running)").short('a'),
        Flag::new("filter", check::FILTER, "Filter output based on conditions provided").short('f'),
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("last", Kind::Int, "Show n last created containers (includes all states)").short('n').default("-1"),
        Flag::new("latest", Kind::Bool, "Show the latest created container (includes all states)").short('l'),
        Flag::new("no-trunc", Kind::Bool, "Don't truncate output"),
        Flag::new("quiet", Kind::Bool, "Only display container IDs").short('q'),
        Flag::new("size", Kind::Bool, "Display total file sizes").short('s'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column::new("ID", "CONTAINER ID"),
    Column::new("Image", "IMAGE"),
    Column::new("Command", "COMMAND"),
    Column::new("CreatedAt", "CREATED AT"),
    Column::new("RunningFor", "CREATED"),
    Column::new("Status", "STATUS"),
    Column::new("State", "STATE"),
    Column::new("Ports", "PORTS"),
    Column::new("Names", "NAMES"),
    Column::new("Size", "SIZE"),
    Column::new("Labels", "LABELS"),
    Column::new("Mounts", "MOUNTS"),
    Column::new("LocalVolumes", "LOCAL VOLUMES"),
    Column::new("Networks", "NETWORKS"),
    Column::new("Platform", "PLATFORM"),
];

const TABLE: &str = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

/// Docker checks the format of this list before it makes the list, in its own words.
const ERRORS: [&str; 2] = ["failed to parse template", "failed to execute template"];

/// What `raw` means.
pub const RAW: &str = "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n\
    state: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\nnames: {{.Names}}\nlabels: {{- pad .Labels 1 0}}\n\
    ports: {{- pad .Ports 1 0}}\n";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let quiet = matches.bool("quiet");
    let format = Format::choose(matches.str("format"), &invocation.session.config().ps_format, quiet);
    let wants_size = matches.bool("size") || format.mentions(".Size") || format.mentions("{{json .}}");
    let last = if matches.bool("latest") && matches.int("last") == -1 { 1 } else { matches.int("last") };
    let query = Query::new()
        .flag("all", matches.bool("all"))
        .some("limit", Some(last).filter(|last| *last > 0).map(|last| last.to_string()).as_deref())
        .flag("size", wants_size)
        .some("filters", filter::read(&matches.list("filter")).to_query().as_deref());
    let client = invocation.session.client().await?;
    let list: Vec<ContainerSummary> = client.send(Request::get("/containers/json").query(query)).await?.json().await?;
    let view = View { truncate: !matches.bool("no-trunc"), now: now(), zone: local_zone() };
    let table = if matches.bool("size") { format!("{TABLE}\t{{{{.Size}}}}") } else { TABLE.to_string() };
    let (format, table) = special(format, quiet, table, matches.bool("size"));
    let shown = List { format: &format, table: &table, columns: COLUMNS };
    out::print(&shown.render_with(list.iter().map(|one| view.row(one)), ERRORS)?)
}

/// `--quiet` and `raw` are templates of their own.
fn special(format: Format, quiet: bool, table: String, size: bool) -> (Format, String) {
    if format.is_raw() {
        let raw = match (quiet, size) {
            (true, _) => "container_id: {{.ID}}".into(),
            (_, true) => format!("{RAW}size: {{{{.Size}}}}\n"),
            _ => RAW.into(),
        };
        return (Format::choose(&raw, "", false), table);
    }
    if quiet && format.is_plain_table() {
        return (Format::choose("{{.ID}}", "", false), table);
    }
    (format, table)
}

/// The present, in seconds since 1970.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |span| span.as_secs() as i64)
}

/// How the values of a row are made.
pub struct View {
    /// Long values are cut.
    pub truncate: bool,
    /// The present, in seconds since 1970.
    pub now: i64,
    /// The user's time zone.
    pub zone: jiff::tz::TimeZone,
}

impl View {
    /// One container's row.
    pub fn row(&self, one: &ContainerSummary) -> Value {
        let created = Instant { seconds: one.created, nanos: 0 };
        let labels: Vec<(String, String)> =
            one.labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let text = |text: String| Value::from(text);
        let networks: Vec<&str> = one.network_settings.networks.keys().map(String::as_str).collect();
        let fields = vec![
            ("Command", text(quote(&self.short(&one.command, 20)))),
            ("CreatedAt", text(go_string(created, &self.zone))),
            ("ID", text(if self.truncate { short_id(&one.id).into() } else { one.id.clone() })),
            ("Image", text(self.image(one))),
            ("Labels", text(joined(&labels))),
            ("LocalVolumes", text(one.mounts.iter().filter(|mount| mount.driver == "local").count().to_string())),
            ("Mounts", text(self.mounts(one))),
            ("Names", text(self.names(&one.names))),
            ("Networks", text(networks.join(","))),
            ("Platform", Value::Nil),
            ("Ports", text(ports(&one.ports))),
            ("RunningFor", text(elapsed(self.now - one.created))),
            ("Size", text(size(one))),
            ("State", text(one.state.clone())),
            ("Status", text(one.status.clone())),
        ];
        Row { type_name: "*formatter.ContainerContext", fields, labels: Some(labels) }.value()
    }

    fn short(&self, text: &str, width: usize) -> String {
        if self.truncate { ellipsis(text, width) } else { text.into() }
    }

    /// Names that belong to links have a second slash; they are left out of the short list.
    fn names(&self, names: &[String]) -> String {
        let names: Vec<&str> = names.iter().map(|name| name.strip_prefix('/').unwrap_or(name)).collect();
        match names.iter().find(|name| self.truncate && !name.contains('/')) {
            Some(name) => (*name).into(),
            None => names.join(","),
        }
    }

    fn image(&self, one: &ContainerSummary) -> String {
        if one.image.is_empty() {
            return "<no image>".into();
        }
        if !self.truncate {
            return one.image.clone();
        }
        if short_id(&one.image_id) == short_id(&one.image) {
            return short_id(&one.image).into();
        }
        // A digest beside the name is too long for a table.
        match one.image.parse::<names::Reference>() {
            Ok(reference) if reference.digest().is_some() => match reference.tag().map(|tag| reference.with_tag(tag)) {
                Some(Ok(tagged)) => tagged.familiar(),
                _ => reference.familiar_name(),
            },
            _ => one.image.clone(),
        }
    }

    fn mounts(&self, one: &ContainerSummary) -> String {
        let name = |mount: &api::container::MountPoint| {
            if mount.name.is_empty() { mount.source.clone() } else { mount.name.clone() }
        };
        one.mounts.iter().map(|mount| self.short(&name(mount), 15)).collect::<Vec<_>>().join(",")
    }
}

/// The first twelve digits of an id, without its algorithm.
pub fn short_id(id: &str) -> &str {
    let id = id.split_once(':').map_or(id, |(_, hex)| hex);
    id.get(..12).unwrap_or(id)
}

/// Cuts to `width` characters, the last of which is then an ellipsis.
pub fn ellipsis(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Labels as one text: `a=1,b=2`.
pub fn joined(labels: &[(String, String)]) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

fn size(one: &ContainerSummary) -> String {
    let own = decimal_size_with(one.size_rw as f64, 3);
    match one.size_root_fs {
        0 => own,
        whole => format!("{own} (virtual {})", decimal_size_with(whole as f64, 3)),
    }
}

/// Ports in one text: runs of equal mappings become ranges, differing mappings come last.
fn ports(ports: &[PortSummary]) -> String {
    let mut sorted: Vec<&PortSummary> = ports.iter().collect();
    sorted.sort_by_key(|port| (port.private_port, port.ip.clone(), port.public_port, port.protocol.clone()));
    let (mut keys, mut open) = (Vec::new(), BTreeMap::new());
    let (mut done, mut mapped) = (Vec::new(), Vec::new());
    for port in sorted {
        let inside = port.private_port;
        if !port.ip.is_empty() && port.public_port != inside {
            mapped.push(format!("{}->{inside}/{}", address(&port.ip, &port.public_port.to_string()), port.protocol));
            continue;
        }
        let key = (port.ip.clone(), port.protocol.clone());
        match open.get_mut(&key) {
            None => {
                keys.push(key.clone());
                open.insert(key, (inside, inside));
            }
            Some((_, last)) if last.checked_add(1) == Some(inside) => *last = inside,
            Some(run) => {
                done.push(range(&key, *run));
                *run = (inside, inside);
            }
        }
    }
    done.extend(keys.iter().filter_map(|key| open.get(key).map(|run| range(key, *run))));
    done.extend(mapped);
    done.join(", ")
}

fn range((ip, protocol): &(String, String), (first, last): (u16, u16)) -> String {
    let group = if first == last { first.to_string() } else { format!("{first}-{last}") };
    let group = if ip.is_empty() { group } else { format!("{}->{group}", address(ip, &group)) };
    format!("{group}/{protocol}")
}

fn address(ip: &str, port: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, private_port: u16, public_port: u16, protocol: &str) -> PortSummary {
        PortSummary { ip: ip.into(), private_port, public_port, protocol: protocol.into() }
    }

    #[test]
    fn ports_become_ranges() {
        assert_eq!(
            ports(&[port("", 81, 0, "tcp"), port("", 80, 0, "tcp"), port("", 90, 0, "tcp")]),
            "80-81/tcp, 90/tcp"
        );
        assert_eq!(
            ports(&[port("::", 53, 53, "udp"), port("0.0.0.0", 53, 53, "udp"), port("127.0.0.1", 80, 8080, "tcp")]),
            "0.0.0.0:53->53/udp, [::]:53->53/udp, 127.0.0.1:8080->80/tcp"
        );
    }

    fn view(truncate: bool) -> View {
        View { truncate, now: 1000, zone: jiff::tz::TimeZone::UTC }
    }

    fn summary() -> ContainerSummary {
        ContainerSummary {
            id: "8df8d85962f84091ad79aa1f697f9c82fb25415c2ccefa99bdb9899acd942a4b".into(),
            names: vec!["/other/link".into(), "/web".into()],
            image: "busybox@sha256:75d55159c808238c152c9730d05e159735bb26dbbf386e23dacbaa99a44a2f62".into(),
            command: "sh -c 'a long command line'".into(),
            created: 880,
            ..ContainerSummary::default()
        }
    }

    #[test]
    fn rows_are_shortened_unless_told_not_to() {
        let format =
            Format::choose("{{.ID}}|{{.Image}}|{{.Command}}|{{.Names}}|{{.RunningFor}}|{{.CreatedAt}}", "", false);
        let list = List { format: &format, table: TABLE, columns: COLUMNS };
        assert_eq!(
            list.render([view(true).row(&summary())]).unwrap(),
            "8df8d85962f8|busybox|\"sh -c 'a long comma…\"|web|2 minutes ago|1970-01-01 00:14:40 +0000 UTC\n"
        );
        let long = list.render([view(false).row(&summary())]).unwrap();
        assert!(long.starts_with("8df8d85962f84091ad79aa1f697f9c82fb25415c2ccefa99bdb9899acd942a4b|busybox@sha256:"));
        assert!(long.contains("\"sh -c 'a long command line'\"|other/link,web|"));
    }
}
