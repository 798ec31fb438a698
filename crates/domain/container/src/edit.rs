//! What becomes of a container's settings when ports, mounts and variables are added or taken away.

use api::container::{ContainerConfig, Edit, HostConfig};
use api::port::{Empty, PortBinding, PortMap};
use fault::{Fault, Result};

use crate::spec;

/// The settings after an edit.
///
/// # Errors
/// `InvalidParameter` for nonsense and for what is not there to be taken away, `Conflict` for what is there already.
pub fn apply(config: &ContainerConfig, host: &HostConfig, edit: &Edit) -> Result<(ContainerConfig, HostConfig)> {
    let (mut config, mut host) = (config.clone(), host.clone());
    ports(&mut config, &mut host, edit)?;
    variables(&mut config, edit)?;
    mounts(&mut host, edit)?;
    Ok((config, host))
}

fn ports(config: &mut ContainerConfig, host: &mut HostConfig, edit: &Edit) -> Result<()> {
    if edit.publish_add.is_empty() && edit.publish_remove.is_empty() {
        return Ok(());
    }
    if !matches!(host.network_mode.as_str(), "bridge" | "default") {
        let mode = &host.network_mode;
        return Err(Fault::conflict(format!("ports cannot be published with the network mode {mode:?}")));
    }
    let all = host.port_bindings.get_or_insert_default();
    for (port, bindings) in &edit.publish_remove {
        remove_port(all, &with_protocol(port), bindings.as_deref().unwrap_or_default())?;
    }
    for (port, bindings) in &edit.publish_add {
        let port = with_protocol(port);
        config.exposed_ports.get_or_insert_default().insert(port.clone(), Empty {});
        let places = all.entry(port.clone()).or_default().get_or_insert_default();
        let anywhere = [PortBinding::default()];
        let new = bindings.as_deref().filter(|bindings| !bindings.is_empty()).unwrap_or(&anywhere);
        if let Some(twice) = new.iter().find(|binding| !binding.host_port.is_empty() && places.contains(binding)) {
            return Err(Fault::conflict(format!("port {port} is published at {} already", place(twice))));
        }
        places.extend_from_slice(new);
    }
    Ok(())
}

fn remove_port(all: &mut PortMap, port: &str, bindings: &[PortBinding]) -> Result<()> {
    let missing = |what: String| Fault::invalid(format!("port {port} is not published{what}"));
    // A binding that names no port of the host means them all.
    let bindings: &[PortBinding] =
        if bindings.iter().any(|binding| binding.host_port.is_empty()) { &[] } else { bindings };
    let places = all.get_mut(port).ok_or_else(|| missing(String::new()))?.get_or_insert_default();
    for binding in bindings {
        let same = |have: &PortBinding| {
            have.host_port == binding.host_port && (binding.host_ip.is_empty() || have.host_ip == binding.host_ip)
        };
        let at = places.iter().position(same).ok_or_else(|| missing(format!(" at {}", place(binding))))?;
        places.remove(at);
    }
    if bindings.is_empty() || places.is_empty() {
        all.remove(port);
    }
    Ok(())
}

fn place(binding: &PortBinding) -> String {
    let PortBinding { host_ip, host_port } = binding;
    if host_ip.is_empty() { host_port.clone() } else { format!("{host_ip}:{host_port}") }
}

fn with_protocol(port: &str) -> String {
    if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") }
}

fn variables(config: &mut ContainerConfig, edit: &Edit) -> Result<()> {
    let name = |entry: &str| entry.split_once('=').map_or(entry, |(name, _)| name).to_owned();
    let env = config.env.get_or_insert_default();
    for unwanted in &edit.env_remove {
        let before = env.len();
        env.retain(|entry| name(entry) != *unwanted);
        if env.len() == before {
            return Err(Fault::invalid(format!("there is no variable {unwanted:?} to be removed")));
        }
    }
    for entry in &edit.env_add {
        if name(entry).is_empty() || !entry.contains('=') || entry.contains('\0') {
            return Err(Fault::invalid(format!("invalid environment variable: {entry}")));
        }
        env.retain(|have| name(have) != name(entry));
        env.push(entry.clone());
    }
    Ok(())
}

