//! `inspect`, and how all inspections print.

use crate::command::{container, image};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Object, Template, Value, indent};
use crate::opts::text;
use crate::stream::{out, terminal, visible};
use crate::tree::{Args, Command, Invocation};
use bytes::Bytes;
use client::{Client, Query, Request};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] NAME|ID [NAME|ID...]",
    about: "Return low-level information on Docker objects",
    aliases: &[],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT).short('f'),
        Flag::new("size", Kind::Bool, "Display total file sizes if the type is container").short('s'),
        Flag::new("type", Kind::Str, "Only inspect objects of the given type"),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

/// An object's description as the daemon wrote it.
pub type Found = Result<Bytes, client::Error>;

/// The kinds of objects, in the order in which a name is looked for, with their paths.
const KINDS: [(&str, &str); 10] = [
    ("container", ""),
    ("image", ""),
    ("network", "/networks/"),
    ("volume", "/volumes/"),
    ("service", "/services/"),
    ("task", "/tasks/"),
    ("node", "/nodes/"),
    ("plugin", ""),
    ("secret", "/secrets/"),
    ("config", "/configs/"),
];

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let kind = matches.str("type");
    if matches.changed("type") && kind.is_empty() {
        return Err(Exit::failure(
            "type is empty: must be one of \"config\", \"container\", \"image\", \"network\", \"node\", \"plugin\", \"secret\", \"service\", \"task\", \"volume\"",
        ));
    }
    if !kind.is_empty() && !KINDS.iter().any(|(known, _)| *known == kind) {
        return Err(Exit::failure(format!(
            "unknown type: {}: must be one of \"config\", \"container\", \"image\", \"network\", \"node\", \"plugin\", \"secret\", \"service\", \"task\", \"volume\"",
            human::quote(kind)
        )));
    }
    let client = invocation.session.client().await?;
    let mut found = Vec::new();
    for name in &matches.positional {
        found.push(search(client, kind, name, matches.bool("size")).await);
    }
    show_with(matches.str("format"), found)
}

/// Looks for an object of any kind, or of one.
async fn search(client: &Client, wanted: &str, name: &str, size: bool) -> Result<Bytes, String> {
    for (kind, path) in KINDS {
        if !wanted.is_empty() && wanted != kind {
            continue;
        }
        let found = match kind {
            "container" => container::inspect::fetch(client, name, size).await,
            "image" => image::inspect::fetch(client, name, None).await,
            "plugin" => get(client, format!("/plugins/{}/json", Query::segment(name))).await,
            _ => get(client, format!("{path}{}", Query::segment(name))).await,
        };
        match found {
            Ok(bytes) => return Ok(bytes),
            Err(error) if !wanted.is_empty() => return Err(format!("{error}")),
            // A kind this daemon does not have, or a name that cannot be one of it, is looked for elsewhere.
            Err(error) if matches!(error.status(), Some(400 | 404 | 406 | 501 | 503)) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("Error: No such object: {name}"))
}

async fn get(client: &Client, path: String) -> Found {
    client.send(Request::get(path)).await?.bytes().await
}

/// Prints what was found, then what was not.
pub fn show(format: &str, found: Vec<Found>) -> Result<(), Exit> {
    show_with(format, found.into_iter().map(|found| found.map_err(|error| error.to_string())).collect())
}

/// The same for commands with words of their own for what was not found.
pub fn show_with(format: &str, found: Vec<Result<Bytes, String>>) -> Result<(), Exit> {
    let template = match format {
        "" | "json" => None,
        source => Some(
            Template::parse(source)
                .map_err(|error| Exit { code: 64, message: format!("template parsing error: {error}") })?,
        ),
    };
    let (mut objects, mut failures) = (Vec::new(), Vec::new());
    for one in found {
        match one {
            Ok(bytes) => objects.push(bytes),
            Err(why) => failures.push(why),
        }
    }
    let (text, broken) = match &template {
        Some(template) => run_template(template, &objects),
        None => (join(&objects, format == "json"), None),
    };
    let text = if terminal::stdout_is_terminal() { visible::visible(&text).into_owned() } else { text };
    out::print(&text)?;
    failures.extend(broken.map(|why| format!("template parsing error: {why}")));
    if failures.is_empty() { Ok(()) } else { Err(Exit::failure(failures.join("\n"))) }
}

/// All objects as one JSON list, indented or on one line.
fn join(objects: &[Bytes], compact: bool) -> String {
    let parts: Vec<&[u8]> = objects.iter().map(|bytes| bytes.trim_ascii()).collect();
    let all = [b"[".as_slice(), &parts.join(&b","[..]), b"]"].concat();
    match compact {
        true => format!("{}\n", String::from_utf8_lossy(&all)),
        false => indent(&all, "") + "\n",
    }
}

/// The template's output for each object, a line each, until one fails.
fn run_template(template: &Template, objects: &[Bytes]) -> (String, Option<String>) {
    let mut text = String::new();
    for bytes in objects {
        let json: serde_json::Value = match serde_json::from_slice(bytes) {
            Ok(json) => json,
            Err(error) => return (text + "\n", Some(error.to_string())),
        };
        match template.run(&typed("", &json)) {
            Ok(output) => text += &(output + "\n"),
            Err(why) => return (if text.is_empty() { "\n".into() } else { text }, Some(why)),
        }
    }
    (if text.is_empty() { "\n".into() } else { text }, None)
}

/// Objects that are maps in Go; all others are structures, which print differently.
const MAPS: [&str; 22] = [
    "Labels",
    "Ports",
    "PortBindings",
    "ExposedPorts",
    "Volumes",
    "Networks",
    "Sysctls",
    "Annotations",
    "Tmpfs",
    "StorageOpt",
    "Options",
    "Data",
    "DriverOpts",
    "Config",
    "Containers",
    "Attributes",
    "Details",
    "Runtimes",
    "IndexConfigs",
    "Status",
    "Aux",
    "AuxiliaryAddresses",
];

/// Fields that are pointers in Go; other fields without a value are lists or maps.
const POINTERS: [&str; 16] = [
    "ClusterVolume",
    "UsageData",
    "Health",
    "Healthcheck",
    "IPAMConfig",
    "Init",
    "MemorySwappiness",
    "OomKillDisable",
    "PidsLimit",
    "StopTimeout",
    "GraphDriver",
    "BindOptions",
    "VolumeOptions",
    "TmpfsOptions",
    "SizeRw",
    "SizeRootFs",
];

/// Fields that the daemon leaves out when they are empty, by the object they belong to. Templates may ask for them.
const OMITTED: [(&str, &[&str]); 5] = [
    ("volume", &["ClusterVolume", "Status", "UsageData"]),
    ("", &["SizeRw", "SizeRootFs"]),
    ("State", &["Health"]),
    ("Config", &["ExposedPorts", "Healthcheck", "StopTimeout", "Shell"]),
    ("HostConfig", &["Annotations", "StorageOpt", "Tmpfs", "Sysctls", "Mounts", "Init"]),
];

/// Fields whose names differ between Go and JSON; templates use either.
const SPELLINGS: [(&str, &str); 4] = [("Id", "ID"), ("HostIp", "HostIP"), ("ApiVersion", "APIVersion"), ("Ip", "IP")];

/// JSON as the Go structures that docker's client makes of it.
pub fn typed(key: &str, json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => null(key),
        serde_json::Value::Array(items) => Value::List(items.iter().map(|item| typed("[]", item)).collect()),
        serde_json::Value::Object(map) => {
            let field = |name: &String, value: &serde_json::Value| match (key, name.as_str()) {
                // A list here, a map in a log configuration.
                ("IPAM", "Config") if value.is_null() => Value::Null("[]"),
                _ => typed(name, value),
            };
            let fields: Vec<(String, Value)> =
                map.iter().map(|(name, value)| (name.clone(), field(name, value))).collect();
            let owner = if key.is_empty() && map.contains_key("Mountpoint") { "volume" } else { key };
            let known = OMITTED.iter().find(|(known, _)| *known == owner).map_or(&[][..], |(_, names)| *names);
            let missing = known.iter().filter(|name| !map.contains_key(**name));
            let mut omitted: Vec<(String, Value)> = missing.map(|name| (name.to_string(), null(name))).collect();
            for (json, go) in SPELLINGS {
                omitted.extend(
                    fields.iter().find(|(name, _)| name == json).map(|(_, value)| (go.to_string(), value.clone())),
                );
            }
            Object { type_name: "", fields, omitted, methods: Vec::new(), prints_bare: !is_map(key, map) }.into()
        }
        other => Value::from(other),
    }
}

