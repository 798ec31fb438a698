//! The text of `version`.

use super::version::ClientVersion;
use api::system::{Component, Version};
use human::{Table, ansic, local_zone, parse_rfc3339};
use std::fmt::Write;

/// Client and server as docker prints them.
pub fn render(client: &ClientVersion, server: Option<&Version>) -> String {
    let mut out = String::new();
    let downgraded = match client.api_version == client.default_api_version {
        true => String::new(),
        false => format!(" (downgraded from {})", client.default_api_version),
    };
    let _ = write!(
        out,
        "Client:\n Version:\t{}\n API version:\t{}{downgraded}\n Go version:\t{}\n Git commit:\t{}\n Built:\t{}\n OS/Arch:\t{}/{}\n Context:\t{}\n",
        client.version,
        client.api_version,
        client.go_version,
        client.git_commit,
        client.build_time,
        client.os,
        client.arch,
        client.context
    );
    if let Some(server) = server {
        let name = &server.platform.name;
        let _ = writeln!(out, "\nServer:{}", if name.is_empty() { String::new() } else { format!(" {name}") });
        for component in components(server) {
            let _ = writeln!(out, " {}:", component.name);
            describe(&mut out, &component);
        }
    }
    Table::new(20, 1).align(&out)
}

/// Daemons of old tell no components; the engine is made of the other fields.
fn components(server: &Version) -> Vec<Component> {
    if !server.components.is_empty() {
        return server.components.clone();
    }
    let details = [
        ("ApiVersion", server.api_version.clone()),
        ("MinAPIVersion", server.min_api_version.clone()),
        ("GitCommit", server.git_commit.clone()),
        ("GoVersion", server.go_version.clone()),
        ("Os", server.os.clone()),
        ("Arch", server.arch.clone()),
        ("BuildTime", server.build_time.clone()),
        ("Experimental", server.experimental.to_string()),
    ];
    let details = details.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    vec![Component { name: "Engine".into(), version: server.version.clone(), details }]
}

fn describe(out: &mut String, component: &Component) {
    let detail = |name: &str| component.details.get(name).map_or("", String::as_str);
    let _ = writeln!(out, "  Version:\t{}", component.version);
    if component.name != "Engine" {
        for (name, value) in &component.details {
            let _ = writeln!(out, "  {name}:\t{value}");
        }
        return;
    }
    let _ = write!(
        out,
        "  API version:\t{} (minimum version {})\n  Go version:\t{}\n  Git commit:\t{}\n  Built:\t{}\n  OS/Arch:\t{}/{}\n  Experimental:\t{}\n",
        detail("ApiVersion"),
        detail("MinAPIVersion"),
        detail("GoVersion"),
        detail("GitCommit"),
        built(detail("BuildTime")),
        detail("Os"),
        detail("Arch"),
        detail("Experimental")
    );
}

/// The date of the build in words, where it is one.
fn built(text: &str) -> String {
    parse_rfc3339(text).map_or_else(|_| text.into(), |at| ansic(at, &local_zone()))
}
