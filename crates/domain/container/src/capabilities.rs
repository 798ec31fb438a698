//! Which capabilities a container gets: capabilities(7), Docker's default fourteen, `--cap-add` and `--cap-drop`.

use fault::{Fault, Result, Step as _};

/// What a container has unless it asks for more or less: Docker's documented default.
pub const DEFAULT: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// Every capability of Linux, by number (include/uapi/linux/capability.h).
pub const ALL: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// The set for a container, in the kernel's order.
pub fn effective(add: &[String], drop: &[String], privileged: bool) -> Result<Vec<String>> {
    let add = normalize(add).step("invalid CapAdd")?;
    let drop = normalize(drop).step("invalid CapDrop")?;
    if privileged {
        return Ok(ALL.iter().map(|&name| name.to_owned()).collect());
    }
    let has = |list: &[String], name: &str| list.iter().any(|item| item == name);
    let keep = |name: &str| {
        let wanted = has(&add, "ALL") || has(&add, name) || (DEFAULT.contains(&name) && !has(&drop, "ALL"));
        wanted && !has(&drop, name)
    };
    Ok(ALL.iter().filter(|name| keep(name)).map(|&name| name.to_owned()).collect())
}

/// Upper case, with the `CAP_` prefix; `ALL` stays as it is.
pub fn normalize(names: &[String]) -> Result<Vec<String>> {
    names.iter().map(|name| normalize_one(name)).collect()
}

fn normalize_one(name: &str) -> Result<String> {
    let upper = name.to_ascii_uppercase();
    if upper == "ALL" {
        return Ok(upper);
    }
    let full = if upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") };
    if ALL.contains(&full.as_str()) { Ok(full) } else { Err(Fault::invalid(format!("unknown capability: {full:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(add: &[&str], drop: &[&str]) -> Vec<String> {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        effective(&own(add), &own(drop), false).unwrap()
    }

    #[test]
    fn the_default_is_docker_s_fourteen() {
        let mut expected: Vec<&str> = DEFAULT.to_vec();
        let mut got = set(&[], &[]);
        expected.sort_unstable();
        got.sort();
        assert_eq!(got, expected);
    }

    #[test]
    fn adding_and_dropping() {
        assert!(set(&["net_admin"], &[]).contains(&"CAP_NET_ADMIN".to_owned()));
        assert_eq!(set(&["CAP_KILL"], &["all"]), ["CAP_KILL"]);
        assert_eq!(set(&["ALL"], &["KILL"]).len(), ALL.len() - 1);
        assert!(effective(&["nonsense".into()], &[], false).is_err());
        assert!(effective(&[], &["nonsense".into()], true).is_err());
    }
}
