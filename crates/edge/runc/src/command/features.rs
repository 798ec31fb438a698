//! `features`: tells what this runtime can do, by the specification's "Features Structure".

use serde_json::json;

use super::{Command, ONE};
use crate::error::{Error, Step as _};
use crate::global::Global;
use crate::parse::Parsed;

pub const COMMAND: Command = Command {
    name: "features",
    about: "tell what this runtime can do, as JSON",
    usage: "",
    arguments: (0, 0),
    run: features,
    ..ONE
};

fn features(_: &Global, _: &Parsed) -> Result<u8, Error> {
    let known = runtime::features();
    let features = json!({
        "ociVersionMin": "1.0.0",
        "ociVersionMax": oci::state::VERSION,
        "hooks": known.hooks,
        "mountOptions": known.mount_options,
        "linux": {
            "namespaces": known.namespaces,
            "capabilities": known.capabilities,
            "cgroup": { "v1": true, "v2": true, "systemd": true, "systemdUser": true, "rdma": true },
            "seccomp": {
                "enabled": true,
                "actions": known.seccomp_actions,
                "operators": known.seccomp_operators,
                "archs": known.seccomp_archs,
                "knownFlags": known.seccomp_flags,
                "supportedFlags": known.seccomp_flags,
            },
            "apparmor": { "enabled": true },
            "selinux": { "enabled": true },
            "intelRdt": { "enabled": false },
            "mountExtensions": { "idmap": { "enabled": known.idmap } },
        },
        "annotations": {
            "org.opencontainers.runc.version": env!("CARGO_PKG_VERSION"),
            "org.opencontainers.runc.checkpoint.enabled": "true",
        },
    });
    println!("{}", serde_json::to_string_pretty(&features).step("write the features")?);
    Ok(0)
}
