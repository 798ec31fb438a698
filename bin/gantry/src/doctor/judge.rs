//! What the facts mean.

use super::facts::{Data, Facts};

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Fine,
    /// Something does not work, or not as well as it could.
    Weak,
    /// Containers cannot run.
    Broken,
}

/// One judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub told: String,
    /// What to do; empty where there is nothing to do.
    pub mend: String,
}

type Check = fn(&Facts) -> Finding;

/// All judgements, in the order in which they are told.
pub fn all(facts: &Facts) -> Vec<Finding> {
    const CHECKS: [Check; 14] = [
        user,
        kernel,
        overlay,
        control_groups,
        controllers,
        seccomp,
        apparmor,
        firewall,
        forwarding,
        neighbours,
        data_place,
        data_room,
        programs,
        limits,
    ];
    CHECKS.iter().map(|check| check(facts)).collect()
}

fn fine(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { severity: Severity::Fine, what, told: told.into(), mend: String::new() }
}

fn weak(what: &'static str, told: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { severity: Severity::Weak, what, told: told.into(), mend: mend.into() }
}

fn broken(what: &'static str, told: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { severity: Severity::Broken, what, told: told.into(), mend: mend.into() }
}

fn user(facts: &Facts) -> Finding {
    match facts.is_root {
        true => fine("user", "root"),
        false => broken("user", "the daemon must be root", "run it with sudo, or by its systemd unit"),
    }
}

/// openat2(2) came with 5.6, and idmapped mounts with 5.12.
fn kernel(facts: &Facts) -> Finding {
    let (major, minor) = facts.kernel;
    let told = format!("Linux {major}.{minor}");
    match facts.kernel {
        (5, 12..) | (6.., _) => fine("kernel", told),
        (5, 6..) => weak("kernel", format!("{told}: no idmapped mounts"), "boot 5.12 or newer"),
        _ => broken("kernel", format!("{told} is older than all that this is tested with"), "boot 5.12 or newer"),
    }
}

fn overlay(facts: &Facts) -> Finding {
    match facts.has_overlay {
        true => fine("overlayfs", "there"),
        false => broken("overlayfs", "images need it, and the kernel has none", "modprobe overlay"),
    }
}

fn control_groups(facts: &Facts) -> Finding {
    match (facts.cgroup_v2, facts.controllers.is_empty()) {
        (_, true) => broken("control groups", "none are mounted", "mount -t cgroup2 none /sys/fs/cgroup"),
        (true, false) => fine("control groups", "version 2"),
        (false, false) => fine("control groups", "version 1"),
    }
}

fn controllers(facts: &Facts) -> Finding {
    let block = if facts.cgroup_v2 { "io" } else { "blkio" };
    let missing: Vec<&str> = ["memory", "cpu", "cpuset", "pids", block]
        .into_iter()
        .filter(|name| !facts.controllers.contains(*name))
        .collect();
    if missing.is_empty() {
        return fine("limits", "memory, processors, processes and block devices can be limited");
    }
    let mend = match missing.contains(&"memory") {
        true => "boot with cgroup_enable=memory swapaccount=1 on the kernel's command line",
        false => "boot a kernel with these controllers, or switch them on for the root group",
    };
    weak("limits", format!("no controller for {}", missing.join(", ")), mend)
}

fn seccomp(facts: &Facts) -> Finding {
    match facts.has_seccomp {
        true => fine("system call filters", "there"),
        false => broken("system call filters", "the kernel has no seccomp", "boot a kernel with CONFIG_SECCOMP_FILTER"),
    }
}

fn apparmor(facts: &Facts) -> Finding {
    match facts.apparmor {
        None => fine("AppArmor", "the kernel does not confine by it"),
        Some(apparmor) if apparmor.has_parser => fine("AppArmor", "there"),
        Some(_) => weak(
            "AppArmor",
            "containers are not confined: the program that loads profiles is missing",
            "install the package apparmor",
        ),
    }
}

fn firewall(facts: &Facts) -> Finding {
    match facts.has_nftables {
        true => fine("nftables", "there"),
        false => weak("nftables", "no ports can be published", "modprobe nf_tables nft_chain_nat nft_masq"),
    }
}

