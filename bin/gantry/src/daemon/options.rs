//! The daemon's options: dockerd's command line and `daemon.json`, merged into one set of values.
//!
//! [`TABLE`] is the whole list. An option means something here, is accepted with a note in the log because it cannot
//! mean anything (there is no containerd, no proxy process), or is refused because it asks for what is not there yet:
//! starting without it would be a promise broken in silence.

use std::collections::BTreeMap;

use serde_json::Value;

/// How an option's value is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `--x`, `--x=false`.
    Bool,
    /// `--x value`, once.
    Text,
    /// `--x value`, any number of times; an array in the file.
    List,
    /// `--x key=value`, any number of times; an object in the file.
    Map,
}

/// What becomes of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It does what dockerd's does.
    Effective,
    /// It has no meaning here: accepted, with this reason in the log.
    Noted(&'static str),
    /// It is not there yet: the daemon does not start with it.
    Missing,
}

/// One option.
pub struct Flag {
    /// The flag without its dashes.
    pub flag: &'static str,
    /// The one-letter form.
    pub short: Option<char>,
    /// The key in `daemon.json`; empty where the file cannot carry it.
    pub key: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// What becomes of it.
    pub meaning: Meaning,
    /// The help text.
    pub help: &'static str,
}

const fn option(flag: &'static str, key: &'static str, kind: Kind, meaning: Meaning, help: &'static str) -> Flag {
    Flag { flag, short: None, key, kind, meaning, help }
}

const fn short(letter: char, option: Flag) -> Flag {
    Flag { short: Some(letter), ..option }
}

const NO_CONTAINERD: Meaning = Meaning::Noted("there is no containerd here");
const NO_PROXY: Meaning = Meaning::Noted("published ports need no proxy process here");

