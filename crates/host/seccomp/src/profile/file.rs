//! A profile as a user writes it.

use std::path::PathBuf;

use oci::runtime::{Seccomp, Syscall, SyscallArg};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::filter::{Circumstances, Filter};
use crate::KernelVersion;

/// The text is not a profile.
#[derive(Debug, Error)]
#[error("decoding seccomp profile failed")]
pub struct ParseError(#[from] serde_json::Error);

/// Why a profile has no meaning.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ResolveError {
    /// They say the same in two ways.
    #[error(
        "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'"
    )]
    Architectures,
    /// They say the same in two ways.
    #[error("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'")]
    Names,
}

/// A profile in Docker's format.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    #[serde(deserialize_with = "nullable")]
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(deserialize_with = "nullable")]
    architectures: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    arch_map: Vec<Architecture>,
    #[serde(deserialize_with = "nullable")]
    flags: Vec<String>,
    listener_path: Option<PathBuf>,
    listener_metadata: Option<String>,
    #[serde(deserialize_with = "nullable")]
    syscalls: Vec<Rule>,
}

/// What a machine of some architecture runs besides its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Architecture {
    architecture: String,
    #[serde(deserialize_with = "nullable")]
    sub_architectures: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    #[serde(deserialize_with = "nullable")]
    names: Vec<String>,
    /// The one name, in profiles of before Docker 1.13.
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable")]
    action: String,
    errno_ret: Option<u32>,
    #[serde(deserialize_with = "nullable")]
    args: Vec<SyscallArg>,
    includes: Option<Filter>,
    excludes: Option<Filter>,
}

/// What profiles call a machine in filters, and in their table of architectures.
const MACHINES: [(&str, &str, &str); 3] = [
    ("x86_64", "amd64", "SCMP_ARCH_X86_64"),
    ("aarch64", "arm64", "SCMP_ARCH_AARCH64"),
    ("riscv64", "riscv64", "SCMP_ARCH_RISCV64"),
];

/// Reads a profile in Docker's format, or an OCI one, which is a part of it. Unknown fields are passed over, as the names
/// of errnos are which other engines write beside `errnoRet`.
///
/// # Errors
/// When it is not JSON, or a field has another type.
pub fn parse(json: &[u8]) -> Result<Profile, ParseError> {
    // Serde would take an array for the fields in order, and so `[]` for a profile that filters nothing.
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(ParseError(serde_json::Error::custom("expected an object")));
    }
    Ok(serde_json::from_slice(json)?)
}

impl Profile {
    /// The profile for a container with these capabilities in its bounding set, on this kernel; nothing where the profile
    /// says nothing at all, which means no filter.
    ///
    /// # Errors
    /// When the profile says something in two ways at once.
    pub fn resolve(&self, capabilities: &[String], kernel: KernelVersion) -> Result<Option<Seccomp>, ResolveError> {
        if self.default_action.is_empty() && self.syscalls.is_empty() {
            return Ok(None);
        }
        let (machine, own) = machine();
        let now = Circumstances { capabilities, kernel, machine };
        let rules = self.syscalls.iter().map(|rule| rule.resolve(now));
        Ok(Some(Seccomp {
            default_action: self.default_action.clone(),
            default_errno_ret: self.default_errno_ret,
            architectures: self.architectures(own)?,
            flags: self.flags.clone(),
            listener_path: self.listener_path.clone(),
            listener_metadata: self.listener_metadata.clone(),
            syscalls: rules.filter_map(Result::transpose).collect::<Result<_, _>>()?,
        }))
    }

    fn architectures(&self, own: &str) -> Result<Vec<String>, ResolveError> {
        if !self.architectures.is_empty() && !self.arch_map.is_empty() {
            return Err(ResolveError::Architectures);
        }
        let found = self.arch_map.iter().find(|entry| entry.architecture == own);
        let mapped =
            found.into_iter().flat_map(|entry| std::iter::once(&entry.architecture).chain(&entry.sub_architectures));
        Ok(self.architectures.iter().chain(mapped).cloned().collect())
    }
}

