//! A Debian system for the machine's disk, kept below `target`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::text;
use crate::command::Line;
use crate::test::packages;

/// What is in it beside the smallest system and what the tests need everywhere.
const PACKAGES: [&str; 8] =
    ["apparmor", "criu", "dbus-user-session", "gcc", "kmod", "libpam-systemd", "procps", "systemd-sysv"];

/// The folder of its root, made where an earlier run has not. Needs root, for whom its files are.
pub fn fetch(cache: &Path) -> Result<PathBuf> {
    let release = fs::read_to_string("/etc/os-release").context("read /etc/os-release")?;
    let Some(suite) = suite(&release) else { bail!("/etc/os-release names no VERSION_CODENAME: is this Debian?") };
    let packages: Vec<&str> = packages::names().chain(PACKAGES).collect();
    let include = format!("--include={}", packages.join(","));
    let (folder, unfinished, made) = (cache.join("debian"), cache.join("debian.part"), cache.join("debian.made"));
    let wanted = format!("{suite} {include}");
    if folder.exists() && fs::read_to_string(&made).is_ok_and(|text| text == wanted) {
        return Ok(folder);
    }
    for old in [&folder, &unfinished] {
        let _ = fs::remove_dir_all(old);
    }
    let line = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", &include, suite, &text(&unfinished)];
    let sources = fs::read_to_string("/etc/apt/sources.list.d/debian.sources").unwrap_or_default()
        + &fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
    let mirror: Vec<String> = mirror(&sources).map(str::to_owned).into_iter().collect();
    Line::new(&line).and(&mirror).run(cache).context("make the Debian system, which root can")?;
    fs::rename(&unfinished, &folder).with_context(|| format!("create {}", folder.display()))?;
    fs::write(&made, wanted).with_context(|| format!("write {}", made.display()))?;
    Ok(folder)
}

/// The name of the release in os-release(5).
fn suite(release: &str) -> Option<&str> {
    Some(release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?.trim_matches('"'))
}

/// The first address in either form of sources.list(5); mmdebstrap has its own default.
fn mirror<'a>(sources: &'a str) -> Option<&'a str> {
    let address = |line: &'a str| {
        let mut words = line.split_whitespace();
        match words.next()? {
            "URIs:" => words.next(),
            "deb" => words.find(|word| word.contains("://")),
            _ => None,
        }
    };
    sources.lines().find_map(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_and_mirror_are_the_machine_s() {
        assert_eq!(suite("ID=debian\nVERSION_CODENAME=bookworm\n"), Some("bookworm"));
        assert_eq!(suite("ID=debian\n"), None);
        let both = ["Types: deb\nURIs: http://a/debian\n", "# x\ndeb [signed-by=/k] http://a/debian bookworm main\n"];
        for sources in both {
            assert_eq!(mirror(sources), Some("http://a/debian"));
        }
        assert_eq!(mirror(""), None);
    }
}
