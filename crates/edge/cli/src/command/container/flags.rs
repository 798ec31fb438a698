//! The flags that `run` and `create` share.

use crate::flag::{Flag, Kind};
use crate::opts::{check, device, gpus, hosts, mount, network, throttle, ulimit};

const MAP: Kind = Kind::CheckedList("map", |_| Ok(()));
const SYSCTL: Kind = Kind::CheckedList("map", check::sysctl);
const STREAM: Kind = Kind::CheckedList("list", check::stream);
const DNS: Kind = Kind::CheckedList("list", check::ip);
const SEARCH: Kind = Kind::CheckedList("list", check::search_domain);
const HOST: Kind = Kind::CheckedList("list", hosts::check);
const LINK: Kind = Kind::CheckedList("list", check::link);
const RULE: Kind = Kind::CheckedList("list", device::check_rule);

/// The flags of `create`.
pub const CREATE: &[Flag] = &join::<{ SHARED.len() + 1 }>(&SHARED, &CREATE_ONLY);

/// The flags of `run`.
pub const RUN: &[Flag] = &join::<{ SHARED.len() + 4 }>(&SHARED, &RUN_ONLY);

const fn join<const N: usize>(first: &[Flag], second: &[Flag]) -> [Flag; N] {
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}

const CREATE_ONLY: [Flag; 1] =
    [Flag::new("pull", Kind::Str, "Pull image before creating (\"always\", \"|missing\", \"never\")")
        .default("missing")];

const RUN_ONLY: [Flag; 4] = [
    Flag::new("detach", Kind::Bool, "Run container in background and print container ID").short('d'),
    Flag::new("detach-keys", Kind::Str, "Override the key sequence for detaching a container"),
    Flag::new("pull", Kind::Str, "Pull image before running (\"always\", \"missing\", \"never\")").default("missing"),
    Flag::new("sig-proxy", Kind::Bool, "Proxy received signals to the process").default("true"),
];

