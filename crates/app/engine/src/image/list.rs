//! Lists images.

use std::collections::HashMap;
use std::sync::Arc;

use api::filters::Filters;
use api::image::ImageSummary;
use fault::{Fault, Result};
use image::Image;
use names::{Digest, Reference};

use super::runtime_config;
use crate::container::Handle;
use crate::inner::Inner;
use crate::request::ImageList;

const FILTERS: [&str; 7] = ["before", "containers", "dangling", "label", "reference", "since", "until"];

/// Lists images, the newest first.
pub async fn list(engine: &Arc<Inner>, request: ImageList) -> Result<Vec<ImageSummary>> {
    if let Some(name) = request.filters.names().find(|name| !FILTERS.contains(name)) {
        return Err(Fault::invalid(format!("invalid filter '{name}'")));
    }
    let dangling = dangling(&request.filters)?;
    let border = |name: &str| {
        request.filters.get(name).first().map(|image| engine.images.get(image).map(|image| created(&image))).transpose()
    };
    let (before, since) = (border("before")?, border("since")?);
    let mut images = engine.images.list();
    images.retain(|image| {
        let time = created(image);
        dangling.is_none_or(|wanted| wanted == image.tags.is_empty())
            && before.is_none_or(|border| time < border)
            && since.is_none_or(|border| time > border)
            && has_labels(image, request.filters.get("label"))
            && named(image, request.filters.get("reference"))
    });
    images.sort_by_key(|image| std::cmp::Reverse(created(image)));
    let users = users(engine);
    let wanted = request.filters.get("reference");
    let count = |image: &Image| users.get(&image.id.to_string()).copied().unwrap_or(0);
    let sharing = request.shared_size.then(|| Sharing::of(&engine.images.list()));
    let told = images.iter().map(|image| ImageSummary {
        shared_size: sharing.as_ref().map_or(-1, |sharing| sharing.size(image)),
        ..summary(image, count(image), wanted)
    });
    Ok(told.collect())
}

/// The value of the filter of that name.
pub fn dangling(filters: &Filters) -> Result<Option<bool>> {
    match filters.get("dangling").first().map(String::as_str) {
        None => Ok(None),
        Some("1" | "true") => Ok(Some(true)),
        Some("0" | "false") => Ok(Some(false)),
        Some(other) => Err(Fault::invalid(format!("invalid filter 'dangling=[{other}]'"))),
    }
}

/// Seconds since 1970; 0 where the configuration says nothing.
pub fn created(image: &Image) -> i64 {
    super::history::seconds(image.config.created.as_deref())
}

fn has_labels(image: &Image, wanted: &[String]) -> bool {
    let labels = image.config.config.labels.as_ref();
    wanted.iter().all(|wanted| {
        let (name, value) = wanted.split_once('=').map_or((wanted.as_str(), None), |(name, value)| (name, Some(value)));
        labels.and_then(|labels| labels.get(name)).is_some_and(|have| value.is_none_or(|value| value == have))
    })
}

fn named(image: &Image, patterns: &[String]) -> bool {
    patterns.is_empty() || image.tags.iter().chain(&image.digests).any(|name| fits(name, patterns))
}

/// Patterns as of Go's `path.Match`, over the familiar name with and without its tag or digest.
fn fits(name: &Reference, patterns: &[String]) -> bool {
    let names = [name.familiar(), name.familiar_name()];
    let fits = |pattern: &String| names.iter().any(|name| glob(pattern.as_bytes(), name.as_bytes()));
    patterns.is_empty() || patterns.iter().any(fits)
}

/// `*` and `?` stop at slashes.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            let reach = text.iter().position(|&byte| byte == b'/').unwrap_or(text.len());
            (0..=reach).any(|skip| glob(rest, &text[skip..]))
        }
        (Some((b'?', rest)), Some((&byte, tail))) if byte != b'/' => glob(rest, tail),
        (Some((a, rest)), Some((b, tail))) if a == b => glob(rest, tail),
        _ => false,
    }
}

/// How many containers use each image, by its id.
pub fn users(engine: &Inner) -> HashMap<String, i64> {
    let mut users = HashMap::new();
    for view in engine.containers.all().iter().map(Handle::view) {
        *users.entry(view.stored.record.image_id.to_string()).or_default() += 1;
    }
    users
}

/// How many images have each layer, by its chain id.
struct Sharing(HashMap<Digest, usize>);

impl Sharing {
    fn of(images: &[Arc<Image>]) -> Self {
        let mut counts = HashMap::new();
        for layer in images.iter().flat_map(|image| image.chain_ids()) {
            *counts.entry(layer).or_default() += 1;
        }
        Self(counts)
    }

    /// Bytes of the image's layers that others have, too.
    fn size(&self, image: &Image) -> i64 {
        let layers = image.chain_ids().into_iter().zip(&image.layers);
        let shared = layers.filter(|(chain, _)| self.0.get(chain).is_some_and(|&count| count > 1));
        shared.map(|(_, layer)| i64::try_from(layer.size).unwrap_or(i64::MAX)).sum()
    }
}

/// Of its names only those that fit are told.
fn summary(image: &Image, containers: i64, wanted: &[String]) -> ImageSummary {
    let told = |names: &[Reference]| names.iter().filter(|name| fits(name, wanted)).map(Reference::familiar).collect();
    ImageSummary {
        containers,
        created: created(image),
        id: image.id.to_string(),
        labels: runtime_config(image).ok().and_then(|config| config.labels),
        parent_id: String::new(),
        repo_digests: told(&image.digests),
        repo_tags: told(&image.tags),
        shared_size: -1,
        size: i64::try_from(image.size).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, glob};

    #[test]
    fn a_name_fits_with_and_without_its_tag() {
        let name = "localhost:5000/app:1".parse().unwrap();
        for (pattern, expected) in [("localhost:5000/app", true), ("*/app:1", true), ("app", false), ("*", false)] {
            assert_eq!(fits(&name, &[pattern.to_owned()]), expected, "{pattern}");
        }
        assert!(fits(&name, &[]));
    }

    #[test]
    fn patterns_stop_at_slashes() {
        for (pattern, text, expected) in [
            ("busy*", "busybox", true),
            ("*", "a/b", false),
            ("*/b", "a/b", true),
            ("b?sybox:*", "busybox:1", true),
            ("", "x", false),
            ("x", "x", true),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
