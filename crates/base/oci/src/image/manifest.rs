//! The manifest of an image, and the index of manifests for several platforms.

use std::collections::BTreeMap;

use names::Platform;
use serde::{Deserialize, Serialize};

use super::{Descriptor, MAX_LAYERS, MAX_MANIFESTS, bounded};

/// A manifest: one configuration and the layers from the lowest to the highest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// Docker's or OCI's; OCI lets it be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What kind of artifact this is, where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The image's configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_LAYERS>")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free-form annotations.
    #[serde(default, deserialize_with = "bounded::nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An index: manifests of one image for several platforms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// Docker's or OCI's; OCI lets it be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The manifests, in the author's order of preference.
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_MANIFESTS>")]
    pub manifests: Vec<Descriptor>,
    /// Free-form annotations.
    #[serde(default, deserialize_with = "bounded::nullable", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// The entries that run on `platform`, best first. Among equals the author's order counts, and entries that name no
    /// platform come last. Entries whose platform is malformed run nowhere.
    pub fn choose(&self, platform: &Platform) -> Vec<&Descriptor> {
        let mut ranked: Vec<(usize, &Descriptor)> =
            self.manifests.iter().filter_map(|entry| Some((rank(entry, platform)?, entry))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, entry)| entry).collect()
    }
}

fn rank(entry: &Descriptor, wanted: &Platform) -> Option<usize> {
    match &entry.platform {
        Some(platform) if !platform.is_unset() => wanted.rank(&platform.normalised().ok()?),
        _ => Some(usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(platforms: &[&str]) -> Index {
        let digest = |at: usize| format!("sha256:{at:064}");
        let entries: Vec<String> = platforms
            .iter()
            .enumerate()
            .map(|(at, platform)| format!(r#"{{"digest":"{}","size":1,"platform":{platform}}}"#, digest(at)))
            .collect();
        serde_json::from_str(&format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","))).unwrap()
    }

    #[track_caller]
    fn check(platforms: &[&str], wanted: &str, expect: &[usize]) {
        let index = index(platforms);
        let chosen = index.choose(&wanted.parse().unwrap());
        let chosen: Vec<usize> = chosen.iter().map(|entry| entry.digest.hex().parse().unwrap()).collect();
        assert_eq!(chosen, expect);
    }

    #[test]
    fn the_best_platform_is_chosen() {
        let amd64 = r#"{"os":"linux","architecture":"amd64"}"#;
        let i386 = r#"{"os":"linux","architecture":"386"}"#;
        let arm64 = r#"{"os":"linux","architecture":"arm64","variant":"v8"}"#;
        let armv6 = r#"{"os":"linux","architecture":"arm","variant":"v6"}"#;
        let armv7 = r#"{"os":"linux","architecture":"arm","variant":"v7"}"#;
        check(&[i386, arm64, amd64], "linux/amd64", &[2, 0]);
        check(&[armv6, armv7, arm64], "linux/arm64", &[2, 1, 0]);
        check(&[armv6, armv7], "linux/arm/v6", &[0]);
        check(&[amd64, amd64], "linux/amd64", &[0, 1]);
        check(&[arm64], "linux/riscv64", &[]);
    }

    #[test]
    fn entries_without_a_platform_come_last_and_malformed_ones_never() {
        let amd64 = r#"{"os":"linux","architecture":"amd64"}"#;
        let unknown = r#"{"os":"unknown","architecture":"unknown"}"#;
        let hostile = r#"{"os":"linux","architecture":"../amd64"}"#;
        check(&["null", unknown, hostile, "{}", amd64], "linux/amd64", &[4, 0, 3]);
    }
}
