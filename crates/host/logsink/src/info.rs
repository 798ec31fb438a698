//! What a container's records say of it.

use std::collections::BTreeMap;

use crate::options::Options;

/// A container, as its log driver sees it.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// Its full id.
    pub id: String,
    /// Its name, without a slash.
    pub name: String,
    /// Its image's id, `sha256:` and all.
    pub image_id: String,
    /// Its image as it was named.
    pub image_name: String,
    /// Its program.
    pub entrypoint: String,
    /// Its program's arguments.
    pub args: Vec<String>,
    /// When it was made, in nanoseconds since 1970.
    pub created: i64,
    /// Its variables.
    pub env: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The options of its log driver.
    pub options: Options,
    /// The host's name.
    pub hostname: String,
    /// The labels and variables that go with each record.
    pub attributes: BTreeMap<String, String>,
    /// Where its log file is, for drivers whose users may know.
    pub log_path: String,
    /// What its records are tagged with.
    pub tag: String,
}

impl Info {
    /// One to try templates with: its ids are as long as any.
    pub(crate) fn sample() -> Self {
        let digits = "0".repeat(64);
        let image_id = format!("sha256:{digits}");
        Self { id: digits, image_id, name: "name".into(), image_name: "image".into(), ..Self::default() }
    }

    /// The id's first twelve digits.
    pub(crate) fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The program with its arguments.
    pub(crate) fn command(&self) -> String {
        [&self.entrypoint].into_iter().chain(&self.args).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}