/// Every option of dockerd, in the order of its help.
pub static TABLE: &[Flag] = {
    use Kind::{Bool, List, Map, Text};
    use Meaning::{Effective, Missing, Noted};
    &[
        option("add-runtime", "runtimes", List, Missing, "Register an additional OCI compatible runtime"),
        option(
            "allow-direct-routing",
            "allow-direct-routing",
            Bool,
            Missing,
            "Allow remote access to published ports on container IP addresses",
        ),
        option("authorization-plugin", "authorization-plugins", List, Missing, "Authorization plugins to load"),
        option("bip", "bip", Text, Effective, "IPv4 address for the default bridge"),
        option("bip6", "bip6", Text, Missing, "IPv6 address for the default bridge"),
        short('b', option("bridge", "bridge", Text, Effective, "Attach containers to a network bridge")),
        option(
            "bridge-accept-fwmark",
            "bridge-accept-fwmark",
            Text,
            Missing,
            "In bridge networks, accept packets with this firewall mark/mask",
        ),
        option("cdi-spec-dir", "cdi-spec-dirs", List, Missing, "CDI specification directories to use"),
        option("cgroup-parent", "cgroup-parent", Text, Effective, "Set parent cgroup for all containers"),
        option("config-file", "", Text, Effective, "Daemon configuration file"),
        option("containerd", "containerd", Text, NO_CONTAINERD, "containerd grpc address"),
        option("containerd-namespace", "containerd-namespace", Text, NO_CONTAINERD, "Containerd namespace to use"),
        option(
            "containerd-plugins-namespace",
            "containerd-plugin-namespace",
            Text,
            NO_CONTAINERD,
            "Containerd namespace to use for plugins",
        ),
        option(
            "cpu-rt-period",
            "cpu-rt-period",
            Text,
            Missing,
            "Limit the CPU real-time period in microseconds for the parent cgroup for all containers",
        ),
        option(
            "cpu-rt-runtime",
            "cpu-rt-runtime",
            Text,
            Missing,
            "Limit the CPU real-time runtime in microseconds for the parent cgroup for all containers",
        ),
        option("cri-containerd", "cri-containerd", Bool, NO_CONTAINERD, "start containerd with cri"),
        option("data-root", "data-root", Text, Effective, "Root directory of persistent Docker state"),
        short('D', option("debug", "debug", Bool, Effective, "Enable debug mode")),
        option(
            "default-address-pool",
            "default-address-pools",
            List,
            Missing,
            "Default address pools for node specific local networks",
        ),
        option(
            "default-cgroupns-mode",
            "default-cgroupns-mode",
            Text,
            Missing,
            "Default mode for containers cgroup namespace (\"host\" | \"private\")",
        ),
        option(
            "default-gateway",
            "default-gateway",
            Text,
            Missing,
            "Default gateway IPv4 address for the default bridge network",
        ),
        option(
            "default-gateway-v6",
            "default-gateway-v6",
            Text,
            Missing,
            "Default gateway IPv6 address for the default bridge network",
        ),
        option(
            "default-ipc-mode",
            "default-ipc-mode",
            Text,
            Missing,
            "Default mode for containers ipc (\"shareable\" | \"private\")",
        ),
        option("default-network-opt", "default-network-opts", Map, Missing, "Default network options"),
        option("default-runtime", "default-runtime", Text, Missing, "Default OCI runtime for containers"),
        option("default-shm-size", "default-shm-size", Text, Missing, "Default shm size for containers"),
        option(
            "default-stop-timeout",
            "default-stop-timeout",
            Text,
            Missing,
            "Default stop timeout (in seconds) for containers",
        ),
        option("default-ulimit", "default-ulimits", List, Missing, "Default ulimits for containers"),
        option("dns", "dns", List, Effective, "DNS server to use"),
        option("dns-opt", "dns-opts", List, Effective, "DNS options to use"),
        option("dns-search", "dns-search", List, Effective, "DNS search domains to use"),
        option("exec-opt", "exec-opts", List, Missing, "Runtime execution options"),
        option("exec-root", "exec-root", Text, Effective, "Root directory for execution state files"),
        option(
            "experimental",
            "experimental",
            Bool,
            Noted("nothing is experimental here"),
            "Enable experimental features",
        ),
        option("feature", "features", Map, Noted("no feature switches exist here"), "Enable feature in the daemon"),
        option(
            "firewall-backend",
            "firewall-backend",
            Text,
            Noted("rules are always nftables, in a table of our own"),
            "Firewall backend to use, iptables or nftables",
        ),
        option("fixed-cidr", "fixed-cidr", Text, Missing, "IPv4 subnet for the default bridge network"),
        option("fixed-cidr-v6", "fixed-cidr-v6", Text, Missing, "IPv6 subnet for the default bridge network"),
        short('G', option("group", "group", Text, Effective, "Group for the unix socket")),
        short('H', option("host", "hosts", List, Effective, "Daemon socket(s) to connect to")),
        option(
            "host-gateway-ip",
            "host-gateway-ips",
            List,
            Missing,
            "IP addresses that the special 'host-gateway' string in --add-host resolves to",
        ),
        option("http-proxy", "", Text, Missing, "HTTP proxy URL to use for outgoing traffic"),
        option("https-proxy", "", Text, Missing, "HTTPS proxy URL to use for outgoing traffic"),
        option("icc", "icc", Bool, Effective, "Enable inter-container communication for the default bridge network"),
        option("init", "init", Bool, Missing, "Run an init in the container to forward signals and reap processes"),
        option(
            "init-path",
            "init-path",
            Text,
            Noted("the init program is part of this binary"),
            "Path to the docker-init binary",
        ),
        option("insecure-registry", "insecure-registries", List, Effective, "Enable insecure registry communication"),
        option("ip", "ip", Text, Effective, "Host IP for port publishing from the default bridge network"),
        option(
            "ip-forward",
            "ip-forward",
            Bool,
            Noted("forwarding is enabled when the bridge needs it"),
            "Enable IP forwarding in system configuration",
        ),
        option(
            "ip-forward-no-drop",
            "ip-forward-no-drop",
            Bool,
            Noted("the forward policy of the host is never changed"),
            "Do not set the filter-FORWARD policy to DROP when enabling IP forwarding",
        ),
        option("ip-masq", "ip-masq", Bool, Missing, "Enable IP masquerading for the default bridge network"),
        option(
            "ip6tables",
            "ip6tables",
            Bool,
            Noted("bridges carry IPv4 only as yet"),
            "Enable addition of ip6tables rules",
        ),
        option("iptables", "iptables", Bool, Effective, "Enable addition of firewall rules"),
        option("ipv6", "ipv6", Bool, Missing, "Enable IPv6 networking for the default bridge network"),
        option("label", "labels", List, Effective, "Set key=value labels to the daemon"),
        option(
            "live-restore",
            "live-restore",
            Bool,
            Noted("containers always outlive the daemon"),
            "Enable live restore of docker when containers are still running",
        ),
        option("log-driver", "log-driver", Text, Effective, "Default driver for container logs"),
        option("log-format", "log-format", Text, Effective, "Set the logging format (\"text\"|\"json\")"),
        short(
            'l',
            option(
                "log-level",
                "log-level",
                Text,
                Effective,
                "Set the logging level (\"debug\"|\"info\"|\"warn\"|\"error\"|\"fatal\")",
            ),
        ),
        option("log-opt", "log-opts", Map, Effective, "Default log driver options for containers"),
        option(
            "max-concurrent-downloads",
            "max-concurrent-downloads",
            Text,
            Noted("layers are fetched three at a time"),
            "Set the max concurrent downloads",
        ),
        option(
            "max-concurrent-uploads",
            "max-concurrent-uploads",
            Text,
            Noted("nothing is pushed yet"),
            "Set the max concurrent uploads",
        ),
        option(
            "max-download-attempts",
            "max-download-attempts",
            Text,
            Noted("a cut download is resumed five times"),
            "Set the max download attempts for each pull",
        ),
        option(
            "metrics-addr",
            "metrics-addr",
            Text,
            Missing,
            "Set default address and port to serve the metrics api on",
        ),
        option("mtu", "mtu", Text, Effective, "Set the MTU for the default \"bridge\" network"),
        option(
            "network-control-plane-mtu",
            "network-control-plane-mtu",
            Text,
            Noted("there is no swarm yet"),
            "Network Control plane MTU",
        ),
        option(
            "no-new-privileges",
            "no-new-privileges",
            Bool,
            Missing,
            "Set no-new-privileges by default for new containers",
        ),
        option(
            "no-proxy",
            "",
            Text,
            Missing,
            "Comma-separated list of hosts or IP addresses for which the proxy is skipped",
        ),
        option(
            "node-generic-resource",
            "node-generic-resources",
            List,
            Noted("there is no swarm yet"),
            "Advertise user-defined resource",
        ),
        option("oom-score-adjust", "oom-score-adjust", Text, Missing, "Set the oom_score_adj for the daemon"),
        short('p', option("pidfile", "pidfile", Text, Effective, "Path to use for daemon PID file")),
        option("raw-logs", "raw-logs", Bool, Effective, "Full timestamps without ANSI coloring"),
        option("registry-mirror", "registry-mirrors", List, Effective, "Preferred registry mirror"),
        option("rootless", "", Bool, Missing, "Enable rootless mode"),
        option(
            "seccomp-profile",
            "seccomp-profile",
            Text,
            Missing,
            "Path to seccomp profile. Set to \"unconfined\" to disable the default seccomp profile",
        ),
        option("selinux-enabled", "selinux-enabled", Bool, Missing, "Enable selinux support"),
        option(
            "shutdown-timeout",
            "shutdown-timeout",
            Text,
            Noted("containers are not stopped with the daemon"),
            "Set the default shutdown timeout",
        ),
        short('s', option("storage-driver", "storage-driver", Text, Effective, "Storage driver to use")),
        option("storage-opt", "storage-opts", List, Missing, "Storage driver options"),
        option(
            "swarm-default-advertise-addr",
            "swarm-default-advertise-addr",
            Text,
            Noted("there is no swarm yet"),
            "Set default address or interface for swarm advertised address",
        ),
        option("tls", "tls", Bool, Missing, "Use TLS; implied by --tlsverify"),
        option("tlscacert", "tlscacert", Text, Missing, "Trust certs signed only by this CA"),
        option("tlscert", "tlscert", Text, Missing, "Path to TLS certificate file"),
        option("tlskey", "tlskey", Text, Missing, "Path to TLS key file"),
        option("tlsverify", "tlsverify", Bool, Missing, "Use TLS and verify the remote"),
        option("userland-proxy", "userland-proxy", Bool, NO_PROXY, "Use userland proxy for loopback traffic"),
        option("userland-proxy-path", "userland-proxy-path", Text, NO_PROXY, "Path to the userland proxy binary"),
        option("userns-remap", "userns-remap", Text, Missing, "User/Group setting for user namespaces"),
        option("validate", "", Bool, Effective, "Validate daemon configuration and exit"),
    ]
};

