//! Every option of dockerd, and what becomes of it here.
//!
//! An option means something here, is accepted with a note in the log because it cannot mean anything (there is no
//! containerd, no proxy process), or is refused because it asks for what is not there yet: starting without it would be a
//! promise broken in silence.

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
        option("add-runtime", "runtimes", List, Effective, "Register an additional OCI compatible runtime"),
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
            Effective,
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
            Effective,
            "Default mode for containers ipc (\"shareable\" | \"private\")",
        ),
        option("default-network-opt", "default-network-opts", Map, Missing, "Default network options"),
        option("default-runtime", "default-runtime", Text, Effective, "Default OCI runtime for containers"),
        option("default-shm-size", "default-shm-size", Text, Effective, "Default shm size for containers"),
        option(
            "default-stop-timeout",
            "default-stop-timeout",
            Text,
            Missing,
            "Default stop timeout (in seconds) for containers",
        ),
        option("default-ulimit", "default-ulimits", List, Effective, "Default ulimits for containers"),
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
        option("init", "init", Bool, Effective, "Run an init in the container to forward signals and reap processes"),
        option(
            "init-path",
            "init-path",
            Text,
            Noted("the init program is part of this binary"),
            "Path to the docker-init binary",
        ),
        option("insecure-registry", "insecure-registries", List, Effective, "Enable insecure registry communication"),
        option("ip", "ip", Text, Effective, "Host IP for port publishing from the default bridge network"),
        option("ip-forward", "ip-forward", Bool, Effective, "Enable IP forwarding in system configuration"),
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
            Effective,
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
            Effective,
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
            Effective,
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
        option("oom-score-adjust", "oom-score-adjust", Text, Effective, "Set the oom_score_adj for the daemon"),
        short('p', option("pidfile", "pidfile", Text, Effective, "Path to use for daemon PID file")),
        option("raw-logs", "raw-logs", Bool, Effective, "Full timestamps without ANSI coloring"),
        option("registry-mirror", "registry-mirrors", List, Effective, "Preferred registry mirror"),
        option("rootless", "", Bool, Missing, "Enable rootless mode"),
        option(
            "seccomp-profile",
            "seccomp-profile",
            Text,
            Effective,
            "Path to seccomp profile. Set to \"unconfined\" to disable the default seccomp profile",
        ),
        option("selinux-enabled", "selinux-enabled", Bool, Missing, "Enable selinux support"),
        option("shutdown-timeout", "shutdown-timeout", Text, Effective, "Set the default shutdown timeout"),
        short('s', option("storage-driver", "storage-driver", Text, Effective, "Storage driver to use")),
        option("storage-opt", "storage-opts", List, Missing, "Storage driver options"),
        option(
            "swarm-default-advertise-addr",
            "swarm-default-advertise-addr",
            Text,
            Noted("there is no swarm yet"),
            "Set default address or interface for swarm advertised address",
        ),
        option("tls", "tls", Bool, Effective, "Use TLS; implied by --tlsverify"),
        option("tlscacert", "tlscacert", Text, Effective, "Trust certs signed only by this CA"),
        option("tlscert", "tlscert", Text, Effective, "Path to TLS certificate file"),
        option("tlskey", "tlskey", Text, Effective, "Path to TLS key file"),
        option("tlsverify", "tlsverify", Bool, Effective, "Use TLS and verify the remote"),
        option("userland-proxy", "userland-proxy", Bool, NO_PROXY, "Use userland proxy for loopback traffic"),
        option("userland-proxy-path", "userland-proxy-path", Text, NO_PROXY, "Path to the userland proxy binary"),
        option("userns-remap", "userns-remap", Text, Missing, "User/Group setting for user namespaces"),
        option("validate", "", Bool, Effective, "Validate daemon configuration and exit"),
    ]
};