fn forwarding(facts: &Facts) -> Finding {
    if facts.forwards == Some(false) {
        return weak(
            "forwarding",
            "net.ipv4.ip_forward is off; the daemon switches it on when it starts, unless --ip-forward=false",
            "sysctl -w net.ipv4.ip_forward=1",
        );
    }
    if !facts.dropping.is_empty() {
        let tables = facts.dropping.join(", ");
        return weak(
            "forwarding",
            format!("the policy of {tables} drops what is forwarded, and with it what containers send and get"),
            "accept what comes from and goes to the bridge there, as by `iptables -I FORWARD -i gantry0 -j ACCEPT` and \
             `iptables -I FORWARD -o gantry0 -j ACCEPT`",
        );
    }
    fine("forwarding", if facts.forwards.is_some() { "on" } else { "this kernel has no IPv4" })
}

fn neighbours(facts: &Facts) -> Finding {
    match (facts.docker_runs, facts.bridge_filters) {
        (true, _) => weak(
            "neighbours",
            "Docker runs beside us: its firewall drops what is forwarded for others",
            "let one of the two publish ports, or add the rules named under forwarding to the chain DOCKER-USER",
        ),
        (false, true) => weak(
            "neighbours",
            "br_netfilter is loaded: rules for forwarded packets count between containers of one bridge, too",
            "sysctl -w net.bridge.bridge-nf-call-iptables=0, unless something needs it",
        ),
        (false, false) => fine("neighbours", "nobody is in the way"),
    }
}

fn data_place(facts: &Facts) -> Finding {
    const WHAT: &str = "data root";
    let Some(Data { path, read_only, nosuid, nodev, noexec, file_system, .. }) = &facts.data else {
        return broken(WHAT, "it cannot be looked at", "name another with --data-root");
    };
    let elsewhere = "name a directory of a local ext4 or xfs with --data-root";
    if *read_only {
        return broken(WHAT, format!("{path} is read-only"), elsewhere);
    }
    let holds_none = ["nfs", "nfs4", "cifs", "smb3", "9p", "overlay", "vfat", "exfat", "proc", "sysfs"];
    // With the name of the program behind it: `fuse.sshfs`.
    if holds_none.contains(&file_system.as_str()) || file_system.starts_with("fuse") {
        return broken(WHAT, format!("{path} is of {file_system}, which holds no layers"), elsewhere);
    }
    let flags = [(*nosuid, "nosuid"), (*nodev, "nodev"), (*noexec, "noexec")];
    let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    match flags.as_slice() {
        [] => fine(WHAT, format!("{path} is of {file_system}")),
        flags => {
            let list = flags.join(",");
            weak(WHAT, format!("{path} is mounted {list}: programs of images need what that forbids"), elsewhere)
        }
    }
}

fn data_room(facts: &Facts) -> Finding {
    const LITTLE: u64 = 1 << 30;
    const FEW: u64 = 100_000;
    let Some(data) = &facts.data else { return fine("room", "unknown") };
    let free = human::bytes_size(data.free as f64);
    let mend = "gantry system prune, or another --data-root";
    match (data.free < LITTLE, data.free_inodes < FEW) {
        (true, _) => weak("room", format!("{free} are free"), mend),
        (_, true) => weak("room", format!("only {} files more can be made", data.free_inodes), mend),
        _ => fine("room", format!("{free} are free")),
    }
}

fn programs(facts: &Facts) -> Finding {
    match (facts.programs.contains("ps"), facts.programs.contains("criu")) {
        (true, true) => fine("programs", "ps and criu are there"),
        (true, false) => fine("programs", "ps is there; criu, for checkpoints, is not"),
        (false, _) => weak("programs", "`top` lists processes by ps, which is missing", "install the package procps"),
    }
}