/// What was asked, by flag. Lists keep their order.
#[derive(Debug, Default)]
pub struct Values {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Values {
    /// The last value given.
    pub fn text(&self, flag: &str) -> Option<&str> {
        self.values.get(flag)?.last().map(String::as_str)
    }

    /// All values given.
    pub fn list(&self, flag: &str) -> &[String] {
        self.values.get(flag).map_or(&[], Vec::as_slice)
    }

    /// Whether a switch is on; `default` where it was not given.
    pub fn switch(&self, flag: &str, default: bool) -> bool {
        self.text(flag).map_or(default, |value| value == "true")
    }

    /// Notes for the log: what was given and has no meaning here.
    pub fn notes(&self) -> Vec<String> {
        TABLE
            .iter()
            .filter(|option| self.values.contains_key(option.flag))
            .filter_map(|option| match option.meaning {
                Meaning::Noted(why) => Some(format!("option --{} is accepted and has no effect: {why}", option.flag)),
                _ => None,
            })
            .collect()
    }

    /// The first option that was given and is not there yet. A switch that is off asks for nothing.
    fn missing(&self) -> Option<&'static Flag> {
        TABLE.iter().find(|option| {
            option.meaning == Meaning::Missing
                && self
                    .values
                    .get(option.flag)
                    .is_some_and(|given| given.iter().any(|v| !(option.kind == Kind::Bool && v == "false")))
        })
    }

