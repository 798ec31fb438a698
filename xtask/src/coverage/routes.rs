//! Operations of the API: the reference beside the table of routes.

use std::collections::BTreeSet;

use super::share::Report;

/// Compares the reference with the text of the table.
pub fn compare(wanted: &str, table: &str) -> Report {
    let ours: BTreeSet<String> = table.lines().filter_map(route).collect();
    let mut report = Report::default();
    for line in wanted.lines().filter(|line| !line.starts_with('#')) {
        let Some((area, operation)) = line.split_once(' ') else { continue };
        report.count(area, ours.contains(&plain(operation)), || operation.to_owned());
    }
    report
}

/// A line of the table that has a handler: `GET "/info" since 24 => system::info;` is `GET /info`.
fn route(line: &str) -> Option<String> {
    let (left, handler) = line.trim().split_once(" => ")?;
    let mut parts = left.split('"');
    let (method, path) = (parts.next()?.trim(), parts.next()?);
    let nothing = handler.starts_with('"') || handler.starts_with("swarm::not_a_");
    (!nothing && method.bytes().all(|byte| byte.is_ascii_uppercase())).then(|| plain(&format!("{method} {path}")))
}

/// An operation without the names of its parameters.
fn plain(operation: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in operation.chars() {
        match letter {
            '{' => inside = true,
            '}' => inside = false,
            _ if inside => continue,
            _ => {}
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_501_is_missing() {
        let table = "routes! {\n    // image\n    GET \"/images/{name:.*}/json\" since 24 => image::inspect;\n    \
                     POST \"/build\" since 24 => \"building images\";\n    GET \"/nodes\" since 24 => swarm::not_a_manager;\n}";
        let wanted = "# words\nImage GET /images/{name}/json\nImage POST /build\nNode GET /nodes\n";
        assert_eq!(
            compare(wanted, table).print("routes"),
            "routes: 1 of 3 (33 %)\n  Image           1 of 2   missing: POST /build\n  Node            0 of 1   missing: GET /nodes\n\n"
        );
    }
}
