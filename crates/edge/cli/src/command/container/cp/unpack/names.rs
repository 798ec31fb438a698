//! Names in an archive, and where they lead.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the topmost entry of an archive is called, there and here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// `None` where the archive has the content of a directory, and no entry above it.
    top: Option<String>,
    /// `None` where that content goes into the destination itself.
    name: Option<String>,
}

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// It goes up.
    Outside,
    /// It is beside the entry that was asked for.
    Beside,
}

impl Stray {
    /// The reason with the name and the destination.
    pub fn tell(self, name: &[u8], destination: &Path) -> String {
        let name = human::quote(&String::from_utf8_lossy(name));
        let destination = human::quote(&destination.display().to_string());
        match self {
            Stray::Outside => format!("{name} is outside of {destination}"),
            Stray::Beside => format!("{name} in the archive is not what was asked for"),
        }
    }
}

impl Names {
    /// An archive of `source`, the last part of a path, that becomes `name`; with its own name if `None`.
    pub fn new(source: &str, name: Option<String>) -> Names {
        match source {
            "." | ".." | "/" => Names { top: None, name },
            top => Names { top: Some(top.into()), name: Some(name.unwrap_or_else(|| top.into())) },
        }
    }

    /// The parts of the path below the destination. There are none for the destination itself.
    pub fn map(&self, name: &[u8]) -> Result<Vec<OsString>, Stray> {
        let mut parts: Vec<&[u8]> =
            name.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
        if parts.contains(&b"..".as_slice()) {
            return Err(Stray::Outside);
        }
        match (&self.top, parts.first()) {
            (Some(top), Some(first)) if *first == top.as_bytes() => {
                parts.remove(0);
            }
            (Some(_), _) => return Err(Stray::Beside),
            (None, _) => {}
        }
        let parts = parts.into_iter().map(|part| OsStr::from_bytes(part).to_owned());
        Ok(self.name.iter().map(OsString::from).chain(parts).collect())
    }
}

/// Refuses a link that leads out of the destination by its text. An absolute one leads to the root of whoever follows it.
pub fn check_symlink(parents: &[OsString], target: &[u8]) -> Result<(), ()> {
    if target.starts_with(b"/") {
        return Ok(());
    }
    let mut depth = parents.len();
    for part in target.split(|byte| *byte == b'/') {
        depth = match part {
            b"" | b"." => depth,
            b".." => depth.checked_sub(1).ok_or(())?,
            _ => depth + 1,
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(source: &str, name: Option<&str>, entry: &str) -> Result<String, Stray> {
        let parts = Names::new(source, name.map(String::from)).map(entry.as_bytes())?;
        Ok(parts.join(OsStr::new("/")).into_string().unwrap())
    }

    #[test]
    fn the_topmost_entry_gets_its_name() {
        for (source, name, entry, expect) in [
            ("d", None, "d/f", "d/f"),
            ("d", Some("new"), "d/", "new"),
            ("d", Some("new"), "d/d/f", "new/d/f"),
            (".", None, "./", ""),
            (".", None, "./g", "g"),
            (".", Some("new"), "./", "new"),
            ("/", None, "/bin/", "bin"),
            ("/", Some("new"), "/bin/sh", "new/bin/sh"),
        ] {
            assert_eq!(map(source, name, entry), Ok(expect.into()), "{source} {name:?} {entry}");
        }
    }

    #[test]
    fn strays_are_refused() {
        for (source, entry, why) in [
            ("d", "../x", Stray::Outside),
            ("d", "d/../../x", Stray::Outside),
            ("d", "/etc/passwd", Stray::Beside),
            ("d", "e", Stray::Beside),
            ("d", "dd", Stray::Beside),
            ("d", "", Stray::Beside),
            (".", "./../x", Stray::Outside),
        ] {
            assert_eq!(map(source, None, entry), Err(why), "{source} {entry}");
        }
        assert_eq!(map("/", None, "/etc/passwd"), Ok("etc/passwd".into()), "below the destination, not the root");
    }

    #[test]
    fn links_stay_inside() {
        let parents = ["d".into(), "e".into()];
        for inside in ["x", "../x", "../../x", "/etc", "../e/../../d"] {
            assert_eq!(check_symlink(&parents, inside.as_bytes()), Ok(()), "{inside}");
        }
        for outside in ["../../..", "../../../x", "../e/../../../x"] {
            assert_eq!(check_symlink(&parents, outside.as_bytes()), Err(()), "{outside}");
        }
    }
}
