//! One command that says whether the work is good, and one that mends what a tool can mend.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::command::Line;
use crate::{test, tidy};

/// Where the checker of dependencies is kept, where the machine has none of its own.
const TOOLS: &str = "target/tools";

/// One check, by its name.
type Step<'a> = (&'a str, Box<dyn Fn() -> Result<()> + 'a>);

/// Runs all checks, also after one has failed, and says which did.
pub fn verify(root: &Path) -> Result<()> {
    let cargo = |words: &'static [&'static str]| Box::new(move || Line::new(words).run(root));
    let documentation = || {
        let words = ["cargo", "doc", "--workspace", "--no-deps", "--document-private-items"];
        // Its readers are those who change the code: private items are told, so links to them lead somewhere.
        Line::new(&words).with("RUSTDOCFLAGS", "-Dwarnings -Arustdoc::private-intra-doc-links").run(root)
    };
    let steps: [Step<'_>; 6] = [
        ("format", cargo(&["cargo", "fmt", "--all", "--check"])),
        ("clippy", cargo(&["cargo", "clippy", "--workspace", "--all-targets", "--", "-Dwarnings"])),
        ("tidy", Box::new(|| tidy::tidy(root))),
        ("documentation", Box::new(documentation)),
        ("dependency policy", Box::new(|| dependencies(root))),
        ("tests", Box::new(|| test::run(root, &[]))),
    ];
    run(&steps)
}

/// Rewrites what tools can: clippy's suggestions, then the format.
pub fn fix(root: &Path) -> Result<()> {
    Line::new(&["cargo", "clippy", "--fix", "--allow-dirty", "--allow-staged", "--workspace", "--all-targets"])
        .run(root)?;
    Line::new(&["cargo", "fmt", "--all"]).run(root)
}

fn run(steps: &[Step<'_>]) -> Result<()> {
    let mut failed = Vec::new();
    for (name, step) in steps {
        eprintln!("── {name}");
        let start = Instant::now();
        match step() {
            Ok(()) => eprintln!("── {name}: good, {:.1} s", start.elapsed().as_secs_f32()),
            Err(error) => {
                eprintln!("── {name}: {error:#}");
                failed.push(*name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("verify: not good: {}", failed.join(", "));
    }
    Ok(())
}

/// Checks what we depend on by `deny.toml`. Advisories are left out: their list is not in the registry.
fn dependencies(root: &Path) -> Result<()> {
    let check = ["check", "bans", "licenses", "sources"].map(str::to_owned);
    let own = root.join(TOOLS).join("bin/cargo-deny").display().to_string();
    let program = if Line::new(&["cargo-deny", "--version"]).succeeds(root) { "cargo-deny" } else { own.as_str() };
    if !Line::new(&[program, "--version"]).succeeds(root) {
        eprintln!("cargo-deny is not installed; building it below {TOOLS}, once");
        Line::new(&["cargo", "install", "--quiet", "--locked", "--root", TOOLS, "cargo-deny"]).run(root)?;
    }
    Line::new(&[program]).and(&check).run(root)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn all_steps_run_and_all_failures_are_named() {
        let count = Cell::new(0);
        let step = |fails: bool| -> Box<dyn Fn() -> Result<()> + '_> {
            let count = &count;
            Box::new(move || {
                count.set(count.get() + 1);
                if fails { bail!("no") } else { Ok(()) }
            })
        };
        let error = run(&[("a", step(true)), ("b", step(false)), ("c", step(true))]).unwrap_err();
        assert_eq!((error.to_string().as_str(), count.get()), ("verify: not good: a, c", 3));
    }
}
