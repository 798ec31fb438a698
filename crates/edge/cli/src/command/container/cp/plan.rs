//! Where a copy goes, and what it is called there.
//!
//! ```text
//! destination            source is a file                    source is a directory
//! a directory            into it, with its own name          into it, with its own name; `src/.`: what is in it
//! a file                 takes its name and place            refused
//! not there, `dst`       is made with that name              is made with that name
//! not there, `dst/`      refused                             is made with that name
//! ```

use super::path::{split, wants_directory};

/// One end of a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// As the user gave it, or where that leads.
    pub path: String,
    /// Something is there.
    pub exists: bool,
    /// That is a directory.
    pub is_directory: bool,
    /// What the source is called in the archive, where that is not the last part of its path.
    pub name: Option<String>,
}

/// What to do with the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The directory in which it is unpacked.
    pub directory: String,
    /// The new name of its topmost entry; `None` to leave it.
    pub name: Option<String>,
}

/// Decides where `source` goes.
pub fn decide(source: &End, destination: &End) -> Result<Plan, &'static str> {
    let (directory, name) = split(&destination.path);
    let renamed = Ok(Plan { directory, name: Some(name) });
    match (destination.exists, destination.is_directory, source.is_directory) {
        (true, true, _) => Ok(Plan { directory: destination.path.clone(), name: None }),
        (true, false, true) => Err("cannot copy directory"),
        (false, _, false) if wants_directory(&destination.path) => Err("no such directory"),
        _ => renamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(directory: bool, path: &str, there: &str) -> Result<(String, Option<String>), &'static str> {
        let source = End { path: "/s".into(), exists: true, is_directory: directory, name: None };
        let (exists, is_directory) = (!there.is_empty(), there == "directory");
        let destination = End { path: path.into(), exists, is_directory, name: None };
        decide(&source, &destination).map(|plan| (plan.directory, plan.name))
    }

    #[test]
    fn every_case_of_the_table() {
        let renamed = |directory: &str, name: &str| Ok((directory.to_string(), Some(name.to_string())));
        for source in [true, false] {
            assert_eq!(check(source, "/t/x", "directory"), Ok(("/t/x".into(), None)));
            assert_eq!(check(source, "/t/x/", "directory"), Ok(("/t/x/".into(), None)));
            assert_eq!(check(source, "/t/x", ""), renamed("/t", "x"));
        }
        assert_eq!(check(false, "/t/x", "file"), renamed("/t", "x"));
        assert_eq!(check(true, "/t/x", "file"), Err("cannot copy directory"));
        assert_eq!(check(false, "/t/x/", ""), Err("no such directory"));
        assert_eq!(check(false, "/t/x/.", ""), Err("no such directory"));
        assert_eq!(check(true, "/t/x/", ""), renamed("/t", "x"));
    }
}
