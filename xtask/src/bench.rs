//! Measures us beside the incumbent.

use std::path::Path;

use anyhow::{Result, bail};

use crate::command::Line;
use crate::host::Host;

/// The page with the figures.
const PAGE: &str = "docs/performance.md";

/// Builds the optimised binary, and measures it; `words` go to the measuring program. `--record` among them writes the
/// figures to their page.
pub fn bench(root: &Path, words: &[String]) -> Result<()> {
    let missing = Host::look().missing();
    if !missing.is_empty() {
        bail!("nothing can be measured here, since this is missing:\n  {}", missing.join("\n  "));
    }
    Line::new(&["cargo", "build", "--release", "--package", "gantry"]).run(root)?;
    Line::new(&["cargo", "run", "--quiet", "--package", "benches", "--"]).and(&with_page(words)).run(root)
}

/// `--record` without a file means the page.
fn with_page(words: &[String]) -> Vec<String> {
    let page = |word: &String| (word == "--record").then(|| PAGE.to_owned());
    words.iter().flat_map(|word| [Some(word.clone()), page(word)]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_filled_in() {
        let words = ["--record", "run"].map(str::to_owned);
        assert_eq!(with_page(&words), ["--record", PAGE, "run"]);
    }
}
