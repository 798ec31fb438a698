//! `--verbose`: every object.

use crate::command::container::ls as containers;
use crate::command::image::ls as images;
use crate::command::volume::ls as volumes;
use crate::exit::Exit;
use crate::format::{Column, Format, List, Object, Row, Template, Value};
use api::container::ContainerSummary;
use api::image::ImageSummary;
use api::system::{BuildCache, DiskUsage};
use human::{Instant, decimal_size, elapsed, go_string, local_zone, parse_rfc3339};
use jiff::tz::TimeZone;
use names::Reference;

const IMAGES: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
const CONTAINERS: &str =
    "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
const VOLUMES: &str = "{{.Name}}\t{{.Links}}\t{{.Size}}";
const BUILDS: &str =
    "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}";

const BUILD_COLUMNS: &[Column] = &[
    Column::new("ID", "CACHE ID"),
    Column::new("Parent", "PARENT"),
    Column::new("CacheType", "CACHE TYPE"),
    Column::new("Size", "SIZE"),
    Column::new("CreatedSince", "CREATED"),
    Column::new("LastUsedSince", "LAST USED"),
    Column::new("UsageCount", "USAGE"),
    Column::new("Shared", "SHARED"),
];

const RAW_BUILD: &str = "id: {{.ID}}\nparent: {{.Parent}}\ncache_type: {{.CacheType}}\nsize: {{.Size}}\ncreated_since: {{.CreatedSince}}\nlast_used_since: {{.LastUsedSince}}\nusage_count: {{.UsageCount}}\nshared: {{.Shared}}\n";

/// What the rows depend on besides the daemon's answer.
pub struct Detail {
    now: i64,
    zone: TimeZone,
}

/// The rows of all kinds.
struct Rows {
    images: Vec<Value>,
    containers: Vec<Value>,
    volumes: Vec<Value>,
    builds: Vec<Value>,
}

impl Detail {
    /// At present, for the user's time zone.
    pub fn now() -> Detail {
        Detail { now: containers::now(), zone: local_zone() }
    }

    /// Tables of all kinds, or one template for everything.
    pub fn render(&self, format: &Format, mut usage: DiskUsage) -> Result<String, Exit> {
        let builds = usage.build_cache.get_or_insert_default();
        // The longest unused first; those without a time before them.
        builds.sort_by_cached_key(|one| (one.last_used_at.as_deref().and_then(instant), one.id.clone()));
        let size: i64 = builds.iter().filter(|one| !one.shared).map(|one| one.size).sum();
        let table = format.is_plain_table();
        let rows = self.rows(&usage, table);
        if table {
            return rows.tables(size);
        }
        if format.is_raw() {
            return rows.raw();
        }
        rows.template(&format.source()).map_err(Exit::failure)
    }

    /// Tables cut ids; templates have them whole.
    fn rows(&self, usage: &DiskUsage, truncate: bool) -> Rows {
        let view = images::View { truncate, now: self.now, zone: self.zone.clone() };
        let images = usage.images.iter().flatten().map(|image| view.row(image, name(image))).collect();
        let view = containers::View { truncate, now: self.now, zone: self.zone.clone() };
        let row = |one: &ContainerSummary| {
            // The size with the image's is not what the container takes.
            view.row(&ContainerSummary { size_root_fs: 0, ..one.clone() })
        };
        Rows {
            images,
            containers: usage.containers.iter().flatten().map(row).collect(),
            volumes: usage.volumes.iter().flatten().map(volumes::row).collect(),
            builds: usage.build_cache.iter().flatten().map(|one| self.build(one, truncate)).collect(),
        }
    }

    fn build(&self, one: &BuildCache, truncate: bool) -> Value {
        let since = |time: &str| instant(time).map_or_else(String::new, |(seconds, _)| elapsed(self.now - seconds));
        let date = |time: &str| {
            let at = instant(time).map(|(seconds, nanos)| Instant { seconds, nanos });
            at.map_or_else(String::new, |at| go_string(at, &self.zone))
        };
        let last = one.last_used_at.as_deref().unwrap_or("");
        let id = if truncate { containers::short_id(&one.id) } else { &one.id };
        let parent = one.parents.first().map_or("", String::as_str);
        let fields = vec![
            ("CacheType", one.kind.as_str().into()),
            ("CreatedAt", date(&one.created_at).into()),
            ("CreatedSince", since(&one.created_at).into()),
            ("Description", one.description.as_str().into()),
            ("ID", if one.in_use { format!("{id}*").into() } else { id.into() }),
            ("InUse", one.in_use.to_string().into()),
            ("LastUsedAt", date(last).into()),
            ("LastUsedSince", since(last).into()),
            ("Parent", if truncate { containers::short_id(parent) } else { parent }.into()),
            ("Shared", one.shared.to_string().into()),
            ("Size", decimal_size(one.size as f64).into()),
            ("UsageCount", one.usage_count.to_string().into()),
        ];
        Row { type_name: "*formatter.buildCacheContext", fields, labels: None }.value()
    }
}

/// A time as seconds and nanoseconds; `None` where there is none.
fn instant(time: &str) -> Option<(i64, u32)> {
    parse_rfc3339(time).ok().map(|at| (at.seconds, at.nanos))
}

/// Repository, tag and digest of an image's first name.
fn name(image: &ImageSummary) -> images::Name {
    let none = || "<none>".to_string();
    let reference = image.repo_tags.first().and_then(|tag| tag.parse::<Reference>().ok());
    match reference.as_ref().and_then(|name| Some((name.familiar_name(), name.tag()?.to_string()))) {
        Some((repository, tag)) => (repository, tag, String::new()),
        None => (none(), none(), String::new()),
    }
}

impl Rows {
    fn tables(self, builds: i64) -> Result<String, Exit> {
        let table = |template: &str, columns: &[Column], rows: Vec<Value>| {
            List { format: &Format::choose("", "", false), table: template, columns }.render(rows)
        };
        Ok(format!(
            "Images space usage:\n\n{}\nContainers space usage:\n\n{}\nLocal Volumes space usage:\n\n{}\nBuild cache usage: {}\n\n{}",
            table(IMAGES, images::COLUMNS, self.images)?,
            table(CONTAINERS, containers::COLUMNS, self.containers)?,
            table(VOLUMES, volumes::COLUMNS, self.volumes)?,
            decimal_size(builds as f64),
            table(BUILDS, BUILD_COLUMNS, self.builds)?,
        ))
    }

    fn raw(self) -> Result<String, Exit> {
        let block = |kind: &str, template: &str, rows: Vec<Value>| {
            let format = Format::choose(&format!("type: {kind}\n{template}"), "", false);
            List { format: &format, table: "", columns: &[] }.render(rows)
        };
        let container = format!("{}size: {{{{.Size}}}}\n", containers::RAW);
        Ok([
            block("Image", images::RAW_WITH_DIGESTS, self.images)?,
            block("Container", &container, self.containers)?,
            block("Volume", volumes::RAW, self.volumes)?,
            block("Build Cache", RAW_BUILD, self.builds)?,
        ]
        .concat())
    }

    fn template(self, source: &str) -> Result<String, String> {
        let fields = [
            ("Images", self.images),
            ("Containers", self.containers),
            ("Volumes", self.volumes),
            ("BuildCache", self.builds),
        ];
        let fields = fields.map(|(name, rows)| (name.to_string(), Value::List(rows.into())));
        let dot = Object { type_name: "*formatter.diskUsageContext", ..Object::map(fields.into()) };
        // Docker tells what it was doing in the first case only.
        Template::parse(source).map_err(|error| format!("template parsing error: {error}"))?.run(&dot.into())
    }
}
