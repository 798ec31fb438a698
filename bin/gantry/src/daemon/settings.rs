//! Turns the options into what each part of the daemon is told.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use network::BridgeSetting;
use registry::InsecureHost;

use super::logging::Logging;
use super::options::Values;
use super::runtimes;

const DATA_ROOT: &str = "/var/lib/gantry";
const RUN_ROOT: &str = "/run/gantry";
const CGROUP_PARENT: &str = "/gantry";
/// Network namespaces made ahead of need.
const POOL: usize = 4;

/// What the daemon is told.
#[derive(Debug)]
pub struct Settings {
    /// Where the API is served.
    pub hosts: Vec<String>,
    /// The group of unix sockets.
    pub group: Option<String>,
    /// Where the process id is written.
    pub pidfile: PathBuf,
    /// The daemon's own log.
    pub logging: Logging,
    /// The engine's part.
    pub engine: engine::Settings,
}

/// Reads the options of the daemon called `program`; its name decides where it listens unless that is said.
pub fn read(program: &str, values: &Values) -> Result<Settings, String> {
    let run_root = absolute(values.text("exec-root").unwrap_or(RUN_ROOT))?;
    let default_pidfile = run_root.join("gantry.pid");
    check_storage_driver(values)?;
    let runtimes = runtimes::read(values.list("add-runtime"))?;
    Ok(Settings {
        hosts: hosts(program, values),
        group: Some(values.text("group").unwrap_or("docker").to_owned()).filter(|group| !group.is_empty()),
        pidfile: values.text("pidfile").map_or(Ok(default_pidfile), absolute)?,
        logging: logging(values)?,
        engine: engine::Settings {
            data_root: absolute(values.text("data-root").unwrap_or(DATA_ROOT))?,
            run_root,
            cgroup_parent: cgroup_parent(values)?,
            network: network(values)?,
            registry: registry(values)?,
            dns: parse_all(values.list("dns"), "dns")?,
            dns_search: values.list("dns-search").to_vec(),
            dns_options: values.list("dns-opt").to_vec(),
            log_driver: log_driver(values)?,
            log_options: pairs(values.list("log-opt")),
            labels: labels(values)?,
            default_runtime: default_runtime(values, &runtimes)?,
            runtimes,
            debug: values.switch("debug", false),
            stage: crate::STAGE,
        },
    })
}

/// `dockerd` serves where Docker's clients look; under our own names that place is left to Docker.
fn hosts(program: &str, values: &Values) -> Vec<String> {
    match values.list("host") {
        [] if program == "dockerd" => vec!["unix:///var/run/docker.sock".into()],
        [] => vec!["unix:///run/gantry/gantry.sock".into()],
        given => given.to_vec(),
    }
}

/// Makes a path absolute by the working directory, which the daemon itself does not depend on.
fn absolute(path: &str) -> Result<PathBuf, String> {
    std::path::absolute(Path::new(path)).map_err(|error| format!("path {path:?}: {error}"))
}

fn check_storage_driver(values: &Values) -> Result<(), String> {
    match values.text("storage-driver") {
        None | Some("" | "overlay2" | "overlayfs" | "overlay") => Ok(()),
        Some(other) => Err(format!("error initializing graphdriver: driver not supported: {other}")),
    }
}

/// The runtime of containers that name none.
fn default_runtime(values: &Values, known: &BTreeMap<String, shim_proto::Program>) -> Result<String, String> {
    let name = values.text("default-runtime").filter(|name| !name.is_empty()).unwrap_or(engine::BUILT_IN);
    if name != engine::BUILT_IN && !known.contains_key(name) {
        return Err(format!("specified default runtime '{name}' does not exist"));
    }
    Ok(name.to_owned())
}

fn cgroup_parent(values: &Values) -> Result<String, String> {
    let parent = values.text("cgroup-parent").unwrap_or(CGROUP_PARENT);
    if parent.ends_with(".slice") {
        return Err(format!("cgroup parent {parent:?}: the systemd cgroup driver is not implemented yet"));
    }
    if parent.split('/').any(|part| part == "..") {
        return Err(format!("cgroup parent {parent:?}: must not contain `..`"));
    }
    Ok(format!("/{}", parent.trim_matches('/')))
}

