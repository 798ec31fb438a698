//! The unit of a container: its name, its place among the slices, and what the specification's annotations ask of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::wire::Value;
use crate::Error;

/// Annotations that begin so are properties of the unit, as values of GVariant's text format.
const ANNOTATION: &str = "org.systemd.property.";

/// The longest name of a unit: `UNIT_NAME_MAX` of systemd.
const LONGEST: usize = 255;

/// A transient scope, in which a container is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// With its suffix.
    pub name: String,
    /// Whether the manager of the user makes it, and not that of the host.
    pub user: bool,
    pub(super) slice: String,
    pub(super) description: String,
    pub(super) properties: Vec<(String, Value)>,
}

impl Unit {
    /// Reads `slice:prefix:name`, the form of `cgroupsPath` for this driver, as runc defined it. Without a path, and
    /// without a slice in it, the host's services and the user's own slice are where it goes.
    ///
    /// # Errors
    /// [`Error::Path`] for another form, and names that no unit can have; [`Error::Unit`] for an annotation that cannot
    /// be read.
    pub fn read(
        path: Option<&str>,
        id: &str,
        annotations: &BTreeMap<String, String>,
        user: bool,
    ) -> Result<Self, Error> {
        let given = path.filter(|path| !path.is_empty());
        let parts: Vec<&str> = given.map_or_else(|| vec!["", "runc", id], |path| path.split(':').collect());
        let invalid = |reason| Error::Path { path: given.unwrap_or(id).to_owned(), reason };
        let [slice, prefix, name] = parts[..] else {
            return Err(invalid("systemd needs one of the form slice:prefix:name"));
        };
        let slice = match slice {
            "" if user => "user.slice",
            "" => "system.slice",
            slice => slice,
        };
        if expand(slice).is_none() {
            return Err(invalid("names no slice"));
        }
        let scope = if prefix.is_empty() { format!("{name}.scope") } else { format!("{prefix}-{name}.scope") };
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter);
        if name.is_empty() || scope.len() > LONGEST || !scope.chars().all(allowed) {
            return Err(invalid("names no unit of systemd"));
        }
        let properties = annotations.iter().filter_map(|(name, text)| {
            let property = name.strip_prefix(ANNOTATION)?;
            Some(property_of(property, text).ok_or_else(|| Error::Unit {
                action: "read property of",
                unit: scope.clone(),
                reason: format!("annotation `{name}`: `{text}` is no value of a property"),
            }))
        });
        let properties = properties.collect::<Result<_, _>>()?;
        let description = format!("container {id}");
        Ok(Self { name: scope, user, slice: slice.to_owned(), description, properties })
    }

    /// Takes up one that is on record: enough for changing and ending it.
    pub fn of_record(name: String, user: bool) -> Self {
        Self { name, user, slice: String::new(), description: String::new(), properties: Vec::new() }
    }

    /// Its directory below that of its manager.
    pub(super) fn directory(&self) -> PathBuf {
        expand(&self.slice).unwrap_or_default().join(&self.name)
    }
}

/// The directories of a slice: a dash separates it from the one that it is in, systemd.slice(5).
fn expand(slice: &str) -> Option<PathBuf> {
    let name = slice.strip_suffix(".slice")?;
    if name == "-" {
        return Some(PathBuf::new());
    }
    if name.is_empty() || name.contains('/') || name.split('-').any(str::is_empty) {
        return None;
    }
    let ends = name.match_indices('-').map(|(at, _)| at).chain([name.len()]);
    Some(ends.map(|end| format!("{}.slice", &name[..end])).collect())
}

/// A property by an annotation. Times may be given in seconds by the names that files of units have.
fn property_of(name: &str, text: &str) -> Option<(String, Value)> {
    if name.is_empty() || !name.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
        return None;
    }
    let seconds = name.strip_suffix("Sec").filter(|stem| !stem.ends_with('U'));
    let Some(stem) = seconds else { return Some((name.to_owned(), value_of(text)?)) };
    let microseconds = match value_of(text) {
        Some(Value::I32(seconds)) => u64::try_from(seconds).ok()?.checked_mul(1_000_000)?,
        Some(Value::I64(seconds)) => u64::try_from(seconds).ok()?.checked_mul(1_000_000)?,
        Some(Value::U32(seconds)) => u64::from(seconds) * 1_000_000,
        Some(Value::U64(seconds)) => seconds.checked_mul(1_000_000)?,
        _ => {
            let seconds: f64 = text.parse().ok().filter(|seconds| (0.0..1e12).contains(seconds))?;
            (seconds * 1e6) as u64
        }
    };
    Some((format!("{stem}USec"), Value::U64(microseconds)))
}

