//! `images`.

use crate::command::container::ls::{now, short_id};
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List, Row, Value};
use crate::opts::{check, filter, text};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::image::ImageSummary;
use client::{Query, Request};
use human::{Instant, decimal_size, decimal_size_with, elapsed, go_string, local_zone};
use names::Reference;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] [REPOSITORY[:TAG]]",
    about: "List images",
    aliases: &["image ls", "image list", "images"],
    args: Args::AtMost(1),
    flags: &[
        Flag::new("all", Kind::Bool, "Show all images (default hides intermediate images)").short('a'),
        Flag::new("digests", Kind::Bool, "Show digests"),
        Flag::new("filter", check::FILTER, "Filter output based on conditions provided").short('f'),
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("no-trunc", Kind::Bool, "Don't truncate output"),
        Flag::new("quiet", Kind::Bool, "Only show image IDs").short('q'),
        Flag::new("tree", Kind::Bool, "List multi-platform images as a tree (EXPERIMENTAL)").since(1, 47),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

/// The columns.
pub const COLUMNS: &[Column] = &[
    Column::new("ID", "IMAGE ID"),
    Column::new("Repository", "REPOSITORY"),
    Column::new("Tag", "TAG"),
    Column::new("Digest", "DIGEST"),
    Column::new("CreatedSince", "CREATED"),
    Column::new("CreatedAt", "CREATED AT"),
    Column::new("Size", "SIZE"),
    Column::new("Containers", "CONTAINERS"),
    Column::new("VirtualSize", "SIZE"),
    Column::new("SharedSize", "SHARED SIZE"),
    Column::new("UniqueSize", "UNIQUE SIZE"),
];

const TABLE: &str =
    "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.Size}}";
const WITH_DIGESTS: &str = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.Size}}";
const RAW: &str = "repository: {{.Repository}}\ntag: {{.Tag}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";
/// What `raw` means with digests.
pub const RAW_WITH_DIGESTS: &str = "repository: {{ .Repository }}\ntag: {{.Tag}}\ndigest: {{.Digest}}\nimage_id: {{.ID}}\n\
    created_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    if matches.bool("tree") {
        return Err(Exit::failure("--tree is not implemented yet"));
    }
    let mut filters = filter::read(&matches.list("filter"));
    if let Some(pattern) = matches.positional.first() {
        filters.add("reference", pattern);
    }
    let (quiet, digests) = (matches.bool("quiet"), matches.bool("digests"));
    let format = Format::choose(matches.str("format"), &invocation.session.config().images_format, quiet);
    let format = match (format.is_raw(), quiet, digests) {
        (true, true, _) => Format::choose("image_id: {{.ID}}", "", false),
        (true, false, true) => Format::choose(RAW_WITH_DIGESTS, "", false),
        (true, false, false) => Format::choose(RAW, "", false),
        (false, true, _) if format.is_plain_table() => Format::choose("{{.ID}}", "", false),
        _ => format,
    };
    let query = Query::new().flag("all", matches.bool("all")).some("filters", filters.to_query().as_deref());
    let client = invocation.session.client().await?;
    let list: Vec<ImageSummary> = client.send(Request::get("/images/json").query(query)).await?.json().await?;
    let view = View { truncate: !matches.bool("no-trunc"), now: now(), zone: local_zone() };
    let want_digests = digests || format.mentions("{{.Digest}}");
    let rows = list
        .iter()
        .flat_map(|image| names_of(image, want_digests, digests).into_iter().map(|name| view.row(image, name)));
    let table = if digests { WITH_DIGESTS } else { TABLE };
    out::print(&List { format: &format, table, columns: COLUMNS }.render(rows)?)
}

/// A row's repository, tag and digest.
pub type Name = (String, String, String);

