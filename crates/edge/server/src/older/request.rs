//! What older clients mean when they create a container: fields that their version does not know are not theirs, and
//! defaults are those of their time.

use api::container::{ContainerCreateRequest, HostConfig, Mount};
use api::version::ApiVersion;
use fault::{Fault, Result};

/// The request as the newest version would say it.
///
/// # Errors
/// `InvalidParameter` for what the client's version cannot ask for.
pub(crate) fn container_create(version: ApiVersion, request: &mut ContainerCreateRequest) -> Result<()> {
    let before = |minor| version < ApiVersion::v1(minor);
    if let Some(health) = &mut request.config.healthcheck
        && before(44)
    {
        health.start_interval = 0;
    }
    if let Some(host) = &mut request.host_config {
        host_config(version, host)?;
    }
    endpoints(version, request)
}

fn host_config(version: ApiVersion, host: &mut HostConfig) -> Result<()> {
    let before = |minor| version < ApiVersion::v1(minor);
    // Zero and below have always meant no limit.
    host.pids_limit = host.pids_limit.filter(|&limit| limit > 0);
    if before(40) && host.ipc_mode.is_empty() {
        "shareable".clone_into(&mut host.ipc_mode);
    }
    if before(43) {
        host.annotations = None;
    }
    if before(42) {
        host.console_size = [0, 0];
    } else {
        host.kernel_memory = 0;
    }
    host.mounts.iter_mut().flatten().try_for_each(|one| mount(version, one))
}

fn mount(version: ApiVersion, mount: &mut Mount) -> Result<()> {
    let before = |minor| version < ApiVersion::v1(minor);
    if before(48) && mount.kind == "image" {
        return Err(Fault::invalid("mount type image is not supported in API < 1.48"));
    }
    if let Some(bind) = &mut mount.bind_options {
        bind.non_recursive &= !before(40);
        bind.create_mountpoint &= !before(42);
        bind.read_only_force_recursive &= !before(44);
    }
    if before(44) && mount.kind == "bind" && mount.read_only {
        // Read-only binds did not reach the mounts below them.
        mount.bind_options.get_or_insert_default().read_only_non_recursive = true;
    }
    if let Some(volume) = &mut mount.volume_options
        && before(45)
    {
        volume.subpath.clear();
    }
    if let Some(tmpfs) = &mut mount.tmpfs_options
        && before(46)
    {
        tmpfs.options = None;
    }
    Ok(())
}

fn endpoints(version: ApiVersion, request: &mut ContainerCreateRequest) -> Result<()> {
    let before = |minor| version < ApiVersion::v1(minor);
    let Some(networking) = &mut request.networking_config else { return Ok(()) };
    if before(44) && networking.endpoints_config.len() > 1 {
        let names: Vec<&str> = networking.endpoints_config.keys().map(String::as_str).collect();
        let names = crate::request::echo(&names.join(", "));
        return Err(Fault::invalid(format!("Container cannot be created with multiple network endpoints: {names}")));
    }
    for endpoint in networking.endpoints_config.values_mut().flatten() {
        if before(44) {
            endpoint.mac_address.clear();
        }
        if before(48) {
            endpoint.gw_priority = 0;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(minor: u16, body: &str) -> Result<ContainerCreateRequest> {
        let mut request: ContainerCreateRequest = api::json::from_slice(body.as_bytes()).unwrap();
        container_create(ApiVersion::v1(minor), &mut request).map(|()| request)
    }

    #[test]
    fn defaults_are_those_of_the_clients_time() {
        let of = |minor| check(minor, r#"{"HostConfig":{}}"#).unwrap().host_config.unwrap();
        assert_eq!((of(39).ipc_mode.as_str(), of(40).ipc_mode.as_str()), ("shareable", ""));
    }

    #[test]
    fn fields_of_later_versions_are_not_theirs() {
        let body = r#"{"Healthcheck":{"StartInterval":5},"HostConfig":{"Annotations":{"a":"b"},"PidsLimit":-1,"ConsoleSize":[5,6],
            "Mounts":[{"Type":"bind","ReadOnly":true,"BindOptions":{"CreateMountpoint":true}}]}}"#;
        let old = check(41, body).unwrap();
        let host = old.host_config.unwrap();
        let bind = host.mounts.unwrap().remove(0).bind_options.unwrap();
        assert_eq!(
            (old.config.healthcheck.unwrap().start_interval, host.annotations, host.pids_limit, host.console_size),
            (0, None, None, [0, 0])
        );
        assert!(!bind.create_mountpoint && bind.read_only_non_recursive);
        let newest = check(51, body).unwrap().host_config.unwrap();
        assert!(newest.annotations.is_some() && newest.console_size == [5, 6]);
        assert!(newest.mounts.unwrap().remove(0).bind_options.unwrap().create_mountpoint);
    }

    #[test]
    fn what_an_old_version_cannot_ask_for_is_refused() {
        let two = r#"{"NetworkingConfig":{"EndpointsConfig":{"a":{},"b":{}}}}"#;
        assert!(check(43, two).is_err() && check(44, two).is_ok());
        let image = r#"{"HostConfig":{"Mounts":[{"Type":"image"}]}}"#;
        assert!(check(47, image).is_err() && check(48, image).is_ok());
    }
}
