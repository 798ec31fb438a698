//! To which containers a rule applies.

use serde::{Deserialize, Deserializer};

use super::file::nullable;
use crate::KernelVersion;

/// What is asked about the container and its host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    /// The bounding set, as `CAP_SYS_ADMIN`.
    pub(super) capabilities: &'a [String],
    /// The host's kernel.
    pub(super) kernel: KernelVersion,
    /// The machine, as profiles call it: `amd64`.
    pub(super) machine: &'a str,
}

/// One of a rule's two filters.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Filter {
    #[serde(deserialize_with = "nullable")]
    caps: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    arches: Vec<String>,
    #[serde(deserialize_with = "version")]
    min_kernel: Option<KernelVersion>,
}

impl Filter {
    /// As `includes`: whether the rule applies. All capabilities must be there.
    pub(super) fn includes(&self, now: Circumstances<'_>) -> bool {
        (self.arches.is_empty() || self.arches.iter().any(|arch| arch == now.machine))
            && self.caps.iter().all(|capability| now.capabilities.contains(capability))
            && self.min_kernel.is_none_or(|least| now.kernel >= least)
    }

    /// As `excludes`: whether the rule does not apply. Any one reason is enough.
    pub(super) fn excludes(&self, now: Circumstances<'_>) -> bool {
        self.arches.iter().any(|arch| arch == now.machine)
            || self.caps.iter().any(|capability| now.capabilities.contains(capability))
            || self.min_kernel.is_some_and(|least| now.kernel >= least)
    }
}

/// Reads `"4.8"`: exactly two numbers below 256, not both 0. An empty text means version 0.0, so always holds, as in Docker.
fn version<'de, D: Deserializer<'de>>(from: D) -> Result<Option<KernelVersion>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(KernelVersion { major: 0, minor: 0 }));
    }
    let number = |text: &str| text.parse::<u8>().ok().filter(|_| !text.starts_with('+')).map(u32::from);
    let parsed = text.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match parsed {
        Some((0, 0)) => Err(invalid(&text, ": version cannot be 0.0")),
        Some((major, minor)) => Ok(Some(KernelVersion { major, minor })),
        None => Err(invalid(&text, "")),
    }
}

fn invalid<E: serde::de::Error>(text: &str, why: &str) -> E {
    E::custom(format_args!("invalid kernel version: {text:?}, expected \"<kernel>.<major>\"{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(json: &str) -> Filter {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn inclusion_needs_everything_and_exclusion_anything() {
        let capabilities = ["CAP_CHOWN".to_owned(), "CAP_KILL".to_owned()];
        let now = Circumstances {
            capabilities: &capabilities,
            kernel: KernelVersion { major: 5, minor: 10 },
            machine: "amd64",
        };
        let check = |json: &str| (filter(json).includes(now), filter(json).excludes(now));
        assert_eq!(check("{}"), (true, false));
        assert_eq!(check(r#"{"caps":["CAP_CHOWN"]}"#), (true, true));
        assert_eq!(check(r#"{"caps":["CAP_CHOWN","CAP_BPF"]}"#), (false, true));
        assert_eq!(check(r#"{"caps":["CAP_BPF"]}"#), (false, false));
        assert_eq!(check(r#"{"arches":["amd64","x32"]}"#), (true, true));
        assert_eq!(check(r#"{"arches":["s390x"],"caps":null}"#), (false, false));
        assert_eq!(check(r#"{"minKernel":"5.10"}"#), (true, true));
        assert_eq!(check(r#"{"minKernel":"5.11"}"#), (false, false));
        assert_eq!(check(r#"{"minKernel":""}"#), (true, true));
    }

    #[test]
    fn versions_of_other_forms_are_refused() {
        for text in ["5", "5.1.2", "0.0", "a.b", "5.", "256.0", "+5.1"] {
            let error = serde_json::from_str::<Filter>(&format!(r#"{{"minKernel":"{text}"}}"#)).unwrap_err();
            assert!(error.to_string().starts_with("invalid kernel version"), "{text}: {error}");
        }
        assert!(serde_json::from_str::<Filter>(r#"{"minKernel":5.1}"#).is_err());
    }
}
