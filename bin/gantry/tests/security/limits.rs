//! Limits that cannot be set are refused with what cannot be; nothing runs without a limit that was asked for.

use crate::bench::Bench;

#[test]
fn limits_that_cannot_be_set_are_refused_and_leave_nothing() {
    let bench = Bench::start();
    let cases: &[(&[&str], &str)] = &[
        (&["--memory", "5m"], "Minimum memory limit allowed is 6MB"),
        (&["--memory", "1"], "Minimum memory limit allowed is 6MB"),
        (&["--memory", "64m", "--memory-swap", "32m"], "Minimum memoryswap limit should be larger than memory limit"),
        (&["--memory-reservation", "1m"], "Minimum memory reservation allowed is 6MB"),
        (&["--cpus", "4096"], "range of CPUs is from 0.01 to"),
        (&["--cpu-period", "10"], "CPU cfs period can not be less than 1ms"),
        (&["--cpuset-cpus", "4096"], "Requested CPUs are not available"),
        (&["--cpuset-cpus", "x"], "Invalid value x for cpuset cpus"),
        (&["--sysctl", "kernel.core_pattern=x"], "sysctl"),
        (&["--sysctl", "net.ipv4.ip_forward=1+kernel.core_pattern=x"], "sysctl"),
        (&["--oom-score-adj", "2000"], "oom score adj"),
        (&["--shm-size", "-1"], ""),
    ];
    for (options, words) in cases {
        let message = bench.gantry.fails(125, &[&["run", "--rm"], *options, &["busybox", "true"]].concat());
        assert!(message.to_lowercase().contains(&words.to_lowercase()), "{options:?}: {message}");
        bench.assert_clean();
    }
    bench.finish();
}

#[test]
fn a_share_of_the_processors_is_set_or_refused() {
    let bench = Bench::start();
    let output = bench.gantry.run(&["run", "--rm", "--cpus", "0.5", "busybox", "true"]);
    let knows = [
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
        "/sys/fs/cgroup/cpu.stat",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us",
    ];
    if knows.iter().any(|path| std::path::Path::new(path).exists()) {
        assert_eq!(output.code, 0, "{output:?}");
    } else {
        // The words of the original for a kernel without the scheduler's bandwidth control.
        let words =
            "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted";
        assert_eq!(output.code, 125, "{output:?}");
        assert!(output.stderr.contains(words), "{output:?}");
    }
    bench.finish();
}

#[test]
fn a_user_s_limit_above_the_host_s_needs_the_right_to_raise_it() {
    let bench = Bench::start();
    // Above what the kernel allows at all, whoever asks (fs.nr_open).
    let message = bench.gantry.fails(125, &["run", "--rm", "--ulimit", "nofile=3:1099511627776", "busybox", "true"]);
    assert!(message.contains("RLIMIT_NOFILE"), "{message}");
    assert!(
        message.contains("CAP_SYS_RESOURCE is missing") || message.contains("operation not permitted"),
        "{message}"
    );
    for ulimit in ["nosuch=1", "nofile", "nofile=x", "nofile=2:1"] {
        let output = bench.gantry.run(&["run", "--rm", "--ulimit", ulimit, "busybox", "true"]);
        assert_eq!(output.code, 125, "{ulimit}: {output:?}");
    }
    assert_eq!(bench.sh(&["--ulimit", "nofile=100:200"], "ulimit -n; ulimit -Hn"), "100\n200");
    bench.finish();
}

#[test]
fn a_container_out_of_memory_dies_alone() {
    let bench = Bench::start();
    let other = bench.sleeper(&[]);
    let output = bench.gantry.run(&[
        "run",
        "--name",
        "hungry",
        "--memory",
        "16m",
        "--memory-swap",
        "16m",
        "busybox",
        "sh",
        "-c",
        "tail /dev/zero",
    ]);
    assert_eq!(output.code, 137, "{output:?}");
    assert_eq!(bench.gantry.ok(&["inspect", "--format", "{{.State.OOMKilled}}", "hungry"]), "true");
    assert_eq!(bench.gantry.ok(&["inspect", "--format", "{{.State.Running}}", &other]), "true");
    bench.finish();
}