impl Rule {
    /// The rule without its filters; nothing where it does not apply.
    fn resolve(&self, now: Circumstances<'_>) -> Result<Option<Syscall>, ResolveError> {
        let names = match (self.name.as_str(), self.names.is_empty()) {
            ("", _) => self.names.clone(),
            (name, true) => vec![name.to_owned()],
            (_, false) => return Err(ResolveError::Names),
        };
        let excluded = self.excludes.as_ref().is_some_and(|filter| filter.excludes(now));
        let included = self.includes.as_ref().is_none_or(|filter| filter.includes(now));
        let rule = Syscall { names, action: self.action.clone(), errno_ret: self.errno_ret, args: self.args.clone() };
        Ok((included && !excluded).then_some(rule))
    }
}

fn machine() -> (&'static str, &'static str) {
    let found = MACHINES.iter().find(|(rust, ..)| *rust == std::env::consts::ARCH);
    found.map_or((std::env::consts::ARCH, ""), |&(_, name, architecture)| (name, architecture))
}

/// Takes `null` for the empty value, as Go does.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL: KernelVersion = KernelVersion { major: 6, minor: 1 };

    fn resolve(json: &str, capabilities: &[&str]) -> Result<Option<Seccomp>, ResolveError> {
        let capabilities: Vec<String> = capabilities.iter().map(ToString::to_string).collect();
        parse(json.as_bytes()).unwrap().resolve(&capabilities, KERNEL)
    }

    #[test]
    fn rules_are_kept_where_they_apply() {
        let json = r#"{
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "comment": "x",
            "archMap": [
                {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                {"architecture": "SCMP_ARCH_S390X", "subArchitectures": null}
            ],
            "syscalls": [
                {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "args": null, "comment": "", "errno": "EPERM"},
                {"name": "mount", "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}, "excludes": {}},
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
                {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
                 "args": [{"index": 0, "value": 40, "valueTwo": 0, "op": "SCMP_CMP_NE"}],
                 "includes": {"minKernel": "4.8", "arches": ["amd64"]}}
            ]}"#;
        let names = |profile: &Seccomp| profile.syscalls.iter().flat_map(|rule| rule.names.clone()).collect::<Vec<_>>();
        let plain = resolve(json, &[]).unwrap().unwrap();
        assert_eq!(names(&plain), ["read", "write", "clone3", "socket"]);
        assert_eq!(plain.architectures, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
        assert_eq!(plain.syscalls[1].errno_ret, Some(38));
        assert_eq!(plain.syscalls[2].args[0].value, 40);
        let admin = resolve(json, &["CAP_SYS_ADMIN"]).unwrap().unwrap();
        assert_eq!(names(&admin), ["read", "write", "mount", "socket"]);
        assert!(crate::compile(&admin).is_ok());
    }

    #[test]
    fn an_oci_profile_is_one_too() {
        let json = r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X32"],"flags":["SECCOMP_FILTER_FLAG_LOG"],
            "listenerPath":"/run/agent","listenerMetadata":"m","syscalls":[]}"#;
        let profile = resolve(json, &[]).unwrap().unwrap();
        assert_eq!((profile.architectures, profile.flags.len()), (vec!["SCMP_ARCH_X32".to_owned()], 1));
        assert_eq!((profile.listener_path, profile.listener_metadata), (Some("/run/agent".into()), Some("m".into())));
    }

    #[test]
    fn a_profile_that_says_nothing_means_no_filter() {
        assert_eq!(resolve("{}", &[]), Ok(None));
        assert_eq!(resolve(r#"{"syscalls":null}"#, &[]), Ok(None));
    }

    #[test]
    fn contradictions_are_refused() {
        let architectures = r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],
            "archMap":[{"architecture":"SCMP_ARCH_X86_64"}]}"#;
        assert_eq!(resolve(architectures, &[]), Err(ResolveError::Architectures));
        let names = r#"{"syscalls":[{"name":"read","names":["write"],"action":"SCMP_ACT_ALLOW"}]}"#;
        assert_eq!(resolve(names, &[]), Err(ResolveError::Names));
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        for json in ["", "[]", "{", r#"{"syscalls":{}}"#, r#"{"syscalls":[null]}"#, r#"{"defaultErrnoRet":-1}"#] {
            let error = parse(json.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "decoding seccomp profile failed", "{json}");
        }
    }
}
