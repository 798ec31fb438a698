//! `network create`.

use super::ipam;
use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::opts::{check, labels};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::network::{ConfigReference, Ipam, NetworkCreateRequest, NetworkCreateResponse};
use client::Request;

const MAP: Kind = Kind::CheckedList("map", |_| Ok(()));

const FLAGS: &[Flag] = &[
    Flag::new("attachable", Kind::Bool, "Enable manual container attachment").since(1, 25),
    Flag::new("aux-address", MAP, "Auxiliary IPv4 or IPv6 addresses used by Network driver").default("map[]"),
    Flag::new("config-from", Kind::Str, "The network from which to copy the configuration").since(1, 30),
    Flag::new("config-only", Kind::Bool, "Create a configuration only network").since(1, 30),
    Flag::new("driver", Kind::Str, "Driver to manage the Network").short('d').default("bridge"),
    Flag::new("gateway", Kind::Strings, "IPv4 or IPv6 Gateway for the master subnet"),
    Flag::new("ingress", Kind::Bool, "Create swarm routing-mesh network").since(1, 29),
    Flag::new("internal", Kind::Bool, "Restrict external access to the network"),
    Flag::new("ip-range", Kind::Strings, "Allocate container ip from a sub-range"),
    Flag::new("ipam-driver", Kind::Str, "IP Address Management Driver").default("default"),
    Flag::new("ipam-opt", MAP, "Set IPAM driver specific options").default("map[]"),
    Flag::new("ipv4", Kind::Bool, "Enable or disable IPv4 address assignment").default("true"),
    Flag::new("ipv6", Kind::Bool, "Enable or disable IPv6 address assignment"),
    Flag::new("label", check::LABEL, "Set metadata on a network"),
    Flag::new("opt", MAP, "Set driver specific options").short('o').default("map[]"),
    Flag::new("scope", Kind::Str, "Control the network's scope").since(1, 30),
    Flag::new("subnet", Kind::Strings, "Subnet in CIDR format that represents a network segment"),
];

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] NETWORK",
    about: "Create a network",
    aliases: &[],
    args: Args::Exactly(1),
    flags: FLAGS,
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let body = body(&invocation.matches).map_err(Exit::failure)?;
    let client = invocation.session.client().await?;
    let answer: NetworkCreateResponse =
        client.send(Request::post("/networks/create").json(&body)).await?.json().await?;
    out::line(&answer.id)
}

fn body(matches: &Matches) -> Result<NetworkCreateRequest, String> {
    let pools = ipam::pools(&ipam::Wanted {
        subnets: matches.list("subnet"),
        ranges: matches.list("ip-range"),
        gateways: matches.list("gateway"),
        auxiliary: labels::map(&matches.list("aux-address")),
    })?;
    let from = matches.some("config-from");
    Ok(NetworkCreateRequest {
        name: matches.positional.first().cloned().unwrap_or_default(),
        driver: matches.str("driver").into(),
        scope: matches.str("scope").into(),
        enable_ipv4: matches.changed("ipv4").then(|| matches.bool("ipv4")),
        enable_ipv6: matches.changed("ipv6").then(|| matches.bool("ipv6")),
        ipam: Some(Ipam {
            driver: matches.str("ipam-driver").into(),
            options: Some(labels::map(&matches.list("ipam-opt"))),
            config: Some(pools),
        }),
        internal: matches.bool("internal"),
        attachable: matches.bool("attachable"),
        ingress: matches.bool("ingress"),
        config_only: matches.bool("config-only"),
        config_from: from.map(|network| ConfigReference { network }),
        options: Some(labels::map(&matches.list("opt"))),
        labels: Some(labels::map(&matches.list("label"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_dockers() {
        let json = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
            serde_json::to_string(&body(&crate::flag::parse(FLAGS, true, &args).unwrap()).unwrap()).unwrap()
        };
        assert_eq!(
            json(&["n5"]),
            r#"{"Driver":"bridge","Scope":"","IPAM":{"Driver":"default","Options":{},"Config":[]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,"ConfigFrom":null,"Options":{},"Labels":{},"Name":"n5"}"#
        );
        assert_eq!(
            json(&["--ipv6", "--ipv4=false", "--config-from", "c", "n"]),
            r#"{"Driver":"bridge","Scope":"","EnableIPv4":false,"EnableIPv6":true,"IPAM":{"Driver":"default","Options":{},"Config":[]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigOnly":false,"ConfigFrom":{"Network":"c"},"Options":{},"Labels":{},"Name":"n"}"#
        );
    }
}