fn null(name: &str) -> Value {
    match name {
        "[]" => Value::Nil,
        name if POINTERS.contains(&name) => Value::Null("<nil>"),
        name if MAPS.contains(&name) => Value::Null("map[]"),
        _ => Value::Null("[]"),
    }
}

/// `Config` is a structure in a container and a map in a log configuration.
fn is_map(key: &str, map: &serde_json::Map<String, serde_json::Value>) -> bool {
    MAPS.contains(&key) && !(key == "Config" && map.contains_key("Image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, json: &str) -> (String, Option<String>) {
        run_template(&Template::parse(source).unwrap(), &[Bytes::copy_from_slice(json.as_bytes())])
    }

    const CONTAINER: &str =
        r#"{"State":{"Status":"running","Pid":7,"Error":""},"Config":{"Labels":{"b":"2","a":"1"},"Image":"x"}}"#;

    #[test]
    fn structures_and_maps_print_as_in_go() {
        assert_eq!(render("{{.State}}", CONTAINER).0, "{running 7  <nil>}\n");
        assert_eq!(render("{{.Config.Labels}}", CONTAINER).0, "map[a:1 b:2]\n");
        assert_eq!(render("{{json .State}}", CONTAINER).0, "{\"Status\":\"running\",\"Pid\":7,\"Error\":\"\"}\n");
        assert_eq!(render("{{if .State.Health}}a{{else}}b{{end}}", CONTAINER).0, "b\n");
    }

    #[test]
    fn volumes_and_networks_have_fields_of_their_own() {
        let volume = r#"{"Name":"v","Mountpoint":"/v","Labels":null}"#;
        assert_eq!(render("{{.Labels}} {{.UsageData}} {{.Status}}", volume).0, "map[] <nil> map[]\n");
        assert_eq!(render("{{.IPAM.Config}}", r#"{"IPAM":{"Config":null}}"#).0, "[]\n");
    }

    #[test]
    fn a_failing_template_prints_an_empty_line() {
        let (text, why) = render("{{.Nope}}", CONTAINER);
        assert_eq!(text, "\n");
        assert_eq!(why.unwrap(), r#"template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope""#);
    }

    #[test]
    fn lists_are_indented_and_untouched() {
        assert_eq!(join(&[], false), "[]\n");
        assert_eq!(join(&[Bytes::from_static(b"{\"a\":1.0}\n")], false), "[\n    {\n        \"a\": 1.0\n    }\n]\n");
    }
}
