//! The five capability sets of a process, as they can be given.

use rustix::thread::{CapabilitySet, capability_is_in_bounding_set};

/// `include/uapi/linux/capability.h`, by number.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The five capability sets of a process: capabilities(7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// What goes out of the bounding set: all that the kernel knows but the wanted.
    pub dropped: CapabilitySet,
    pub effective: CapabilitySet,
    pub permitted: CapabilitySet,
    pub inheritable: CapabilitySet,
    pub ambient: CapabilitySet,
}

impl Capabilities {
    /// Reads the specification and leaves out what the host cannot give; `warnings` says what.
    pub fn read(wanted: Option<&oci::runtime::Capabilities>, host: Available, warnings: &mut Vec<String>) -> Self {
        let none = oci::runtime::Capabilities::default();
        let wanted = wanted.unwrap_or(&none);
        let mut missing = Vec::new();
        let (mut host, known) = (host, host.known);
        let mut set = |names: &[String]| {
            names.iter().fold(CapabilitySet::empty(), |set, name| match number(name) {
                Some(capability) if host.can_give(capability) => set | capability,
                _ => {
                    missing.push(name.clone());
                    set
                }
            })
        };
        let permitted = set(&wanted.permitted);
        let inheritable = set(&wanted.inheritable);
        let this = Self {
            dropped: known - set(&wanted.bounding),
            effective: set(&wanted.effective) & permitted,
            permitted,
            inheritable,
            // The kernel raises only what is in both: capabilities(7), "Ambient".
            ambient: set(&wanted.ambient) & permitted & inheritable,
        };
        missing.sort_unstable();
        missing.dedup();
        if !missing.is_empty() {
            warnings.push(format!("capabilities that this host cannot give are left out: {}", missing.join(", ")));
        }
        this
    }
}

/// What this kernel knows, and what can be given to a process: asked for one capability at a time, since most have no use
/// for more than a third of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Available {
    pub known: CapabilitySet,
    /// What was asked about, and what of it can be given.
    asked: CapabilitySet,
    givable: CapabilitySet,
}

impl Available {
    /// Asks the kernel. In a user namespace of the container's own everything can be given, else what this process's
    /// bounding set holds.
    pub fn read(in_user_namespace: bool) -> Self {
        let known = CapabilitySet::from_bits_retain((1 << count()) - 1);
        let asked = if in_user_namespace { known } else { CapabilitySet::empty() };
        Self { known, asked, givable: asked }
    }

    fn can_give(&mut self, capability: CapabilitySet) -> bool {
        if self.known.contains(capability) && !self.asked.contains(capability) {
            self.asked |= capability;
            if capability_is_in_bounding_set(capability).unwrap_or(false) {
                self.givable |= capability;
            }
        }
        self.givable.contains(capability)
    }
}

/// How many capabilities the kernel knows: the lowest number that it does not.
fn count() -> u32 {
    let (mut known, mut unknown) = (0, 63);
    while known < unknown {
        let middle = u32::midpoint(known, unknown);
        match capability_is_in_bounding_set(CapabilitySet::from_bits_retain(1 << middle)) {
            Ok(_) => known = middle + 1,
            Err(_) => unknown = middle,
        }
    }
    known
}

/// All that have a name here and that the kernel knows.
pub(crate) fn known() -> Vec<String> {
    let host = Available::read(false).known;
    let names = NAMES.iter().map(|name| format!("CAP_{name}"));
    names.filter(|name| number(name).is_some_and(|capability| host.contains(capability))).collect()
}

fn number(name: &str) -> Option<CapabilitySet> {
    let name = name.strip_prefix("CAP_")?;
    let position = NAMES.iter().position(|known| *known == name)?;
    Some(CapabilitySet::from_bits_retain(1 << position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_kernel_s_numbers() {
        assert_eq!(number("CAP_CHOWN"), Some(CapabilitySet::CHOWN));
        assert_eq!(number("CAP_SYS_ADMIN"), Some(CapabilitySet::SYS_ADMIN));
        assert_eq!(number("CAP_CHECKPOINT_RESTORE"), Some(CapabilitySet::CHECKPOINT_RESTORE));
        assert_eq!((number("CHOWN"), number("CAP_X")), (None, None));
    }

    #[test]
    fn what_cannot_be_given_is_left_out_of_every_set_and_said_once() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let wanted = oci::runtime::Capabilities {
            bounding: names(&["CAP_KILL", "CAP_SYS_RESOURCE"]),
            effective: names(&["CAP_KILL", "CAP_SYS_RESOURCE"]),
            permitted: names(&["CAP_KILL"]),
            inheritable: vec![],
            ambient: names(&["CAP_KILL"]),
        };
        let mut warnings = Vec::new();
        let givable = CapabilitySet::KILL | CapabilitySet::CHOWN;
        let known = givable | CapabilitySet::SYS_RESOURCE;
        let host = Available { known, asked: known, givable };
        let sets = Capabilities::read(Some(&wanted), host, &mut warnings);
        assert_eq!(sets.dropped, CapabilitySet::CHOWN | CapabilitySet::SYS_RESOURCE);
        assert_eq!(sets.effective, CapabilitySet::KILL);
        assert_eq!(sets.ambient, CapabilitySet::empty());
        assert_eq!(warnings, ["capabilities that this host cannot give are left out: CAP_SYS_RESOURCE"]);
    }
}