const SHARED: [Flag; 102] = [
    Flag::new("add-host", HOST, "Add a custom host-to-IP mapping (host:ip)"),
    Flag::new("annotation", MAP, "Add an annotation to the container (passed through to the OCI runtime)").default("map[]").since(1, 43),
    Flag::new("attach", STREAM, "Attach to STDIN, STDOUT or STDERR").short('a'),
    Flag::new("blkio-weight", Kind::Uint(16), "Block IO (relative weight), between 10 and 1000, or 0 to disable").default("0"),
    Flag::new("blkio-weight-device", throttle::WEIGHT, "Block IO weight (relative device weight)").default("[]"),
    Flag::new("cap-add", Kind::List, "Add Linux capabilities"),
    Flag::new("cap-drop", Kind::List, "Drop Linux capabilities"),
    Flag::new("cgroup-parent", Kind::Str, "Optional parent cgroup for the container"),
    Flag::new("cgroupns", Kind::Str, "Cgroup namespace to use (host|private)\n'host':    Run the container in the Docker host's cgroup namespace\n'private': Run the container in its own private cgroup namespace\n'':        Use the cgroup namespace as configured by the\n           default-cgroupns-mode option on the daemon (default)").since(1, 41),
    Flag::new("cidfile", Kind::Str, "Write the container ID to the file"),
    Flag::new("cpu-count", Kind::Int, "CPU count (Windows only)").os("windows"),
    Flag::new("cpu-percent", Kind::Int, "CPU percent (Windows only)").os("windows"),
    Flag::new("cpu-period", Kind::Int, "Limit CPU CFS (Completely Fair Scheduler) period"),
    Flag::new("cpu-quota", Kind::Int, "Limit CPU CFS (Completely Fair Scheduler) quota"),
    Flag::new("cpu-rt-period", Kind::Int, "Limit CPU real-time period in microseconds").since(1, 25),
    Flag::new("cpu-rt-runtime", Kind::Int, "Limit CPU real-time runtime in microseconds").since(1, 25),
    Flag::new("cpu-shares", Kind::Int, "CPU shares (relative weight)").short('c'),
    Flag::new("cpus", check::CPUS, "Number of CPUs").since(1, 25),
    Flag::new("cpuset-cpus", Kind::Str, "CPUs in which to allow execution (0-3, 0,1)"),
    Flag::new("cpuset-mems", Kind::Str, "MEMs in which to allow execution (0-3, 0,1)"),
    Flag::new("device", Kind::List, "Add a host device to the container"),
    Flag::new("device-cgroup-rule", RULE, "Add a rule to the cgroup allowed devices list"),
    Flag::new("device-read-bps", throttle::BPS, "Limit read rate (bytes per second) from a device").default("[]"),
    Flag::new("device-read-iops", throttle::IOPS, "Limit read rate (IO per second) from a device").default("[]"),
    Flag::new("device-write-bps", throttle::BPS, "Limit write rate (bytes per second) to a device").default("[]"),
    Flag::new("device-write-iops", throttle::IOPS, "Limit write rate (IO per second) to a device").default("[]"),
    Flag::new("disable-content-trust", Kind::Bool, "Skip image verification").default("true"),
    Flag::new("dns", DNS, "Set custom DNS servers"),
    Flag::new("dns-option", Kind::List, "Set DNS options"),
    Flag::new("dns-search", SEARCH, "Set custom DNS search domains"),
    Flag::new("domainname", Kind::Str, "Container NIS domain name"),
    Flag::new("entrypoint", Kind::Str, "Overwrite the default ENTRYPOINT of the image"),
    Flag::new("env", check::ENV, "Set environment variables").short('e'),
    Flag::new("env-file", Kind::List, "Read in a file of environment variables"),
    Flag::new("expose", Kind::List, "Expose a port or a range of ports"),
    Flag::new("gpus", gpus::KIND, "GPU devices to add to the container ('all' to pass all GPUs)").since(1, 40),
    Flag::new("group-add", Kind::List, "Add additional groups to join"),
    Flag::new("health-cmd", Kind::Str, "Command to run to check health"),
    Flag::new("health-interval", Kind::Duration, "Time between running the check (ms|s|m|h)").default("0s"),
    Flag::new("health-retries", Kind::Int, "Consecutive failures needed to report unhealthy"),
    Flag::new("health-start-interval", Kind::Duration, "Time between running the check during the start period (ms|s|m|h)").default("0s").since(1, 44),
    Flag::new("health-start-period", Kind::Duration, "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)").default("0s").since(1, 29),
    Flag::new("health-timeout", Kind::Duration, "Maximum time to allow one check to run (ms|s|m|h)").default("0s"),
    Flag::new("hostname", Kind::Str, "Container host name").short('h'),
    Flag::new("init", Kind::Bool, "Run an init inside the container that forwards signals and reaps processes").since(1, 25),
    Flag::new("interactive", Kind::Bool, "Keep STDIN open even if not attached").short('i'),
    Flag::new("io-maxbandwidth", check::BYTES, "Maximum IO bandwidth limit for the system drive (Windows only)").os("windows"),
    Flag::new("io-maxiops", Kind::Uint(64), "Maximum IOps limit for the system drive (Windows only)").os("windows"),
    Flag::new("ip", Kind::Str, "IPv4 address (e.g., 172.30.100.104)"),
    Flag::new("ip6", Kind::Str, "IPv6 address (e.g., 2001:db8::33)"),
    Flag::new("ipc", Kind::Str, "IPC mode to use"),
    Flag::new("isolation", Kind::Str, "Container isolation technology"),
    Flag::new("kernel-memory", check::BYTES, "Kernel memory limit"),
    Flag::new("label", check::LABEL, "Set meta data on a container").short('l'),
    Flag::new("label-file", Kind::List, "Read in a line delimited file of labels"),
    Flag::new("link", LINK, "Add link to another container"),
    Flag::new("link-local-ip", Kind::List, "Container IPv4/IPv6 link-local addresses"),
    Flag::new("log-driver", Kind::Str, "Logging driver for the container"),
    Flag::new("log-opt", Kind::List, "Log driver options"),
    Flag::new("mac-address", Kind::Str, "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
    Flag::new("memory", check::BYTES, "Memory limit").short('m'),
    Flag::new("memory-reservation", check::BYTES, "Memory soft limit"),
    Flag::new("memory-swap", check::SWAP, "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
    Flag::new("memory-swappiness", Kind::Int, "Tune container memory swappiness (0 to 100)").default("-1"),
    Flag::new("mount", mount::KIND, "Attach a filesystem mount to the container"),
    Flag::new("name", Kind::Str, "Assign a name to the container"),
    Flag::new("network", network::KIND, "Connect a container to a network"),
    Flag::new("network-alias", Kind::List, "Add network-scoped alias for the container"),
    Flag::new("no-healthcheck", Kind::Bool, "Disable any container-specified HEALTHCHECK"),
    Flag::new("oom-kill-disable", Kind::Bool, "Disable OOM Killer"),
    Flag::new("oom-score-adj", Kind::Int, "Tune host's OOM preferences (-1000 to 1000)"),
    Flag::new("pid", Kind::Str, "PID namespace to use"),
    Flag::new("pids-limit", Kind::Int, "Tune container pids limit (set -1 for unlimited)"),
    Flag::new("platform", Kind::Str, "Set platform if server is multi-platform capable").since(1, 32),
    Flag::new("privileged", Kind::Bool, "Give extended privileges to this container"),
    Flag::new("publish", Kind::List, "Publish a container's port(s) to the host").short('p'),
    Flag::new("publish-all", Kind::Bool, "Publish all exposed ports to random ports").short('P'),
    Flag::new("quiet", Kind::Bool, "Suppress the pull output").short('q'),
    Flag::new("read-only", Kind::Bool, "Mount the container's root filesystem as read only"),
    Flag::new("restart", Kind::Str, "Restart policy to apply when a container exits").default("no"),
    Flag::new("rm", Kind::Bool, "Automatically remove the container and its associated anonymous volumes when it exits"),
    Flag::new("runtime", Kind::Str, "Runtime to use for this container"),
    Flag::new("security-opt", Kind::List, "Security Options"),
    Flag::new("shm-size", check::BYTES, "Size of /dev/shm"),
    Flag::new("stop-signal", Kind::Str, "Signal to stop the container"),
    Flag::new("stop-timeout", Kind::Int, "Timeout (in seconds) to stop a container").since(1, 25),
    Flag::new("storage-opt", Kind::List, "Storage driver options for the container"),
    Flag::new("sysctl", SYSCTL, "Sysctl options").default("map[]"),
    Flag::new("tmpfs", Kind::List, "Mount a tmpfs directory"),
    Flag::new("tty", Kind::Bool, "Allocate a pseudo-TTY").short('t'),
    Flag::new("ulimit", ulimit::KIND, "Ulimit options").default("[]"),
    Flag::new("use-api-socket", Kind::Bool, "Bind mount Docker API socket and required auth"),
    Flag::new("user", Kind::Str, "Username or UID (format: <name|uid>[:<group|gid>])").short('u'),
    Flag::new("userns", Kind::Str, "User namespace to use"),
    Flag::new("uts", Kind::Str, "UTS namespace to use"),
    Flag::new("volume", Kind::List, "Bind mount a volume").short('v'),
    Flag::new("volume-driver", Kind::Str, "Optional volume driver for the container"),
    Flag::new("volumes-from", Kind::List, "Mount volumes from the specified container(s)"),
    Flag::new("workdir", Kind::Str, "Working directory inside the container").short('w'),
    Flag::alias("net", network::KIND, "network"),
    Flag::alias("net-alias", Kind::List, "network-alias"),
    Flag::alias("dns-opt", Kind::List, "dns-option"),
];