/// An image has a row for each tag, with digests for each of those too; a digest without a tag has its own row.
fn names_of(image: &ImageSummary, want_digests: bool, digest_rows: bool) -> Vec<Name> {
    const NONE: &str = "<none>";
    let mut repositories: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    let mut note = |text: &String| {
        let Ok(reference) = text.parse::<Reference>() else { return };
        let name = reference.familiar_name();
        let at = repositories.iter().position(|(known, ..)| *known == name).unwrap_or_else(|| {
            repositories.push((name, Vec::new(), Vec::new()));
            repositories.len() - 1
        });
        match (reference.digest(), reference.tag()) {
            (Some(digest), _) => repositories[at].2.push(digest.to_string()),
            (None, Some(tag)) => repositories[at].1.push(tag.into()),
            _ => {}
        }
    };
    image.repo_tags.iter().filter(|tag| *tag != "<none>:<none>").for_each(&mut note);
    image.repo_digests.iter().filter(|digest| *digest != "<none>@<none>").for_each(&mut note);
    if repositories.is_empty() {
        return vec![(NONE.into(), NONE.into(), NONE.into())];
    }
    let mut rows = Vec::new();
    for (name, tags, digests) in repositories {
        let tagged = !tags.is_empty();
        let tags = if tagged { tags } else { vec![NONE.into()] };
        let digests = match (digests.is_empty(), tagged, want_digests, digest_rows) {
            (false, true, true, _) | (false, false, _, true) => digests,
            _ => vec![NONE.into()],
        };
        for tag in &tags {
            rows.extend(digests.iter().map(|digest| (name.clone(), tag.clone(), digest.clone())));
        }
    }
    rows
}

/// How the values of a row are made.
pub struct View {
    /// Ids are cut.
    pub truncate: bool,
    /// The present, in seconds since 1970.
    pub now: i64,
    /// The user's time zone.
    pub zone: jiff::tz::TimeZone,
}

impl View {
    /// The row of one of an image's names.
    pub fn row(&self, image: &ImageSummary, (repository, tag, digest): Name) -> Value {
        let text = |text: String| Value::from(text);
        let unknown = |size: i64| if size == -1 { "N/A".to_string() } else { decimal_size(size as f64) };
        let created = Instant { seconds: image.created, nanos: 0 };
        let unique = if image.shared_size == -1 { -1 } else { image.size - image.shared_size };
        let fields = vec![
            ("Containers", text(if image.containers == -1 { "N/A".into() } else { image.containers.to_string() })),
            ("CreatedAt", text(go_string(created, &self.zone))),
            ("CreatedSince", text(if image.created <= 0 { String::new() } else { elapsed(self.now - image.created) })),
            ("Digest", text(digest)),
            ("ID", text(if self.truncate { short_id(&image.id).into() } else { image.id.clone() })),
            ("Repository", text(repository)),
            ("SharedSize", text(unknown(image.shared_size))),
            ("Size", text(decimal_size_with(image.size as f64, 3))),
            ("Tag", text(tag)),
            ("UniqueSize", text(unknown(unique))),
            ("VirtualSize", text(decimal_size(image.size as f64))),
        ];
        Row { type_name: "*formatter.imageContext", fields, labels: None }.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(tags: &[&str], digests: &[&str], show: bool) -> Vec<String> {
        let strings = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        let image =
            ImageSummary { repo_tags: strings(tags), repo_digests: strings(digests), ..ImageSummary::default() };
        names_of(&image, show, show)
            .into_iter()
            .map(|(name, tag, digest)| format!("{name} {tag} {}", &digest[..digest.len().min(9)]))
            .collect()
    }

    #[test]
    fn each_tag_has_a_row() {
        let digest = "busybox@sha256:75d55159c808238c152c9730d05e159735bb26dbbf386e23dacbaa99a44a2f62";
        assert_eq!(rows(&[], &[], false), ["<none> <none> <none>"]);
        assert_eq!(rows(&["busybox:a", "busybox:b"], &[digest], false), ["busybox a <none>", "busybox b <none>"]);
        assert_eq!(rows(&["busybox:a"], &[digest], true), ["busybox a sha256:75"]);
        assert_eq!(rows(&[], &[digest], false), ["busybox <none> <none>"]);
    }
}
