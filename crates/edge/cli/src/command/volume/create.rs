//! `volume create`.

use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::opts::{check, labels};
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::volume::{Volume, VolumeCreateRequest};
use client::Request;
use std::collections::BTreeMap;

const MAP: Kind = Kind::CheckedList("map", |_| Ok(()));

const FLAGS: &[Flag] = &[
    of_cluster("availability", Kind::Str, "Cluster Volume availability (\"active\", \"pause\", \"drain\")")
        .default("active"),
    Flag::new("driver", Kind::Str, "Specify volume driver name").short('d').default("local"),
    of_cluster("group", Kind::Str, "Cluster Volume group (cluster volumes)"),
    Flag::new("label", check::LABEL, "Set metadata for a volume"),
    of_cluster("limit-bytes", check::BYTES, "Minimum size of the Cluster Volume in bytes"),
    Flag::new("name", Kind::Str, "Specify volume name").hidden(),
    Flag::new("opt", MAP, "Set driver specific options").short('o').default("map[]"),
    of_cluster("required-bytes", check::BYTES, "Maximum size of the Cluster Volume in bytes"),
    of_cluster("scope", Kind::Str, "Cluster Volume access scope (\"single\", \"multi\")").default("single"),
    of_cluster("secret", MAP, "Cluster Volume secrets").default("map[]"),
    of_cluster("sharing", Kind::Str, "Cluster Volume access sharing (\"none\", \"readonly\", \"onewriter\", \"all\")")
        .default("none"),
    of_cluster("topology-preferred", Kind::List, "A topology that the Cluster Volume would be preferred in"),
    of_cluster("topology-required", Kind::List, "A topology that the Cluster Volume must be accessible from"),
    of_cluster("type", Kind::Str, "Cluster Volume access type (\"mount\", \"block\")").default("block"),
];

/// A flag that makes a volume of a whole swarm.
const fn of_cluster(long: &'static str, kind: Kind, about: &'static str) -> Flag {
    Flag::new(long, kind, about).since(1, 42).swarm()
}

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] [VOLUME]",
    about: "Create a volume",
    aliases: &[],
    args: Args::AtMost(1),
    flags: FLAGS,
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let body = body(&invocation.matches).map_err(Exit::failure)?;
    let client = invocation.session.client().await?;
    let volume: Volume = client.send(Request::post("/volumes/create").json(&body)).await?.json().await?;
    out::line(&visible::on_terminal(&volume.name, rustix::stdio::stdout()))
}

fn body(matches: &Matches) -> Result<VolumeCreateRequest, String> {
    if let Some(flag) = matches.given().find(|flag| flag.swarm) {
        return Err(format!("--{} is not implemented yet: cluster volumes belong to a swarm", flag.long));
    }
    let given = matches.positional.first().map(String::as_str);
    if given.is_some() && matches.changed("name") {
        return Err(
            "conflicting options: cannot specify a volume-name through both --name and as a positional arg".into()
        );
    }
    let some = |map: BTreeMap<String, String>| Some(map).filter(|map| !map.is_empty());
    Ok(VolumeCreateRequest {
        driver: matches.str("driver").into(),
        driver_opts: some(labels::map(&matches.list("opt"))),
        labels: some(labels::map(&matches.list("label"))),
        name: given.unwrap_or(matches.str("name")).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(args: &[&str]) -> Result<String, String> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        body(&crate::flag::parse(FLAGS, true, &args).unwrap()).map(|body| serde_json::to_string(&body).unwrap())
    }

    #[test]
    fn only_what_is_given_is_sent() {
        assert_eq!(json(&[]).unwrap(), r#"{"Driver":"local"}"#);
        assert_eq!(
            json(&["--label", "a=b", "-o", "type=tmpfs", "nv"]).unwrap(),
            r#"{"Driver":"local","DriverOpts":{"type":"tmpfs"},"Labels":{"a":"b"},"Name":"nv"}"#
        );
    }

    #[test]
    fn what_contradicts_or_is_not_there_is_refused() {
        assert!(
            json(&["--name", "x", "y"]).unwrap_err().starts_with("conflicting options: cannot specify a volume-name")
        );
        assert!(json(&["--type", "block"]).unwrap_err().starts_with("--type is not implemented yet"));
    }
}
