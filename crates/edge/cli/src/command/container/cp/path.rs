//! Paths as texts: what a trailing `/` or `/.` means survives here, which a parsed path would lose.

/// The shortest path of the same meaning, by the text alone. Empty is `.`.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".into(),
        (false, path) => path,
    }
}

/// The last part; of the root the root, of nothing `.`.
pub fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let path = path.trim_end_matches('/');
    match path.rfind('/') {
        _ if path.is_empty() => "/",
        Some(at) => &path[at + 1..],
        None => path,
    }
}

fn parent(path: &str) -> String {
    clean(&path[..path.rfind('/').map_or(0, |at| at + 1)])
}

/// Whether the path means what is in a directory: it ends with `/.`, or is `.`.
pub fn is_content(path: &str) -> bool {
    base(path) == "."
}

/// Whether only a directory can be meant.
pub fn wants_directory(path: &str) -> bool {
    path.ends_with('/') || is_content(path)
}

/// Directory and last part; the last part of `a/.` is `.`.
pub fn split(path: &str) -> (String, String) {
    let mut cleaned = clean(path);
    if is_content(path) {
        cleaned += "/.";
    }
    (parent(&cleaned), base(&cleaned).into())
}

/// `cleaned` with the ending of `original`.
pub fn keep_ending(mut cleaned: String, original: &str) -> String {
    if !is_content(&cleaned) && is_content(original) {
        if !cleaned.ends_with('/') {
            cleaned.push('/');
        }
        cleaned.push('.');
    }
    if !cleaned.ends_with('/') && original.ends_with('/') {
        cleaned.push('/');
    }
    cleaned
}

/// `path` below `directory`, cleaned; an absolute path stays where it is.
pub fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') { clean(path) } else { clean(&format!("{directory}/{path}")) }
}

/// Where a followed link leads, with the ending of the link's path; and the link's own name where it is another one.
pub fn followed(link: &str, target: &str) -> (String, Option<String>) {
    let target = keep_ending(target.into(), link);
    let name = (base(link) != base(&target)).then(|| base(link).to_string());
    (target, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, expect) in [
            ("", "."),
            ("/", "/"),
            ("a//b/", "a/b"),
            ("./a/../b/.", "b"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("a/../..", ".."),
            ("/a/b/..", "/a"),
        ] {
            assert_eq!(clean(path), expect, "{path}");
        }
    }

    #[test]
    fn the_last_part_tells_what_is_meant() {
        for (path, directory, name) in [
            ("/d", "/", "d"),
            ("/d/", "/", "d"),
            ("/d/.", "/d", "."),
            ("/d/./", "/d", "."),
            ("x", ".", "x"),
            ("/", "/", "/"),
            (".", ".", "."),
            ("..", ".", ".."),
        ] {
            assert_eq!(split(path), (directory.into(), name.into()), "{path}");
        }
        assert!(wants_directory("a/") && wants_directory("a/.") && wants_directory(".") && !wants_directory("a"));
    }

    #[test]
    fn endings_survive() {
        assert_eq!(keep_ending("/a".into(), "a/"), "/a/");
        assert_eq!(keep_ending("/a".into(), "a/."), "/a/.");
        assert_eq!(keep_ending("/a".into(), "a/./"), "/a/./");
        assert_eq!(keep_ending("/".into(), "./"), "/./");
        assert_eq!(keep_ending("/".into(), "/"), "/");
        assert_eq!(keep_ending("/a".into(), "a"), "/a");
    }

    #[test]
    fn a_followed_link_keeps_its_name() {
        assert_eq!(followed("/ld", "/d"), ("/d".into(), Some("ld".into())));
        assert_eq!(followed("/ld/", "/d"), ("/d/".into(), Some("ld".into())));
        assert_eq!(followed("/x/d", "/d"), ("/d".into(), None));
        assert_eq!(followed("/ld/.", "/d"), ("/d/.".into(), None));
    }
}