fn logging(values: &Values) -> Result<Logging, String> {
    let level = match values.text("log-level").unwrap_or("info") {
        _ if values.switch("debug", false) => "debug",
        "debug" => "debug",
        "info" => "info",
        "warn" => "warn",
        "error" | "fatal" => "error",
        other => return Err(format!("invalid logging level: {other}")),
    };
    let json = match values.text("log-format").unwrap_or("text") {
        "text" => false,
        "json" => true,
        other => return Err(format!("invalid log format: {other}")),
    };
    Ok(Logging { level, json, raw: values.switch("raw-logs", false) })
}

fn network(values: &Values) -> Result<network::Settings, String> {
    let bip = values.text("bip").filter(|bip| !bip.is_empty());
    let bridge = BridgeSetting::parse(values.text("bridge").unwrap_or_default());
    if bridge == BridgeSetting::Disabled && bip.is_some() {
        return Err("You specified -b & --bip, mutually exclusive options".into());
    }
    Ok(network::Settings {
        bridge,
        bip: bip.map(|bip| bip.parse().map_err(|_| format!("invalid CIDR address: {bip}"))).transpose()?,
        firewall: values.switch("iptables", true),
        ip_forward: values.switch("ip-forward", true),
        icc: values.switch("icc", true),
        default_bind_ip: parse_one(values.text("ip").unwrap_or("0.0.0.0"), "ip")?,
        mtu: parse_one(values.text("mtu").unwrap_or("0"), "mtu")?,
        pool: POOL,
    })
}

fn registry(values: &Values) -> Result<registry::Settings, String> {
    let mut settings = registry::Settings::standard(format!("docker/{} gantry", env!("CARGO_PKG_VERSION")));
    for host in values.list("insecure-registry") {
        settings.insecure.push(host.parse::<InsecureHost>().map_err(|error| error.to_string())?);
    }
    for mirror in values.list("registry-mirror") {
        settings.mirrors.push(registry::Settings::mirror(mirror).map_err(|error| error.to_string())?);
    }
    Ok(settings)
}

fn log_driver(values: &Values) -> Result<String, String> {
    match values.text("log-driver").unwrap_or("json-file") {
        driver @ ("json-file" | "none") => Ok(driver.to_owned()),
        other => Err(format!("logging driver {other:?} is not implemented yet")),
    }
}

fn pairs(list: &[String]) -> BTreeMap<String, String> {
    list.iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn labels(values: &Values) -> Result<Vec<String>, String> {
    match values.list("label").iter().find(|label| !label.contains('=')) {
        Some(label) => Err(format!("bad attribute format: {label}")),
        None => Ok(values.list("label").to_vec()),
    }
}

fn parse_one<T: std::str::FromStr>(text: &str, flag: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("invalid argument {text:?} for \"--{flag}\" flag"))
}

fn parse_all(list: &[String], flag: &str) -> Result<Vec<IpAddr>, String> {
    list.iter().map(|text| parse_one(text, flag)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::options::{Request, parse};
    use super::*;

    fn settings(args: &[&str]) -> Result<Settings, String> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        match parse(&args)? {
            Request::Run(values) => read("gantry daemon", &values),
            _ => Err("no run".into()),
        }
    }

    #[test]
    fn several_daemons_can_live_side_by_side() {
        let one = settings(&[
            "--data-root",
            "/a",
            "--exec-root=/b",
            "-H",
            "unix:///c",
            "--bridge",
            "br1",
            "--bip",
            "10.9.0.1/24",
        ])
        .unwrap();
        assert_eq!(one.engine.data_root, Path::new("/a"));
        assert_eq!(one.pidfile, Path::new("/b/gantry.pid"));
        assert_eq!(one.hosts, ["unix:///c"]);
        assert_eq!(one.engine.network.bridge, BridgeSetting::Named("br1".into()));
    }

    #[test]
    fn wrong_values_are_refused() {
        for args in [
            &["--bip", "10.0.0.1"][..],
            &["--storage-driver", "zfs"],
            &["--log-level", "loud"],
            &["--log-driver", "syslog"],
            &["--cgroup-parent", "/a/../b"],
            &["--registry-mirror", "ftp://x"],
            &["--dns", "x"],
            &["--label", "x"],
            &["--mtu", "big"],
        ] {
            assert!(settings(args).is_err(), "{args:?}");
        }
    }
}
