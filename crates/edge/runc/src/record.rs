//! What is written down of a container: `state.json`, with the names that readers of runc's know.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cgroup::{Cgroup, Hierarchy, Site, Version};
use oci::runtime::Spec;
use serde::{Deserialize, Serialize};

/// What is written down of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub id: String,
    /// PID 1 on the host; 0 as long as there is none.
    pub init_process_pid: i32,
    /// When PID 1 started, in clock ticks since boot: proc_pid_stat(5), field 22.
    pub init_process_start: u64,
    /// RFC 3339.
    pub created: String,
    /// What others read.
    pub config: Config,
    /// Whether control groups that could not be made were done without.
    pub rootless: bool,
    /// Its control groups by controller; of version 2 under the empty name.
    pub cgroup_paths: BTreeMap<String, PathBuf>,
    /// Its namespaces by runc's names for them.
    pub namespace_paths: BTreeMap<String, PathBuf>,
    /// Its class of the resource director; none.
    pub intel_rdt_path: String,
    /// What is ours alone.
    pub gantry: Own,
}

/// The part of a container's configuration that readers of runc's files look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The specification's version.
    pub version: String,
    /// Its root file system.
    pub rootfs: PathBuf,
    /// Its host name.
    pub hostname: String,
    /// `bundle=…`, and the annotations.
    pub labels: Vec<String>,
    /// Which namespaces are not the host's.
    pub namespaces: Vec<Namespace>,
    /// Where its control groups are.
    pub cgroups: Cgroups,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// As `NEWNS`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Empty for one made for the container.
    pub path: PathBuf,
}

/// Where control groups are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cgroups {
    /// Below each hierarchy.
    pub path: String,
}

/// What is ours alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The bundle, absolute.
    pub bundle: PathBuf,
    /// All directories of its control groups.
    pub cgroups: Vec<PathBuf>,
    /// The unit of systemd that they are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether its groups are its own, and what is in them is of a restore that has not come to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restoring: bool,
    /// From the specification.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// runc's names of namespaces, the specification's, and those of their files in procfs.
const NAMESPACES: [(&str, &str, &str); 8] = [
    ("NEWCGROUP", "cgroup", "cgroup"),
    ("NEWIPC", "ipc", "ipc"),
    ("NEWNET", "network", "net"),
    ("NEWNS", "mount", "mnt"),
    ("NEWPID", "pid", "pid"),
    ("NEWTIME", "time", "time"),
    ("NEWUSER", "user", "user"),
    ("NEWUTS", "uts", "uts"),
];

impl Record {
    /// The record of a container that is about to be made.
    pub fn new(id: &str, spec: &Spec, bundle: &Path, rootfs: &Path, rootless: bool) -> Self {
        let annotations = spec.annotations.iter().map(|(name, value)| format!("{name}={value}"));
        Self {
            id: id.to_owned(),
            init_process_pid: 0,
            init_process_start: 0,
            created: jiff::Timestamp::now().to_string(),
            config: Config {
                version: spec.oci_version.clone(),
                rootfs: rootfs.to_owned(),
                hostname: spec.hostname.clone().unwrap_or_default(),
                labels: annotations.chain([format!("bundle={}", bundle.display())]).collect(),
                namespaces: namespaces(spec),
                cgroups: Cgroups::default(),
            },
            rootless,
            cgroup_paths: BTreeMap::new(),
            namespace_paths: BTreeMap::new(),
            intel_rdt_path: String::new(),
            gantry: Own {
                bundle: bundle.to_owned(),
                cgroups: Vec::new(),
                unit: None,
                restoring: false,
                annotations: spec.annotations.clone(),
            },
        }
    }

    /// Notes the control groups, before anything is in them.
    pub fn set_cgroups(&mut self, site: &Site) {
        self.config.cgroups.path = Path::new("/").join(site.path()).display().to_string();
        self.gantry.unit = site.unit().map(|unit| unit.name.clone());
        for (path, hierarchy) in site.groups() {
            // Version 2 has the empty name.
            let names = match hierarchy.version {
                Version::V1 => hierarchy.controllers.clone(),
                Version::V2 => vec![String::new()],
            };
            self.cgroup_paths.extend(names.into_iter().map(|name| (name, path.clone())));
            self.gantry.cgroups.push(path);
        }
    }

    /// Forgets control groups that this user could not make.
    pub fn keep_cgroups(&mut self, made: &[PathBuf]) {
        self.gantry.cgroups.retain(|path| made.contains(path));
        self.cgroup_paths.retain(|_, path| made.contains(path));
    }

    /// Its control groups.
    pub fn cgroup(&self, paths: &[PathBuf]) -> Cgroup {
        let hierarchy = |path: &PathBuf| {
            let own = self.cgroup_paths.iter().filter(|(name, own)| *own == path && !name.is_empty());
            let controllers: Vec<String> = own.map(|(name, _)| name.clone()).collect();
            let version = if controllers.is_empty() { Version::V2 } else { Version::V1 };
            Hierarchy { mount: PathBuf::new(), version, controllers }
        };
        Cgroup::from_record(paths.iter().cloned().zip(self.gantry.cgroups.iter().map(hierarchy)))
    }

    /// Notes PID 1.
    pub fn set_init(&mut self, pid: i32, start: u64) {
        self.init_process_pid = pid;
        self.init_process_start = start;
        let file = |(name, _, file): (&str, &str, &str)| (name.to_owned(), format!("/proc/{pid}/ns/{file}").into());
        self.namespace_paths = NAMESPACES.into_iter().map(file).collect();
    }
}

fn namespaces(spec: &Spec) -> Vec<Namespace> {
    let given = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    let named = given.filter_map(|namespace| {
        let (name, ..) = NAMESPACES.iter().find(|(_, kind, _)| *kind == namespace.kind)?;
        Some(Namespace { kind: (*name).to_owned(), path: namespace.path.clone().unwrap_or_default() })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_and_has_runc_s_names() {
        let spec: Spec = serde_json::from_str(
            r#"{"ociVersion":"1.0.2","hostname":"h","annotations":{"a":"b"},"linux":{"namespaces":[{"type":"mount"},{"type":"network","path":"/n"}]}}"#,
        )
        .unwrap();
        let mut record = Record::new("x", &spec, Path::new("/b"), Path::new("/b/r"), false);
        let site = Site::find("/x").unwrap();
        record.set_cgroups(&site);
        record.set_init(std::process::id() as i32, 7);
        let text = serde_json::to_string(&record).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["config"]["namespaces"][1], serde_json::json!({"type": "NEWNET", "path": "/n"}));
        assert_eq!(value["config"]["cgroups"], serde_json::json!({"path": "/x"}));
        assert_eq!(value["config"]["labels"], serde_json::json!(["a=b", "bundle=/b"]));
        for (path, hierarchy) in site.groups() {
            let name = hierarchy.controllers.first().map_or("", String::as_str);
            assert_eq!(value["cgroup_paths"][name], path.to_str().unwrap());
        }
        let cgroup = record.cgroup(&record.gantry.cgroups);
        assert_eq!(cgroup.paths(), site.groups().map(|(path, _)| path).collect::<Vec<_>>());
        assert_eq!(value["namespace_paths"]["NEWNS"], format!("/proc/{}/ns/mnt", std::process::id()));
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
