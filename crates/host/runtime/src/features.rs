//! What this runtime knows, by the names of the specification.

use crate::mount_options;
use crate::{capabilities, namespaces};

/// What this runtime knows, by the names of the specification.
#[derive(Clone, Debug)]
pub struct Features {
    /// Kinds of hooks.
    pub hooks: Vec<&'static str>,
    /// Mount options that are not the file system's own, in order.
    pub mount_options: Vec<String>,
    /// Kinds of namespaces.
    pub namespaces: Vec<&'static str>,
    /// Capabilities that this kernel has, too.
    pub capabilities: Vec<String>,
    /// Actions of system call filters.
    pub seccomp_actions: &'static [&'static str],
    /// Comparisons of system call filters.
    pub seccomp_operators: &'static [&'static str],
    /// Architectures of system call filters.
    pub seccomp_archs: &'static [&'static str],
    /// Flags of system call filters.
    pub seccomp_flags: &'static [&'static str],
    /// Whether mounts can map ids.
    pub idmap: bool,
}

/// What this runtime knows.
pub fn features() -> Features {
    use crate::Moment::{CreateContainer, CreateRuntime, Poststart, Poststop, Prestart, StartContainer};
    let hooks = [Prestart, CreateRuntime, CreateContainer, StartContainer, Poststart, Poststop];
    Features {
        hooks: hooks.map(crate::Moment::name).into(),
        mount_options: mount_options::known(),
        namespaces: namespaces::kinds(),
        capabilities: capabilities::known(),
        seccomp_actions: seccomp::features::ACTIONS,
        seccomp_operators: seccomp::features::OPERATORS,
        seccomp_archs: seccomp::features::ARCHITECTURES,
        seccomp_flags: seccomp::features::FLAGS,
        idmap: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_in_order() {
        let features = features();
        assert!(features.mount_options.is_sorted() && features.mount_options.contains(&"rro".to_owned()));
        assert!(features.capabilities.contains(&"CAP_CHOWN".to_owned()));
        assert!(features.namespaces.is_sorted() && features.namespaces.contains(&"time"));
    }
}
