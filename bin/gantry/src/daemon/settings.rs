//! Turns the options into what each part of the daemon is told.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::container::Ulimit;
use network::BridgeSetting;
use registry::InsecureHost;

use super::logging::Logging;
use super::options::Values;
use super::{runtimes, tls};

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
    /// Where collectors of metrics are served: host and port.
    pub metrics: Option<String>,
    /// The certificates of encrypted TCP.
    pub tls: Option<server::Tls>,
    /// Where the process id is written.
    pub pidfile: PathBuf,
    /// The daemon's own log.
    pub logging: Logging,
    /// What is written to the daemon's `oom_score_adj` (proc_pid_oom_score_adj(5)).
    pub oom_score_adjust: Option<String>,
    /// The engine's part.
    pub engine: engine::Settings,
}

/// Reads the options of the daemon called `program`; its name decides where it listens unless that is said.
pub fn read(program: &str, values: &Values) -> Result<Settings, String> {
    let run_root = absolute(values.text("exec-root").unwrap_or(RUN_ROOT))?;
    let default_pidfile = run_root.join("gantry.pid");
    check_storage_driver(values)?;
    let runtimes = runtimes::read(values.list("add-runtime"))?;
    let tls = tls::read(values)?;
    Ok(Settings {
        hosts: hosts(program, values, tls.is_some()),
        tls,
        group: Some(values.text("group").unwrap_or("docker").to_owned()).filter(|group| !group.is_empty()),
        metrics: values.text("metrics-addr").filter(|address| !address.is_empty()).map(str::to_owned),
        pidfile: values.text("pidfile").map_or(Ok(default_pidfile), absolute)?,
        logging: logging(values)?,
        oom_score_adjust: oom_score_adjust(values)?,
        engine: engine::Settings {
            data_root: absolute(values.text("data-root").unwrap_or(DATA_ROOT))?,
            run_root,
            cgroup_parent: cgroup_parent(values)?,
            network: network(values)?,
            dns: parse_all(values.list("dns"), "dns")?,
            dns_search: values.list("dns-search").to_vec(),
            dns_options: values.list("dns-opt").to_vec(),
            log_driver: log_driver(values)?,
            log_options: pairs(values.list("log-opt")),
            defaults: defaults(values)?,
            live: engine::Live {
                registry: registry(values)?,
                labels: labels(values)?,
                default_runtime: default_runtime(values, &runtimes)?,
                runtimes,
                live_restore: values.switch("live-restore", true),
                shutdown_timeout: shutdown_timeout(values)?,
                debug: values.switch("debug", false),
            },
            stage: crate::STAGE,
        },
    })
}

/// What containers get that say nothing about it.
fn defaults(values: &Values) -> Result<engine::Defaults, String> {
    let usual = engine::Defaults::default();
    let one_of = |flag: &str, words: [&str; 2]| match values.text(flag) {
        None | Some("") => Ok(None),
        Some(word) if words.contains(&word) => Ok(Some(word.to_owned())),
        Some(word) => Err(format!("invalid value {word:?} for --{flag}: use one of {:?} and {:?}", words[0], words[1])),
    };
    let shm_size = match values.text("default-shm-size") {
        None => usual.shm_size,
        Some(text) => match human::parse_binary_size(text) {
            Ok(size @ 1..) => size,
            _ => return Err(format!("invalid value {text:?} for --default-shm-size")),
        },
    };
    Ok(engine::Defaults {
        cgroupns_mode: one_of("default-cgroupns-mode", ["host", "private"])?,
        ipc_mode: one_of("default-ipc-mode", ["private", "shareable"])?.unwrap_or(usual.ipc_mode),
        shm_size,
        ulimits: values.list("default-ulimit").iter().map(|text| ulimit(text)).collect::<Result<_, _>>()?,
        init: values.switch("init", false),
        no_new_privileges: values.switch("no-new-privileges", false),
        seccomp: seccomp_profile(values.text("seccomp-profile"))?,
    })
}

/// `name=soft[:hard]`; from the file also as an object, whose text begins with a brace.
fn ulimit(text: &str) -> Result<Ulimit, String> {
    let wrong = || format!("invalid value {text:?} for --default-ulimit");
    let (name, limits) = text.split_once('=').ok_or_else(wrong)?;
    let limit = if limits.starts_with('{') {
        let limit: Ulimit = serde_json::from_str(limits).map_err(|_| wrong())?;
        Ulimit { name: name.to_owned(), ..limit }
    } else {
        let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
        let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
        Ulimit { name: name.to_owned(), soft: number(soft)?, hard: number(hard)? }
    };
    let is_right = limit.hard == -1 || (limit.soft != -1 && limit.soft <= limit.hard);
    if is_right && container::spec::is_rlimit(name) { Ok(limit) } else { Err(wrong()) }
}

/// The profile's text; `builtin` and nothing are our own.
fn seccomp_profile(path: Option<&str>) -> Result<Option<String>, String> {
    match path {
        None | Some("" | "builtin") => Ok(None),
        Some("unconfined") => Ok(Some("unconfined".into())),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("opening seccomp profile ({path}) failed: {error}"))?;
            seccomp::profile::parse(text.as_bytes()).map_err(|error| format!("seccomp profile ({path}): {error}"))?;
            Ok(Some(text))
        }
    }
}

fn oom_score_adjust(values: &Values) -> Result<Option<String>, String> {
    let Some(text) = values.text("oom-score-adjust").filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<i32>() {
        Ok(-1000..=1000) => Ok(Some(text.to_owned())),
        _ => Err(format!("invalid value {text:?} for --oom-score-adjust: it is -1000 to 1000")),
    }
}

/// Seconds; below 0 for ever, which is a year here.
fn shutdown_timeout(values: &Values) -> Result<Duration, String> {
    let seconds: i64 = parse_one(values.text("shutdown-timeout").unwrap_or("15"), "shutdown-timeout")?;
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(365 * 86_400)))
}

/// `dockerd` serves where Docker's clients look; under our own names that place is left to Docker. Who asks for
/// encryption and names no address means dockerd's encrypted port.
fn hosts(program: &str, values: &Values, tls: bool) -> Vec<String> {
    match values.list("host") {
        [] if tls => vec!["tcp://localhost:2376".into()],
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
    let driver = values.text("log-driver").unwrap_or("json-file");
    let checked = engine::check_default_logging(driver, &pairs(values.list("log-opt")));
    checked.map(|()| driver.to_owned()).map_err(|fault| fault.message().to_owned())
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
            &["--log-driver", "nope"],
            &["--log-driver", "awslogs"],
            &["--log-driver", "gelf"],
            &["--log-opt", "nope=1"],
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