    /// Adds what the command line did not give from the text of a `daemon.json`.
    ///
    /// As dockerd does: an unknown key is an error, and so is one that is given in both places.
    pub fn merge_file(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Ok(());
        }
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let Value::Object(file) = file else { return Err("the configuration is not a JSON object".into()) };
        let mut unknown = Vec::new();
        let mut twice = Vec::new();
        for (key, value) in &file {
            match TABLE.iter().find(|option| option.key == key && !key.is_empty()) {
                None => unknown.push(key.as_str()),
                Some(option) if self.values.contains_key(option.flag) => {
                    twice.push(format!("{key}: (from flag: {:?}, from file: {value})", self.list(option.flag)));
                }
                Some(option) => {
                    self.values.insert(option.flag, file_values(option, value)?);
                }
            }
        }
        if !unknown.is_empty() {
            return Err(format!(
                "the following directives don't match any configuration option: {}",
                unknown.join(", ")
            ));
        }
        if !twice.is_empty() {
            return Err(format!(
                "the following directives are specified both as a flag and in the configuration file: {}",
                twice.join(", ")
            ));
        }
        Ok(())
    }

    /// Refuses what is not there yet.
    pub fn check(&self) -> Result<(), String> {
        match self.missing() {
            Some(option) => Err(format!("option --{} is not implemented yet", option.flag)),
            None => Ok(()),
        }
    }
}

fn file_values(option: &Flag, value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("configuration key `{}`: unexpected value {value}", option.key);
    match (option.kind, value) {
        (Kind::Bool, Value::Bool(on)) => Ok(vec![on.to_string()]),
        (Kind::Text, Value::String(text)) => Ok(vec![text.clone()]),
        (Kind::Text, Value::Number(number)) => Ok(vec![number.to_string()]),
        (Kind::List, Value::Array(items)) => {
            items.iter().map(|item| Ok(item.as_str().map_or_else(|| item.to_string(), str::to_owned))).collect()
        }
        // `runtimes` and `default-ulimits` are lists on the command line and objects in the file.
        (Kind::List | Kind::Map, Value::Object(items)) => Ok(items
            .iter()
            .map(|(key, item)| format!("{key}={}", item.as_str().map_or_else(|| item.to_string(), str::to_owned)))
            .collect()),
        _ => Err(wrong()),
    }
}

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// Run with these values.
    Run(Values),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// Reads dockerd's command line, as its flag library does: `--flag value`, `--flag=value`, `-Hvalue`, switches bundled.
pub fn parse(args: &[String]) -> Result<Request, String> {
    let mut values = Values::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--help" || arg == "-h" {
            return Ok(Request::Help);
        }
        if arg == "--version" || arg == "-v" {
            return Ok(Request::Version);
        }
        if let Some(long) = arg.strip_prefix("--") {
            parse_long(long, &mut rest, &mut values)?;
        } else if let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            parse_short(letters, &mut rest, &mut values)?;
        } else {
            return Err(format!(
                "\"dockerd\" accepts no arguments.\nSee 'dockerd --help'.\n\nunexpected argument: {arg}"
            ));
        }
    }
    Ok(Request::Run(values))
}

fn parse_long(long: &str, rest: &mut std::slice::Iter<'_, String>, values: &mut Values) -> Result<(), String> {
    let (name, given) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value.to_owned())));
    let option = TABLE.iter().find(|option| option.flag == name).ok_or_else(|| format!("unknown flag: --{name}"))?;
    let value = match (option.kind, given) {
        (Kind::Bool, given) => switch_value(option.flag, given)?,
        (_, Some(value)) => value,
        (_, None) => rest.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?,
    };
    store(option, value, values)
}

fn parse_short(letters: &str, rest: &mut std::slice::Iter<'_, String>, values: &mut Values) -> Result<(), String> {
    for (at, letter) in letters.char_indices() {
        let unknown = || format!("unknown shorthand flag: '{letter}' in -{letters}");
        let option = TABLE.iter().find(|option| option.short == Some(letter)).ok_or_else(unknown)?;
        if option.kind == Kind::Bool {
            store(option, "true".into(), values)?;
            continue;
        }
        let attached = letters[at + letter.len_utf8()..].trim_start_matches('=');
        let value = if attached.is_empty() {
            rest.next().cloned().ok_or_else(|| format!("flag needs an argument: '{letter}' in -{letters}"))?
        } else {
            attached.to_owned()
        };
        return store(option, value, values);
    }
    Ok(())
}

