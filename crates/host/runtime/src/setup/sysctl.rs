//! Kernel parameters of the container's own namespaces.

use std::path::PathBuf;

use oci::runtime::Linux;
use rustix::fs::{OFlags, ResolveFlags};
use sys::clone::flag;
use sys::path;

use super::tree;
use crate::Error;
use crate::error::Step;
use crate::namespaces::Namespaces;
use crate::process::init::Init;

/// Parameters of the IPC namespace: namespaces(7) and ipc_namespaces(7).
const IPC: [&str; 11] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
    "kernel.sem_next_id",
    "kernel.msg_next_id",
    "kernel.shm_next_id",
];

/// Refuses parameters that would change the host.
///
/// # Errors
/// In runc's words: `sysctl "x" is not in a separate kernel namespace`.
pub(crate) fn check(linux: &Linux, namespaces: &Namespaces) -> Result<(), Error> {
    for (name, value) in &linux.sysctl {
        let dotted = dotted(name);
        let wrong = |why: &str| Err(Error::invalid(format!("sysctl {name:?} {why}")));
        if dotted.split('.').any(str::is_empty) || dotted.contains('\0') {
            return wrong("is no name of a kernel parameter");
        }
        if value.contains(['\n', '\0']) {
            return wrong("has a value of more than one line");
        }
        if dotted == "kernel.hostname" {
            return wrong("conflicts with hostname");
        }
        let needed = match dotted.as_str() {
            name if name.starts_with("net.") => flag::NEWNET,
            name if name.starts_with("fs.mqueue.") || IPC.contains(&name) => flag::NEWIPC,
            "kernel.domainname" => flag::NEWUTS,
            name if name.starts_with("user.") => flag::NEWUSER,
            _ => return wrong("is not in a separate kernel namespace"),
        };
        if !namespaces.has(needed) {
            return wrong("not allowed in host's namespace");
        }
    }
    Ok(())
}

/// A name may be written with slashes, in which case its dots are part of a component (interface names): sysctl(8).
fn dotted(name: &str) -> String {
    match name.find(['.', '/']).map(|at| name.as_bytes()[at]) {
        Some(b'/') => name.chars().map(|letter| if letter == '/' { '.' } else { letter }).collect(),
        _ => name.to_owned(),
    }
}

/// The file below `/proc/sys`.
fn file(name: &str) -> PathBuf {
    let exchange = |letter| match letter {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    match name.find(['.', '/']).map(|at| name.as_bytes()[at]) {
        Some(b'/') => name.into(),
        _ => name.chars().map(exchange).collect::<String>().into(),
    }
}

/// Writes the parameters, through a procfs that nobody can have put something over (CVE-2025-52881).
pub(crate) fn write(init: &mut Init<'_>) -> Result<(), Error> {
    if init.plan.linux.sysctl.is_empty() {
        return Ok(());
    }
    if init.procfs.is_none() {
        init.procfs = Some(tree::new_file_system("proc", None, &[], 0)?);
    }
    let procfs = init.procfs.as_ref().expect("made above");
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    for (name, value) in &init.plan.linux.sysctl {
        let path = PathBuf::from("sys").join(file(name));
        let step = || format!("write sysctl key {name}");
        let file = path::resolve(procfs, &path, OFlags::WRONLY, resolve).step(step())?;
        rustix::io::write(file, value.as_bytes()).step(step())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use oci::runtime::{Namespace, Spec};

    fn refusal(name: &str, value: &str) -> Option<String> {
        let own = ["mount", "network", "ipc"].map(|kind| Namespace { kind: kind.to_owned(), path: None });
        let linux = Linux {
            namespaces: own.to_vec(),
            sysctl: [(name.to_owned(), value.to_owned())].into(),
            ..Linux::default()
        };
        let spec = Spec { linux: Some(linux.clone()), ..Spec::default() };
        let namespaces = Namespaces::read(&spec, false).unwrap();
        check(&linux, &namespaces).err().map(|error| error.to_string())
    }

    #[test]
    fn only_what_the_container_owns_can_be_set() {
        for good in ["net.ipv4.ip_forward", "net/ipv4/conf/eth0.1/forwarding", "kernel.shmmax", "fs.mqueue.msg_max"] {
            assert_eq!(refusal(good, "1"), None, "{good}");
        }
        for (bad, why) in [
            ("kernel.core_pattern", "is not in a separate kernel namespace"),
            ("vm.overcommit_memory", "is not in a separate kernel namespace"),
            ("kernel.hostname", "conflicts with hostname"),
            ("kernel.domainname", "not allowed in host's namespace"),
            ("net.ipv4..ip_forward", "is no name of a kernel parameter"),
            ("net/../kernel/core_pattern", "is no name of a kernel parameter"),
        ] {
            assert_eq!(refusal(bad, "1"), Some(format!("sysctl {bad:?} {why}")));
        }
        assert!(refusal("net.ipv4.ip_forward", "1\nkernel.core_pattern=x").is_some());
    }

    #[test]
    fn names_become_files() {
        assert_eq!(file("net.ipv4.conf.eth0/1.forwarding"), PathBuf::from("net/ipv4/conf/eth0.1/forwarding"));
        assert_eq!(file("net/ipv4/conf/eth0.1/x"), PathBuf::from("net/ipv4/conf/eth0.1/x"));
    }
}
