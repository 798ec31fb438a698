//! `network connect`.

use super::path;
use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::opts::check;
use crate::tree::{Args, Command, Invocation};
use api::network::{EndpointIpamConfig, EndpointSettings, NetworkConnect};
use client::Request;
use std::collections::BTreeMap;

const LINK: Kind = Kind::CheckedList("list", check::link);

const FLAGS: &[Flag] = &[
    Flag::new("alias", Kind::Strings, "Add network-scoped alias for the container"),
    Flag::new("driver-opt", Kind::Strings, "driver options for the network"),
    Flag::new(
        "gw-priority",
        Kind::Int,
        "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
    ),
    Flag::new("ip", Kind::Str, "IPv4 address (e.g., \"172.30.100.104\")"),
    Flag::new("ip6", Kind::Str, "IPv6 address (e.g., \"2001:db8::33\")"),
    Flag::new("link", LINK, "Add link to another container"),
    Flag::new("link-local-ip", Kind::Strings, "Add a link-local address for the container"),
];

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] NETWORK CONTAINER",
    about: "Connect a container to a network",
    aliases: &[],
    args: Args::Exactly(2),
    flags: FLAGS,
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let endpoint = endpoint(matches).map_err(Exit::failure)?;
    let body = NetworkConnect { container: matches.positional[1].clone(), endpoint_config: Some(endpoint) };
    let request = Request::post(path(&matches.positional[0], "/connect")?).json(&body);
    Ok(invocation.session.client().await?.send_quietly(request).await?)
}

fn endpoint(matches: &Matches) -> Result<EndpointSettings, String> {
    let options = matches.list("driver-opt");
    let pair = |text: &String| {
        let (name, value) = text.split_once('=').ok_or("invalid key/value pair format in driver options")?;
        Ok((name.trim().into(), value.trim().into()))
    };
    let links = matches.list("link");
    Ok(EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            ipv4_address: matches.str("ip").into(),
            ipv6_address: matches.str("ip6").into(),
            link_local_ips: matches.list("link-local-ip"),
        }),
        links: Some(links).filter(|links| !links.is_empty()),
        aliases: Some(matches.list("alias")),
        driver_opts: Some(options.iter().map(pair).collect::<Result<BTreeMap<_, _>, &str>>()?),
        gw_priority: matches.int("gw-priority"),
        ..EndpointSettings::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<EndpointSettings, String> {
        let args: Vec<String> = args.iter().map(|arg| arg.to_string()).collect();
        endpoint(&crate::flag::parse(FLAGS, true, &args).unwrap())
    }

    #[test]
    fn everything_given_is_sent() {
        let found = read(&["--alias", "a,b", "--driver-opt", "x=y", "--ip", "10.0.0.4", "--link", "va:q"]).unwrap();
        assert_eq!(found.aliases.unwrap(), ["a", "b"]);
        assert_eq!(found.driver_opts.unwrap()["x"], "y");
        assert_eq!(found.ipam_config.unwrap().ipv4_address, "10.0.0.4");
        assert_eq!(found.links.unwrap(), ["va:q"]);
        assert_eq!(read(&[]).unwrap().links, None);
        assert_eq!(read(&["--driver-opt", "x"]).unwrap_err(), "invalid key/value pair format in driver options");
    }
}