fn limits(facts: &Facts) -> Finding {
    const FEW: u64 = 10_000;
    match (facts.most_threads < FEW, facts.open_files < FEW) {
        (true, _) => weak(
            "kernel's limits",
            format!("only {} threads on the whole host", facts.most_threads),
            "sysctl -w kernel.threads-max=100000",
        ),
        (_, true) => weak(
            "kernel's limits",
            format!("only {} open files on the whole host", facts.open_files),
            "sysctl -w fs.file-max=1000000",
        ),
        _ => fine("kernel's limits", "enough"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::AppArmor;
    use super::*;

    fn good() -> Facts {
        let controllers = ["memory", "cpu", "cpuset", "pids", "io"].map(str::to_owned).into();
        Facts {
            is_root: true,
            kernel: (6, 1),
            has_overlay: true,
            has_seccomp: true,
            cgroup_v2: true,
            controllers,
            has_nftables: true,
            forwards: Some(true),
            data: Some(Data {
                path: "/var/lib".into(),
                free: 1 << 40,
                free_inodes: u64::MAX,
                read_only: false,
                nosuid: false,
                nodev: false,
                noexec: false,
                file_system: "ext4".into(),
            }),
            programs: ["ps"].into(),
            most_threads: 100_000,
            open_files: 1_000_000,
            ..Facts::default()
        }
    }

    fn check(change: impl FnOnce(&mut Facts), what: &str, severity: Severity) {
        let mut facts = good();
        change(&mut facts);
        let wrong: Vec<Finding> =
            all(&facts).into_iter().filter(|finding| finding.severity != Severity::Fine).collect();
        assert_eq!(wrong.len(), 1, "{what}: {wrong:?}");
        assert_eq!((wrong[0].what, wrong[0].severity), (what, severity));
        assert!(!wrong[0].mend.is_empty(), "{what}: whoever hears of it wants to know what to do");
    }

    #[test]
    fn a_good_host_has_nothing_wrong() {
        assert!(all(&good()).iter().all(|finding| finding.severity == Severity::Fine));
    }

    #[test]
    fn each_fault_is_found_by_itself_with_its_mend() {
        use Severity::{Broken, Weak};
        check(|facts| facts.is_root = false, "user", Broken);
        check(|facts| facts.kernel = (4, 19), "kernel", Broken);
        check(|facts| facts.kernel = (5, 10), "kernel", Weak);
        check(|facts| facts.has_overlay = false, "overlayfs", Broken);
        check(|facts| facts.controllers.retain(|name| name != "memory"), "limits", Weak);
        check(|facts| facts.has_seccomp = false, "system call filters", Broken);
        check(|facts| facts.apparmor = Some(AppArmor { has_parser: false }), "AppArmor", Weak);
        check(|facts| facts.has_nftables = false, "nftables", Weak);
        check(|facts| facts.forwards = Some(false), "forwarding", Weak);
        check(|facts| facts.dropping = vec!["ip filter".into()], "forwarding", Weak);
        check(|facts| facts.docker_runs = true, "neighbours", Weak);
        check(|facts| facts.bridge_filters = true, "neighbours", Weak);
        let data = |facts: &mut Facts, change: fn(&mut Data)| facts.data.iter_mut().for_each(change);
        check(|facts| data(facts, |data| data.read_only = true), "data root", Broken);
        check(|facts| data(facts, |data| data.file_system = "nfs4".into()), "data root", Broken);
        check(|facts| data(facts, |data| data.file_system = "fuse.sshfs".into()), "data root", Broken);
        check(|facts| data(facts, |data| data.noexec = true), "data root", Weak);
        check(|facts| data(facts, |data| data.free = 1), "room", Weak);
        check(|facts| data(facts, |data| data.free_inodes = 1), "room", Weak);
        check(|facts| facts.programs.clear(), "programs", Weak);
        check(|facts| facts.most_threads = 100, "kernel's limits", Weak);
        check(|facts| facts.open_files = 100, "kernel's limits", Weak);
    }

    #[test]
    fn without_control_groups_both_judgements_say_so() {
        let facts = Facts { controllers: Default::default(), ..good() };
        let wrong = all(&facts).into_iter().filter(|finding| finding.severity != Severity::Fine).count();
        assert_eq!(wrong, 2);
    }
}
