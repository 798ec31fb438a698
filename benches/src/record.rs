//! Puts the figures into their page, between two marks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --record` -->\n";
const END: &str = "<!-- end of figures -->";

/// Replaces what stands between the marks.
pub fn write(file: &Path, report: &str) -> Result<()> {
    let page = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let page = replace(&page, report).with_context(|| format!("{}: the marks are missing", file.display()))?;
    fs::write(file, page).with_context(|| format!("write {}", file.display()))
}

fn replace(page: &str, report: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{report}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = format!("# Page\n{BEGIN}old\n{END}\nremarks\n");
        assert_eq!(replace(&page, "new\n").unwrap(), format!("# Page\n{BEGIN}new\n{END}\nremarks\n"));
        assert_eq!(replace("# Page\n", "new\n"), None);
    }
}