/// Go's `strconv.ParseBool`.
fn switch_value(flag: &str, given: Option<String>) -> Result<String, String> {
    match given.as_deref() {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok("true".into()),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok("false".into()),
        Some(other) => Err(format!(
            "invalid argument {other:?} for \"--{flag}\" flag: strconv.ParseBool: parsing {other:?}: invalid syntax"
        )),
    }
}

fn store(option: &'static Flag, value: String, values: &mut Values) -> Result<(), String> {
    if option.kind == Kind::Map && !value.contains('=') {
        return Err(format!("invalid argument {value:?} for \"--{}\" flag: expected key=value", option.flag));
    }
    let given = values.values.entry(option.flag).or_default();
    if matches!(option.kind, Kind::Bool | Kind::Text) {
        given.clear();
    }
    given.push(value);
    Ok(())
}

/// The help text.
pub fn help(program: &str) -> String {
    let mut text = format!("\nUsage:  {program} [OPTIONS]\n\nA self-sufficient runtime for containers.\n\nOptions:\n");
    for option in TABLE.iter().filter(|option| option.meaning != Meaning::Missing) {
        let letter = option.short.map_or("    ".to_owned(), |letter| format!("-{letter}, "));
        let value = match option.kind {
            Kind::Bool => "",
            Kind::Text => " string",
            Kind::List => " list",
            Kind::Map => " map",
        };
        let flag = format!("{letter}--{}{value}", option.flag);
        text.push_str(&format!("  {flag:<40}{}\n", option.help));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Values, String> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        match parse(&args)? {
            Request::Run(values) => Ok(values),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn flags_are_read_in_all_their_forms() {
        let values =
            run(&["-D", "-H", "unix:///a", "-Hunix:///b", "--data-root=/d", "--icc=false", "-p", "/pid"]).unwrap();
        assert!(values.switch("debug", false));
        assert_eq!(values.list("host"), ["unix:///a", "unix:///b"]);
        assert_eq!(values.text("data-root"), Some("/d"));
        assert!(!values.switch("icc", true));
        assert_eq!(values.text("pidfile"), Some("/pid"));
    }

    #[test]
    fn wrong_command_lines_are_refused() {
        for (args, error) in [
            (&["--nonsense"][..], "unknown flag: --nonsense"),
            (&["-Z"], "unknown shorthand flag: 'Z' in -Z"),
            (&["--data-root"], "flag needs an argument: --data-root"),
            (
                &["--icc=maybe"],
                "invalid argument \"maybe\" for \"--icc\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (&["--log-opt", "max-size"], "invalid argument \"max-size\" for \"--log-opt\" flag: expected key=value"),
        ] {
            assert_eq!(run(args).unwrap_err(), error);
        }
        assert!(run(&["what"]).unwrap_err().contains("accepts no arguments"));
    }

    #[test]
    fn the_file_adds_and_never_contradicts() {
        let mut values = run(&["--bip", "10.0.0.1/24"]).unwrap();
        values
            .merge_file("\u{feff}{\"debug\":true,\"hosts\":[\"unix:///a\"],\"log-opts\":{\"max-size\":\"1m\"}}")
            .unwrap();
        assert!(values.switch("debug", false));
        assert_eq!(values.list("host"), ["unix:///a"]);
        assert_eq!(values.list("log-opt"), ["max-size=1m"]);
        let twice = values.merge_file("{\"bip\":\"10.0.0.2/24\"}").unwrap_err();
        assert!(twice.contains("specified both as a flag and in the configuration file"), "{twice}");
        let unknown = values.merge_file("{\"nonsense\":1}").unwrap_err();
        assert!(unknown.contains("don't match any configuration option: nonsense"), "{unknown}");
        assert!(values.merge_file("[1]").is_err());
    }

    #[test]
    fn what_is_not_there_is_refused_and_what_means_nothing_is_noted() {
        assert_eq!(run(&["--tlsverify"]).unwrap().check().unwrap_err(), "option --tlsverify is not implemented yet");
        assert!(run(&["--tlsverify=false"]).unwrap().check().is_ok());
        let values = run(&["--containerd", "/run/c.sock", "--userland-proxy=false"]).unwrap();
        values.check().unwrap();
        assert_eq!(values.notes().len(), 2);
    }
}
