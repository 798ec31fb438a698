//! `port`.

use super::each::{check, path};
use crate::exit::Exit;
use crate::format::natural;
use crate::stream::{out, visible};
use crate::tree::{Args, Command, Invocation};
use api::port::{PortBinding, PortMap};
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
    about: "List port mappings or a specific mapping for the container",
    aliases: &["container port", "port"],
    args: Args::Between(1, 2),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

/// What the command must know of the container.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Published {
    network_settings: Settings,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Settings {
    ports: PortMap,
}

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let name = &invocation.matches.positional[0];
    let port = invocation.matches.positional.get(1).map_or("", String::as_str);
    check(name)?;
    let client = invocation.session.client().await?;
    let container: Published = client.send(Request::get(path(name, "/json"))).await?.json().await?;
    let mut lines = match port {
        "" => all(&container.network_settings.ports),
        port => one(&container.network_settings.ports, port, name).map_err(Exit::failure)?,
    };
    lines.sort_by(|a, b| natural::compare(a, b));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    out::print(&visible::on_terminal(&text, rustix::stdio::stdout()))
}

fn all(ports: &PortMap) -> Vec<String> {
    let pairs = ports.iter().flat_map(|(port, bindings)| bindings.iter().flatten().map(move |binding| (port, binding)));
    pairs.map(|(port, binding)| format!("{port} -> {}", address(binding))).collect()
}

/// The addresses of one port; `wanted` may leave out the protocol.
fn one(ports: &PortMap, wanted: &str, container: &str) -> Result<Vec<String>, String> {
    let (number, protocol) = wanted.split_once('/').unwrap_or((wanted, ""));
    let protocol = if protocol.is_empty() { "tcp" } else { protocol };
    human::parse_uint(number, 10, 16).map_err(|error| format!("Error: invalid port ({number}): {error}"))?;
    match ports.get(&format!("{number}/{protocol}")).and_then(Option::as_ref).filter(|bindings| !bindings.is_empty()) {
        Some(bindings) => Ok(bindings.iter().map(address).collect()),
        None => Err(format!("Error: No public port '{wanted}' published for {container}")),
    }
}

fn address(binding: &PortBinding) -> String {
    match binding.host_ip.contains([':', '%']) {
        true => format!("[{}]:{}", binding.host_ip, binding.host_port),
        false => format!("{}:{}", binding.host_ip, binding.host_port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports() -> PortMap {
        let bind = |ip: &str, port: &str| PortBinding { host_ip: ip.into(), host_port: port.into() };
        [
            ("80/tcp".to_string(), Some(vec![bind("0.0.0.0", "8080"), bind("::", "8080")])),
            ("81/tcp".into(), None),
            ("9/udp".into(), Some(vec![bind("0.0.0.0", "9")])),
        ]
        .into()
    }

    #[test]
    fn addresses_are_joined_with_their_ports() {
        assert_eq!(all(&ports()), ["80/tcp -> 0.0.0.0:8080", "80/tcp -> [::]:8080", "9/udp -> 0.0.0.0:9"]);
        assert_eq!(one(&ports(), "9/udp", "c").unwrap(), ["0.0.0.0:9"]);
        assert_eq!(one(&ports(), "80", "c").unwrap().len(), 2);
    }

    #[test]
    fn refusals_are_dockers() {
        let refusal = |wanted: &str| one(&ports(), wanted, "c").unwrap_err();
        assert_eq!(refusal("81"), "Error: No public port '81' published for c");
        assert_eq!(refusal("9"), "Error: No public port '9' published for c");
        assert_eq!(refusal("x"), r#"Error: invalid port (x): strconv.ParseUint: parsing "x": invalid syntax"#);
        assert_eq!(
            refusal("99999"),
            r#"Error: invalid port (99999): strconv.ParseUint: parsing "99999": value out of range"#
        );
    }
}