/// The part of GVariant's text format that properties of units need.
fn value_of(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Some(text) = quoted(text) {
        return Some(Value::text(text));
    }
    if let Some(list) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let texts: Option<Vec<String>> = list.split(',').map(|text| quoted(text.trim())).collect();
        return Some(Value::Texts(texts?));
    }
    match text.split_once(' ').map(|(kind, number)| (kind, number.trim())) {
        Some(("boolean", "true")) => Some(Value::Bool(true)),
        Some(("boolean", "false")) => Some(Value::Bool(false)),
        Some(("string", text)) => quoted(text).map(Value::Text),
        Some(("int32", number)) => number.parse().ok().map(Value::I32),
        Some(("uint32", number)) => number.parse().ok().map(Value::U32),
        Some(("int64", number)) => number.parse().ok().map(Value::I64),
        Some(("uint64", number)) => number.parse().ok().map(Value::U64),
        Some(_) => None,
        None => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            number => number.parse().ok().map(Value::I32),
        },
    }
}

/// A text within quotes of either kind. Escapes are not among what names and paths need.
fn quoted(text: &str) -> Option<String> {
    let inner = ['\'', '"'].iter().find_map(|&quote| text.strip_prefix(quote)?.strip_suffix(quote));
    inner.filter(|inner| !inner.contains(['\'', '"', '\\'])).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: Option<&str>, user: bool) -> Result<Unit, String> {
        Unit::read(path, "id", &BTreeMap::new(), user).map_err(|error| error.to_string())
    }

    #[test]
    fn a_path_of_three_parts_names_a_scope_in_a_slice() {
        let directory = |path, user| read(path, user).unwrap().directory();
        for (path, user, expect) in [
            (Some("a-b-c.slice:docker:0123"), false, "a.slice/a-b.slice/a-b-c.slice/docker-0123.scope"),
            (Some(":libpod:x"), false, "system.slice/libpod-x.scope"),
            (Some(":libpod:x"), true, "user.slice/libpod-x.scope"),
            (Some("-.slice::x"), false, "x.scope"),
            (None, false, "system.slice/runc-id.scope"),
            (Some(""), true, "user.slice/runc-id.scope"),
        ] {
            assert_eq!(directory(path, user), PathBuf::from(expect));
        }
    }

    #[test]
    fn other_forms_and_names_that_leave_their_place_are_refused() {
        let form = "systemd needs one of the form slice:prefix:name";
        for (path, reason) in [
            ("/docker/id", form),
            ("a:b", form),
            ("a:b:c:d", form),
            ("a:b:c", "names no slice"),
            ("../x.slice:b:c", "names no slice"),
            ("a--b.slice:b:c", "names no slice"),
            (".slice:b:c", "names no slice"),
            ("a.slice:../..:c", "names no unit of systemd"),
            ("a.slice:b:", "names no unit of systemd"),
            ("a.slice:b:c\nd", "names no unit of systemd"),
        ] {
            assert_eq!(read(Some(path), false).unwrap_err(), format!("control group path `{path}`: {reason}"));
        }
        assert!(read(Some(&format!("a.slice:b:{}", "c".repeat(255))), false).is_err());
    }

    #[test]
    fn annotations_are_properties() {
        for (name, text, expect) in [
            ("CollectMode", "'inactive-or-failed'", Some(("CollectMode", Value::text("inactive-or-failed")))),
            ("TimeoutStopUSec", "uint64 7", Some(("TimeoutStopUSec", Value::U64(7)))),
            ("TimeoutStopSec", "2", Some(("TimeoutStopUSec", Value::U64(2_000_000)))),
            ("TimeoutStopSec", "uint32 2", Some(("TimeoutStopUSec", Value::U64(2_000_000)))),
            ("TimeoutStopSec", "0.5", Some(("TimeoutStopUSec", Value::U64(500_000)))),
            ("SendSIGHUP", "true", Some(("SendSIGHUP", Value::Bool(true)))),
            ("Weight", "-3", Some(("Weight", Value::I32(-3)))),
            (
                "After",
                "['a.service', \"b.service\"]",
                Some(("After", Value::Texts(vec!["a.service".into(), "b.service".into()]))),
            ),
            ("TimeoutStopSec", "-1", None),
            ("TimeoutStopSec", "1e300", None),
            ("A", "uint64 -1", None),
            ("A", "'half", None),
            ("A", "(1, 2)", None),
            ("A b", "1", None),
            ("", "1", None),
        ] {
            let expect = expect.map(|(name, value)| (name.to_owned(), value));
            assert_eq!(property_of(name, text), expect, "{name} {text}");
        }
        let annotations = BTreeMap::from([("org.systemd.property.A".to_owned(), "?".to_owned())]);
        let error = Unit::read(None, "id", &annotations, false).unwrap_err().to_string();
        assert!(error.contains("org.systemd.property.A") && error.contains("runc-id.scope"), "{error}");
    }
}