fn mounts(host: &mut HostConfig, edit: &Edit) -> Result<()> {
    for target in &edit.mount_remove {
        let binds = spec::binds(host)?;
        let bind = binds.iter().find(|bind| bind.target.as_os_str() == target.as_str());
        let bind = bind.ok_or_else(|| Fault::invalid(format!("nothing is bound at {target:?}")))?;
        let is_same =
            |mount: &api::container::Mount| mount.kind == "bind" && std::path::Path::new(&mount.target) == bind.target;
        host.mounts.iter_mut().for_each(|mounts| mounts.retain(|mount| !is_same(mount)));
        let goes = |text: &String| text.split(':').nth(1).is_some_and(|have| std::path::Path::new(have) == bind.target);
        host.binds.iter_mut().for_each(|binds| binds.retain(|text| !goes(text)));
    }
    for mount in &edit.mount_add {
        if mount.kind != "bind" {
            let kind = &mount.kind;
            return Err(Fault::not_implemented(format!(
                "adding a mount of type {kind:?} is not implemented yet: only binds"
            )));
        }
        host.mounts.get_or_insert_default().push(mount.clone());
    }
    // Also whether one stands where another does.
    spec::check(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::container::Mount;
    use fault::Kind;

    fn binding(port: &str) -> PortBinding {
        PortBinding { host_ip: String::new(), host_port: port.into() }
    }

    fn bind(source: &str, target: &str) -> Mount {
        Mount { kind: "bind".into(), source: source.into(), target: target.into(), ..Mount::default() }
    }

    fn start() -> (ContainerConfig, HostConfig) {
        let config = ContainerConfig { env: Some(vec!["A=1".into(), "B=2".into()]), ..ContainerConfig::default() };
        let host = HostConfig {
            network_mode: "bridge".into(),
            port_bindings: Some(PortMap::from([("80/tcp".into(), Some(vec![binding("8080"), binding("8081")]))])),
            binds: Some(vec!["/src:/old:ro".into()]),
            mounts: Some(vec![bind("/src", "/kept")]),
            ..HostConfig::default()
        };
        (config, host)
    }

    fn edited(change: impl FnOnce(&mut Edit)) -> Result<(ContainerConfig, HostConfig)> {
        let mut edit = Edit::default();
        change(&mut edit);
        let (config, host) = start();
        apply(&config, &host, &edit)
    }

    #[test]
    fn nothing_asked_changes_nothing() {
        let (config, host) = start();
        assert_eq!(edited(|_| ()).unwrap(), (config, host));
    }

    #[test]
    fn ports_come_and_go() {
        let (config, host) = edited(|edit| {
            edit.publish_add = PortMap::from([("53/udp".into(), Some(vec![binding("5353")]))]);
            edit.publish_remove = PortMap::from([("80".into(), Some(vec![binding("8081")]))]);
        })
        .unwrap();
        let ports = host.port_bindings.unwrap();
        assert_eq!(ports["80/tcp"], Some(vec![binding("8080")]));
        assert_eq!(ports["53/udp"], Some(vec![binding("5353")]));
        assert!(config.exposed_ports.unwrap().contains_key("53/udp"));
        let (_, host) = edited(|edit| edit.publish_remove = PortMap::from([("80".into(), None)])).unwrap();
        assert!(host.port_bindings.unwrap().is_empty());
    }

    #[test]
    fn variables_and_mounts_come_and_go() {
        let (config, host) = edited(|edit| {
            (edit.env_add, edit.env_remove) = (vec!["A=3".into(), "C=x=y".into()], vec!["B".into()]);
            (edit.mount_add, edit.mount_remove) = (vec![bind("/src", "/new")], vec!["/old".into(), "/kept".into()]);
        })
        .unwrap();
        assert_eq!(config.env.unwrap(), ["A=3", "C=x=y"]);
        assert_eq!((host.binds.unwrap().len(), host.mounts.unwrap()), (0, vec![bind("/src", "/new")]));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |change: fn(&mut Edit)| edited(change).unwrap_err().kind();
        let (invalid, conflict) = (Kind::InvalidParameter, Kind::Conflict);
        assert_eq!(refused(|edit| edit.publish_remove = PortMap::from([("81".into(), None)])), invalid);
        assert_eq!(
            refused(|edit| edit.publish_remove = PortMap::from([("80".into(), Some(vec![binding("1")]))])),
            invalid
        );
        assert_eq!(
            refused(|edit| edit.publish_add = PortMap::from([("80".into(), Some(vec![binding("8080")]))])),
            conflict
        );
        assert_eq!(refused(|edit| edit.env_remove = vec!["Z".into()]), invalid);
        assert_eq!(refused(|edit| edit.env_add = vec!["=1".into()]), invalid);
        assert_eq!(refused(|edit| edit.env_add = vec!["NAME".into()]), invalid);
        assert_eq!(refused(|edit| edit.mount_remove = vec!["/none".into()]), invalid);
        assert_eq!(refused(|edit| edit.mount_add = vec![bind("/src", "/kept")]), invalid);
        assert_eq!(refused(|edit| edit.mount_add = vec![bind("/src", "relative")]), invalid);
        assert_eq!(
            refused(|edit| edit.mount_add = vec![Mount { kind: "tmpfs".into(), ..Mount::default() }]),
            Kind::NotImplemented
        );
    }
}
