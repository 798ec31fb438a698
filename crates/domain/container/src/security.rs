//! `--security-opt`.

use api::container::HostConfig;
use fault::{Fault, Result};

/// What the options ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// A process can gain nothing by execve (prctl(2), PR_SET_NO_NEW_PRIVS).
    pub no_new_privileges: bool,
    /// The system call filter.
    pub seccomp: SeccompChoice,
    /// The AppArmor profile; the default one where none is named.
    pub apparmor: Option<String>,
}

/// The AppArmor profile that confines nothing.
pub const UNCONFINED: &str = "unconfined";

/// The system call filter that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SeccompChoice {
    /// Docker's default profile.
    #[default]
    Default,
    /// None.
    Unconfined,
    /// This profile, as JSON in Docker's format.
    Profile(String),
}

impl Security {
    /// Reads the options; privileged containers are unconfined unless they ask for a profile.
    pub fn parse(host: &HostConfig) -> Result<Self> {
        let mut security = Self::default();
        if host.privileged {
            security.seccomp = SeccompChoice::Unconfined;
            security.apparmor = Some(UNCONFINED.to_owned());
        }
        for option in host.security_opt.iter().flatten() {
            security.apply(option)?;
        }
        Ok(security)
    }

    fn apply(&mut self, option: &str) -> Result<()> {
        if option == "no-new-privileges" {
            self.no_new_privileges = true;
            return Ok(());
        }
        // The older form has a colon; a profile may hold both characters, so the first of either counts.
        let Some((name, value)) = option.split_once(['=', ':']) else {
            return Err(Fault::invalid(format!("invalid --security-opt 1: {option:?}")));
        };
        match (name, value) {
            ("no-new-privileges", "true") => self.no_new_privileges = true,
            ("no-new-privileges", "false") => self.no_new_privileges = false,
            ("seccomp", "unconfined") => self.seccomp = SeccompChoice::Unconfined,
            ("seccomp", "builtin" | "") => self.seccomp = SeccompChoice::Default,
            ("seccomp", profile) => self.seccomp = SeccompChoice::Profile(profile.to_owned()),
            ("apparmor", profile) => self.apparmor = Some(profile.to_owned()),
            ("label", "disable") => {}
            // As in the original, these have no meaning where the kernel has no such module.
            ("label", _) if !kernel_has("/sys/fs/selinux") => {}
            // The client has put empty lists of masked and read-only paths beside it.
            ("systempaths", "unconfined") => {}
            ("label" | "systempaths" | "writable-cgroups", _) => {
                return Err(Fault::not_implemented(format!("security option {option:?} is not implemented yet")));
            }
            _ => return Err(Fault::invalid(format!("invalid --security-opt 2: {option:?}"))),
        }
        Ok(())
    }
}

fn kernel_has(module: &str) -> bool {
    std::path::Path::new(module).is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[&str], privileged: bool) -> Result<Security> {
        let security_opt = Some(options.iter().map(|&option| option.to_owned()).collect());
        Security::parse(&HostConfig { security_opt, privileged, ..HostConfig::default() })
    }

    #[test]
    fn options_are_read_in_both_forms() {
        let security = parse(&["no-new-privileges", "seccomp:unconfined"], false).unwrap();
        assert!(
            security.no_new_privileges && security.seccomp == SeccompChoice::Unconfined && security.apparmor.is_none()
        );
        let privileged = parse(&[], true).unwrap();
        assert_eq!(privileged.seccomp, SeccompChoice::Unconfined);
        assert_eq!(privileged.apparmor.as_deref(), Some(UNCONFINED));
        assert_eq!(parse(&["apparmor=mine"], true).unwrap().apparmor.as_deref(), Some("mine"));
        let profile = parse(&["seccomp={\"defaultAction\":\"x\"}"], true).unwrap();
        assert_eq!(profile.seccomp, SeccompChoice::Profile("{\"defaultAction\":\"x\"}".into()));
        for bad in ["nonsense", "nonsense=1", "writable-cgroups=true"] {
            assert!(parse(&[bad], false).is_err(), "{bad}");
        }
    }
}
