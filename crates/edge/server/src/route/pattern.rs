//! Patterns of paths: `/containers/{id}/json`, `/images/{name:.*}/json`.

/// The values of a pattern's variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    /// A variable's value; empty where the pattern has none of that name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// The values where `path` has the form of `pattern`. A pattern has at most one `{x:.*}`, which takes any number of
/// segments but not none.
pub(super) fn matches(pattern: &'static str, path: &str) -> Option<Params> {
    let pattern: Vec<&'static str> = pattern.split('/').skip(1).collect();
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let wild = pattern.iter().position(|part| part.ends_with(":.*}"));
    let Some(wild) = wild else {
        return (pattern.len() == path.len()).then(|| fixed(&pattern, &path))?.map(Params);
    };
    let after = pattern.len() - wild - 1;
    let taken = path.len().checked_sub(wild + after).filter(|&taken| taken > 0)?;
    let mut params = fixed(&pattern[..wild], &path[..wild])?;
    params.push((name(pattern[wild]), path[wild..wild + taken].join("/")));
    params.extend(fixed(&pattern[wild + 1..], &path[wild + taken..])?);
    Some(Params(params))
}

/// Segment by segment.
fn fixed(pattern: &[&'static str], path: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let mut params = Vec::new();
    for (&part, &segment) in pattern.iter().zip(path) {
        match part.starts_with('{') {
            true if segment.is_empty() => return None,
            true => params.push((name(part), segment.to_owned())),
            false if part != segment => return None,
            false => {}
        }
    }
    Some(params)
}

/// `name` of `{name}` and of `{name:.*}`.
fn name(part: &'static str) -> &'static str {
    part.trim_start_matches('{').trim_end_matches('}').trim_end_matches(":.*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &'static str, path: &str, expected: Option<&str>) {
        let found = matches(pattern, path).map(|params| params.get("x").to_owned());
        assert_eq!(found.as_deref(), expected, "{pattern} {path}");
    }

    #[test]
    fn a_variable_is_one_segment() {
        check("/info", "/info", Some(""));
        check("/info", "/info/x", None);
        check("/c/{x}/json", "/c/web/json", Some("web"));
        check("/c/{x}/json", "/c/a/b/json", None);
        check("/c/{x}/json", "/c//json", None);
        check("/c/{x}", "/c/..", Some(".."));
    }

    #[test]
    fn a_wild_one_is_any_number_of_segments_but_not_none() {
        check("/images/{x:.*}/json", "/images/busybox/json", Some("busybox"));
        check("/images/{x:.*}/json", "/images/h:5000/a/b/json", Some("h:5000/a/b"));
        check("/images/{x:.*}/json", "/images/json", None);
        check("/images/{x:.*}/json", "/images/json/json", Some("json"));
        check("/images/{x:.*}", "/images/a/b", Some("a/b"));
        check("/images/{x:.*}", "/images", None);
    }
}
