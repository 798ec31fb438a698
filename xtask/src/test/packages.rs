//! Debian packages that the tests need.

use std::path::Path;

use anyhow::{Result, bail};

use crate::command::Line;

/// Each package, and what needs it.
const NEEDED: &[(&str, &str)] = &[
    ("bsdutils", "a terminal for programs that ask for one (script)"),
    ("busybox-static", "images and containers with one program"),
    ("ca-certificates", "HTTPS of the tools below"),
    ("containerd", "the runtime of other engines: ctr"),
    ("crun", "containers of another runtime"),
    ("curl", "pages of published ports, as a user fetches them"),
    ("docker-registry", "pull and push against a real registry"),
    ("docker.io", "the stock client and the incumbent beside us"),
    ("iproute2", "what the kernel says of links and addresses"),
    ("libc6-dev", "the compiler's own headers, and those of the kernel"),
    ("libseccomp-dev", "seccomp programs compared with libseccomp's"),
    ("mmdebstrap", "the Debian image with python3"),
    ("mount", "mounts that a test makes for itself"),
    ("nftables", "what the kernel says of our table"),
    ("podman", "the runtime of other engines: Podman"),
    ("python3-msgpack", "a receiver of logs that reads fluentd's protocol with a library of another make"),
    ("rsyslog", "a receiver of logs by syslog"),
    ("rsyslog-gnutls", "the same by TLS"),
    ("runc", "the runtime that ours stands in for"),
    ("skopeo", "images moved by another tool"),
    ("systemd", "a manager that makes control groups for the runtime, and a journal that takes logs"),
    ("tar", "archives of another make"),
    ("uidmap", "ids that an ordinary user was given"),
    ("util-linux", "namespaces, sessions and users of a test's own"),
];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    NEEDED.iter().map(|(name, _)| *name)
}

/// Installs those that are missing; on a machine without Debian's tools, says what is needed.
pub fn install(root: &Path) -> Result<()> {
    let query: Vec<&str> =
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"].into_iter().chain(names()).collect();
    let Some(answer) = Line::new(&query).output(root) else {
        let names: Vec<&str> = names().collect();
        bail!("dpkg-query cannot be run, so this is no Debian; install what these packages hold: {}", names.join(" "));
    };
    let missing = missing(&answer);
    if missing.is_empty() {
        return Ok(());
    }
    for (name, purpose) in &missing {
        eprintln!("{name} is not installed; it is for: {purpose}");
    }
    apt(&["update"], &[]).run(root)?;
    let names: Vec<String> = missing.iter().map(|(name, _)| (*name).to_owned()).collect();
    apt(&["install", "--yes", "--no-install-recommends"], &names).run(root)
}

fn missing(answer: &str) -> Vec<(&'static str, &'static str)> {
    let installed: Vec<&str> = answer.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    NEEDED.iter().copied().filter(|(name, _)| !installed.contains(name)).collect()
}

fn apt(words: &[&str], names: &[String]) -> Line {
    let words: Vec<&str> = ["apt-get", "--quiet"].into_iter().chain(words.iter().copied()).collect();
    // In runlevel 1 no package starts its service: the tests start their own, where nobody else has one.
    Line::new(&words).and(names).with("DEBIAN_FRONTEND", "noninteractive").with("RUNLEVEL", "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_is_missing() {
        let all: String = NEEDED.iter().map(|(name, _)| format!("{name} installed\n")).collect();
        assert!(missing(&all).is_empty());
        let removed = all.replace("skopeo installed", "skopeo config-files").replace("tar installed\n", "");
        assert_eq!(missing(&removed).iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["skopeo", "tar"]);
    }

    #[test]
    fn the_list_is_in_order_and_has_reasons() {
        assert!(NEEDED.is_sorted_by_key(|(name, _)| *name));
        assert!(NEEDED.iter().all(|(_, purpose)| !purpose.is_empty()));
    }
}
