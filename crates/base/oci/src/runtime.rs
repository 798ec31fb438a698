//! `config.json` of the OCI runtime specification (v1.2), Linux part.
//!
//! Field names and meanings are the specification's (config.md, config-linux.md); what it calls optional is an `Option`
//! or an empty list, and is left out when written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Declares a struct of the specification: every field may be absent, and is left out when it is empty.
macro_rules! spec {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name { $($(#[$fdoc])* #[serde(skip_serializing_if = "crate::runtime::is_empty")] pub $field: $type),* }
    };
}

fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

spec! {
    /// The whole of `config.json`.
    Spec {
        #[serde(rename = "ociVersion")]
        /// The specification's version, as `1.2.0`.
        oci_version: String,
        /// The root file system.
        root: Option<Root>,
        /// Mounts, in order.
        mounts: Vec<Mount>,
        /// The process; absent where only `create` is wanted.
        process: Option<Process>,
        /// The host name in the UTS namespace.
        hostname: Option<String>,
        /// The NIS domain name in the UTS namespace.
        domainname: Option<String>,
        /// Hooks of all six kinds.
        hooks: Option<Hooks>,
        /// Free-form annotations.
        annotations: BTreeMap<String, String>,
        /// What is Linux's alone.
        linux: Option<Linux>,
    }
}

spec! {
    /// The root file system.
    Root {
        /// Absolute, or relative to the bundle.
        path: PathBuf,
        /// Whether it is mounted read-only.
        readonly: bool,
    }
}

spec! {
    /// One mount.
    Mount {
        /// Absolute path in the container.
        destination: PathBuf,
        /// File system type; `bind` or absent for bind mounts.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Device or directory.
        source: Option<PathBuf>,
        /// Options as of mount(8), and the specification's own (`rro`, `idmap`, `tmpcopyup` …).
        options: Vec<String>,
        /// User id mappings of an idmapped mount.
        uid_mappings: Vec<IdMapping>,
        /// Group id mappings of an idmapped mount.
        gid_mappings: Vec<IdMapping>,
    }
}

spec! {
    /// A process to run.
    Process {
        /// Whether it gets a terminal.
        terminal: bool,
        /// The terminal's size.
        console_size: Option<ConsoleSize>,
        /// Absolute working directory in the container.
        cwd: PathBuf,
        /// `NAME=value` entries.
        env: Vec<String>,
        /// The program and its arguments.
        args: Vec<String>,
        /// Resource limits.
        rlimits: Vec<Rlimit>,
        /// The AppArmor profile.
        apparmor_profile: Option<String>,
        /// Capabilities of all five sets.
        capabilities: Option<Capabilities>,
        /// Whether `no_new_privs` is set.
        no_new_privileges: bool,
        /// `oom_score_adj`.
        oom_score_adj: Option<i32>,
        /// Scheduling policy.
        scheduler: Option<Scheduler>,
        /// The SELinux label.
        selinux_label: Option<String>,
        /// I/O priority.
        #[serde(rename = "ioPriority")]
        io_priority: Option<IoPriority>,
        /// CPU affinity of an exec.
        #[serde(rename = "execCPUAffinity")]
        exec_cpu_affinity: Option<CpuAffinity>,
        /// The user.
        user: User,
    }
}

spec! {
    /// A terminal's size in cells.
    ConsoleSize {
        /// Rows.
        height: u16,
        /// Columns.
        width: u16,
    }
}

spec! {
    /// The user a process runs as, by numbers.
    User {
        /// User id in the container.
        uid: u32,
        /// Group id in the container.
        gid: u32,
        /// The file mode mask.
        umask: Option<u32>,
        /// Supplementary groups; only these, never the caller's.
        additional_gids: Vec<u32>,
    }
}

spec! {
    /// The five capability sets, by names as `CAP_CHOWN`.
    Capabilities {
        /// What execve can ever give.
        bounding: Vec<String>,
        /// What is in force.
        effective: Vec<String>,
        /// What passes an execve of a file that asks for it.
        inheritable: Vec<String>,
        /// What may be put in force.
        permitted: Vec<String>,
        /// What passes any execve.
        ambient: Vec<String>,
    }
}

spec! {
    /// One resource limit.
    Rlimit {
        /// As `RLIMIT_NOFILE`.
        #[serde(rename = "type")]
        kind: String,
        /// What is in force; `u64::MAX` is unlimited.
        soft: u64,
        /// The ceiling.
        hard: u64,
    }
}

spec! {
    /// A scheduling policy: sched_setattr(2).
    Scheduler {
        /// As `SCHED_OTHER`.
        policy: String,
        /// Niceness.
        nice: i32,
        /// Real-time priority.
        priority: i32,
        /// As `SCHED_FLAG_RESET_ON_FORK`.
        flags: Vec<String>,
        /// Deadline policy: nanoseconds.
        runtime: u64,
        /// Deadline policy: nanoseconds.
        deadline: u64,
        /// Deadline policy: nanoseconds.
        period: u64,
    }
}

spec! {
    /// An I/O priority: ioprio_set(2).
    IoPriority {
        /// As `IOPRIO_CLASS_BE`.
        class: String,
        /// 0–7.
        priority: i32,
    }
}

spec! {
    /// CPU lists of an exec.
    CpuAffinity {
        /// While it enters the container.
        initial: Option<String>,
        /// When it runs.
        #[serde(rename = "final")]
        last: Option<String>,
    }
}

spec! {
    /// Hooks, by when they run.
    Hooks {
        /// Deprecated: after the namespaces are made, in the runtime's namespace.
        prestart: Vec<Hook>,
        /// The same moment under its new name.
        create_runtime: Vec<Hook>,
        /// Before pivot_root, in the container's namespace.
        create_container: Vec<Hook>,
        /// Before the program, in the container.
        start_container: Vec<Hook>,
        /// After the program is started.
        poststart: Vec<Hook>,
        /// After the container is deleted.
        poststop: Vec<Hook>,
    }
}

spec! {
    /// One hook.
    Hook {
        /// Absolute path on the host.
        path: PathBuf,
        /// The whole argument vector.
        args: Vec<String>,
        /// `NAME=value` entries.
        env: Vec<String>,
        /// Seconds until it is killed.
        timeout: Option<i64>,
    }
}

spec! {
    /// What is Linux's alone.
    Linux {
        /// Device nodes to make besides the default ones.
        devices: Vec<Device>,
        /// User id mappings of a new user namespace.
        uid_mappings: Vec<IdMapping>,
        /// Group id mappings of a new user namespace.
        gid_mappings: Vec<IdMapping>,
        /// Kernel parameters of the container's namespaces.
        sysctl: BTreeMap<String, String>,
        /// The control group, absolute below the hierarchy's root.
        cgroups_path: Option<String>,
        /// Limits.
        resources: Option<Resources>,
        /// Propagation of the root: `private`, `slave`, `shared`, `unbindable`.
        rootfs_propagation: Option<String>,
        /// System call filter.
        seccomp: Option<Seccomp>,
        /// Namespaces to make or join.
        namespaces: Vec<Namespace>,
        /// Paths that read as empty.
        masked_paths: Vec<PathBuf>,
        /// Paths that cannot be written.
        readonly_paths: Vec<PathBuf>,
        /// SELinux context of the mounts.
        mount_label: Option<String>,
        /// Resource director.
        intel_rdt: Option<IntelRdt>,
        /// Execution domain.
        personality: Option<Personality>,
        /// Offsets of a time namespace.
        time_offsets: BTreeMap<String, TimeOffset>,
    }
}

spec! {
    /// One namespace.
    Namespace {
        /// `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup`, `time`.
        #[serde(rename = "type")]
        kind: String,
        /// The one to join; a new one where absent.
        path: Option<PathBuf>,
    }
}

spec! {
    /// A range of ids.
    IdMapping {
        /// First id inside.
        #[serde(rename = "containerID")]
        container_id: u32,
        /// First id outside.
        #[serde(rename = "hostID")]
        host_id: u32,
        /// How many.
        size: u32,
    }
}

spec! {
    /// A device node.
    Device {
        /// `c`, `b`, `u` or `p`.
        #[serde(rename = "type")]
        kind: String,
        /// Path in the container.
        path: PathBuf,
        /// Major number.
        major: i64,
        /// Minor number.
        minor: i64,
        /// Permission bits.
        file_mode: Option<u32>,
        /// Owner.
        uid: Option<u32>,
        /// Group.
        gid: Option<u32>,
    }
}

spec! {
    /// Limits of the control group.
    Resources {
        /// Allowed and denied devices, in order.
        devices: Vec<DeviceRule>,
        /// Memory.
        memory: Option<Memory>,
        /// Processor time.
        cpu: Option<Cpu>,
        /// Number of processes.
        pids: Option<Pids>,
        /// Block devices.
        #[serde(rename = "blockIO")]
        block_io: Option<BlockIo>,
        /// Huge pages.
        hugepage_limits: Vec<HugepageLimit>,
        /// Network classes and priorities (version 1).
        network: Option<NetworkResources>,
        /// RDMA, by device.
        rdma: BTreeMap<String, Rdma>,
        /// Files of version 2, as they are.
        unified: BTreeMap<String, String>,
    }
}

spec! {
    /// One device rule.
    DeviceRule {
        /// Whether access is given.
        allow: bool,
        /// `a`, `c` or `b`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// All where absent.
        major: Option<i64>,
        /// All where absent.
        minor: Option<i64>,
        /// Of `rwm`.
        access: Option<String>,
    }
}

spec! {
    /// Memory limits in bytes; -1 is unlimited.
    Memory {
        /// Hard limit.
        limit: Option<i64>,
        /// Soft limit.
        reservation: Option<i64>,
        /// Memory and swap together.
        swap: Option<i64>,
        /// Kernel memory (version 1, obsolete).
        kernel: Option<i64>,
        /// TCP buffers (version 1).
        #[serde(rename = "kernelTCP")]
        kernel_tcp: Option<i64>,
        /// 0–100.
        swappiness: Option<u64>,
        /// Whether the kernel waits instead of killing.
        #[serde(rename = "disableOOMKiller")]
        disable_oom_killer: Option<bool>,
        /// Account for the whole subtree (version 1).
        use_hierarchy: Option<bool>,
        /// Refuse a limit below what is used.
        check_before_update: Option<bool>,
    }
}

spec! {
    /// Processor time.
    Cpu {
        /// Relative weight, 2–262144.
        shares: Option<u64>,
        /// Microseconds in each period; -1 is unlimited.
        quota: Option<i64>,
        /// Microseconds saved up for bursts.
        burst: Option<u64>,
        /// Microseconds.
        period: Option<u64>,
        /// Microseconds of real-time in each period (version 1).
        realtime_runtime: Option<i64>,
        /// Microseconds (version 1).
        realtime_period: Option<u64>,
        /// Processors, as `0-3,5`.
        cpus: Option<String>,
        /// Memory nodes.
        mems: Option<String>,
        /// 1 for SCHED_IDLE.
        idle: Option<i64>,
    }
}

spec! {
    /// Number of processes.
    Pids {
        /// 0 or less is unlimited.
        limit: Option<i64>,
    }
}

spec! {
    /// Block devices.
    BlockIo {
        /// 10–1000.
        weight: Option<u16>,
        /// 10–1000.
        leaf_weight: Option<u16>,
        /// Weight by device.
        weight_device: Vec<WeightDevice>,
        /// Bytes per second.
        throttle_read_bps_device: Vec<ThrottleDevice>,
        /// Bytes per second.
        throttle_write_bps_device: Vec<ThrottleDevice>,
        /// Operations per second.
        #[serde(rename = "throttleReadIOPSDevice")]
        throttle_read_iops_device: Vec<ThrottleDevice>,
        /// Operations per second.
        #[serde(rename = "throttleWriteIOPSDevice")]
        throttle_write_iops_device: Vec<ThrottleDevice>,
    }
}

spec! {
    /// Weight of one device.
    WeightDevice {
        /// Major number.
        major: i64,
        /// Minor number.
        minor: i64,
        /// 10–1000.
        weight: Option<u16>,
        /// 10–1000.
        leaf_weight: Option<u16>,
    }
}

spec! {
    /// Throttle of one device.
    ThrottleDevice {
        /// Major number.
        major: i64,
        /// Minor number.
        minor: i64,
        /// Per second.
        rate: u64,
    }
}

spec! {
    /// Limit of one huge page size.
    HugepageLimit {
        /// As `2MB`.
        page_size: String,
        /// Bytes.
        limit: u64,
    }
}

spec! {
    /// Network classes and priorities.
    NetworkResources {
        /// net_cls.classid.
        #[serde(rename = "classID")]
        class_id: Option<u32>,
        /// net_prio.
        priorities: Vec<InterfacePriority>,
    }
}

spec! {
    /// Priority of one interface.
    InterfacePriority {
        /// The interface.
        name: String,
        /// The priority.
        priority: u32,
    }
}

spec! {
    /// RDMA limits of one device.
    Rdma {
        /// Handles.
        hca_handles: Option<u32>,
        /// Objects.
        hca_objects: Option<u32>,
    }
}

spec! {
    /// System call filter.
    Seccomp {
        /// As `SCMP_ACT_ERRNO`.
        default_action: String,
        /// Errno of the default action.
        default_errno_ret: Option<u32>,
        /// As `SCMP_ARCH_X86_64`.
        architectures: Vec<String>,
        /// As `SECCOMP_FILTER_FLAG_LOG`.
        flags: Vec<String>,
        /// Socket that gets the notify descriptor.
        listener_path: Option<PathBuf>,
        /// Opaque to us, sent along.
        listener_metadata: Option<String>,
        /// Rules; the first match of a call wins nothing: the strictest action does, as in libseccomp.
        syscalls: Vec<Syscall>,
    }
}

spec! {
    /// One rule.
    Syscall {
        /// Names of calls; unknown ones are skipped.
        names: Vec<String>,
        /// As `SCMP_ACT_ALLOW`.
        action: String,
        /// Errno or trace value.
        errno_ret: Option<u32>,
        /// Conditions, all of which must hold.
        args: Vec<SyscallArg>,
    }
}

spec! {
    /// One condition on an argument.
    SyscallArg {
        /// 0–5.
        index: u32,
        /// Compared with; the mask for `SCMP_CMP_MASKED_EQ`.
        value: u64,
        /// Second value for `SCMP_CMP_MASKED_EQ`.
        value_two: u64,
        /// As `SCMP_CMP_EQ`.
        op: String,
    }
}

spec! {
    /// Resource director.
    IntelRdt {
        /// Class of service.
        #[serde(rename = "closID")]
        clos_id: Option<String>,
        /// L3 cache schema.
        #[serde(rename = "l3CacheSchema")]
        l3_cache_schema: Option<String>,
        /// Memory bandwidth schema.
        mem_bw_schema: Option<String>,
        /// Cache monitoring.
        #[serde(rename = "enableCMT")]
        enable_cmt: bool,
        /// Bandwidth monitoring.
        #[serde(rename = "enableMBM")]
        enable_mbm: bool,
    }
}

spec! {
    /// Execution domain.
    Personality {
        /// `LINUX` or `LINUX32`.
        domain: String,
        /// Further flags.
        flags: Vec<String>,
    }
}

spec! {
    /// Offset of a clock.
    TimeOffset {
        /// Seconds.
        secs: i64,
        /// Nanoseconds.
        nanosecs: u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_stays_absent_and_names_are_the_specification_s() {
        let text = r#"{"ociVersion":"1.2.0","root":{"path":"rootfs","readonly":true},"process":{"cwd":"/","args":["sh"],"noNewPrivileges":true,"oomScoreAdj":-5,"user":{"uid":1,"additionalGids":[2]}},"linux":{"uidMappings":[{"hostID":7,"size":1}],"resources":{"memory":{"disableOOMKiller":true},"blockIO":{"throttleReadIOPSDevice":[{"major":8,"rate":9}]}}}}"#;
        let spec: Spec = serde_json::from_str(text).unwrap();
        assert_eq!(spec.process.as_ref().unwrap().user.additional_gids, [2]);
        assert_eq!(serde_json::to_string(&spec).unwrap(), text);
    }
}
