//! Looking at local paths. Errors are in Go's words: the step, the path, the system's reason.

use super::path::{base, followed, join, keep_ending, split};
use super::plan::End;
use crate::exit::{go_errno, go_error};
use std::fs::{self, Metadata};
use std::io::{Error, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Links that are followed in a source (symlink loops end here).
const MOST_LINKS: usize = 255;
/// Links that are followed in a destination.
const MOST_DESTINATION_LINKS: usize = 10;

/// An argument as an absolute path that keeps its ending.
pub fn absolute(path: &str) -> Result<String, String> {
    let here = std::env::current_dir().map_err(|error| format!("getwd: {}", go_errno(&error)))?;
    Ok(keep_ending(join(&here.to_string_lossy(), path), path))
}

/// Refuses a destination whose directory is not there, or that is a device.
pub fn check_output(path: &str) -> Result<(), String> {
    let quote = human::quote;
    let parent = split(&super::path::clean(path)).0;
    if fs::metadata(&parent).is_err_and(|error| is_missing(&error)) {
        return Err(format!("invalid output path: directory {} does not exist", quote(&parent)));
    }
    match fs::metadata(path) {
        Ok(found) if found.file_type().is_char_device() || found.file_type().is_block_device() => {
            Err(format!("invalid output path: {} must be a directory or a regular file: got a device", quote(path)))
        }
        Ok(_) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(go_error("stat", Path::new(path), &error)),
    }
}

fn is_missing(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
}

/// The source of a copy. Links on the way to it are followed; the last one if `follow`, or if the path ends with `/`.
pub fn source(path: &str, follow: bool) -> Result<End, String> {
    let (resolved, name) = match follow {
        true => followed(path, &resolve(path)?),
        false => {
            let (directory, last) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
            let resolved = format!("{}/{last}", resolve(directory)?);
            let name = (path.ends_with('/') && base(path) != base(&resolved)).then(|| base(path).to_string());
            (resolved, name)
        }
    };
    let found = lstat(&resolved)?;
    Ok(End { path: resolved, exists: true, is_directory: found.is_dir(), name })
}

/// The destination of a copy: where its links lead. It need not be there, but its directory must.
pub fn destination(path: &str) -> Result<End, String> {
    let (mut place, mut links) = (path.to_string(), 0);
    let found = loop {
        let found = fs::symlink_metadata(&place);
        if !found.as_ref().is_ok_and(Metadata::is_symlink) {
            break found;
        }
        if links > MOST_DESTINATION_LINKS {
            return Err(format!("too many symlinks in {path}"));
        }
        let target = read_link(&place)?;
        place = join(&split(&place).0, &target);
        links += 1;
    };
    match found {
        Ok(found) => Ok(End { path: place, exists: true, is_directory: found.is_dir(), name: None }),
        Err(error) if is_missing(&error) => {
            let parent = split(&place).0;
            let found = fs::metadata(&parent).map_err(|error| go_error("stat", Path::new(&parent), &error))?;
            if !found.is_dir() {
                return Err("not a directory".into());
            }
            Ok(End { path: place, ..End::default() })
        }
        Err(error) => Err(go_error("lstat", Path::new(&place), &error)),
    }
}

/// The absolute path without any link in it; what is not there is an error that names it.
fn resolve(path: &str) -> Result<String, String> {
    let mut todo: Vec<String> = path.split('/').rev().map(String::from).collect();
    let (mut done, mut links) = (String::new(), 0);
    while let Some(part) = todo.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.truncate(done.rfind('/').unwrap_or(0));
                continue;
            }
            part => done = format!("{done}/{part}"),
        }
        let found = lstat(&done)?;
        if found.is_symlink() {
            links += 1;
            if links > MOST_LINKS {
                return Err("EvalSymlinks: too many links".into());
            }
            let target = read_link(&done)?;
            done.truncate(if target.starts_with('/') { 0 } else { done.rfind('/').unwrap_or(0) });
            todo.extend(target.split('/').rev().map(String::from));
        } else if !found.is_dir() && !todo.is_empty() {
            return Err("not a directory".into());
        }
    }
    Ok(if done.is_empty() { "/".into() } else { done })
}

fn lstat(path: &str) -> Result<Metadata, String> {
    fs::symlink_metadata(path).map_err(|error| go_error("lstat", Path::new(path), &error))
}

fn read_link(path: &str) -> Result<String, String> {
    let target = fs::read_link(path).map_err(|error| go_error("readlink", Path::new(path), &error))?;
    target.into_os_string().into_string().map_err(|_| format!("readlink {path}: the target is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A file, a directory, links to them, one to nothing, and one to itself.
    fn folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("f"), "a").unwrap();
        fs::create_dir(at("dir")).unwrap();
        for (target, link) in [("f", "lf"), ("dir", "ld"), ("nowhere", "dangling"), ("loop", "loop")] {
            symlink(target, at(link)).unwrap();
        }
        let root = fs::canonicalize(folder.path()).unwrap().to_str().unwrap().to_string();
        (folder, root)
    }

    #[test]
    fn a_source_that_is_a_link_is_followed_where_asked() {
        let (_folder, root) = folder();
        let check = |path: &str, follow, expect: (&str, bool, Option<&str>)| {
            let end = source(&format!("{root}/{path}"), follow).unwrap();
            let found = (end.path.strip_prefix(&root).unwrap(), end.is_directory, end.name.as_deref());
            assert_eq!(found, expect, "{path} {follow}");
        };
        check("lf", false, ("/lf", false, None));
        check("lf", true, ("/f", false, Some("lf")));
        check("ld", false, ("/ld", false, None));
        check("ld/", false, ("/dir/", true, Some("ld")));
        check("ld/.", false, ("/dir/.", true, None));
        check("ld", true, ("/dir", true, Some("ld")));
        check("dangling", false, ("/dangling", false, None));
    }

    #[test]
    fn what_is_wrong_with_a_source_is_told() {
        let (_folder, root) = folder();
        let refusal = |path: &str, follow| source(&format!("{root}/{path}"), follow).unwrap_err();
        assert_eq!(refusal("nof", false), format!("lstat {root}/nof: no such file or directory"));
        assert_eq!(refusal("dangling", true), format!("lstat {root}/nowhere: no such file or directory"));
        assert_eq!(refusal("f/", false), "not a directory");
        assert_eq!(refusal("loop", true), "EvalSymlinks: too many links");
    }

    #[test]
    fn a_destination_is_where_its_links_lead() {
        let (_folder, root) = folder();
        let end = |path: &str| destination(&format!("{root}/{path}"));
        let place = |path: &str| format!("{root}/{path}");
        assert_eq!(end("lf").unwrap(), End { path: place("f"), exists: true, is_directory: false, name: None });
        assert_eq!(end("ld").unwrap(), End { path: place("dir"), exists: true, is_directory: true, name: None });
        assert_eq!(end("dangling").unwrap(), End { path: place("nowhere"), ..End::default() });
        assert_eq!(end("new/").unwrap(), End { path: place("new/"), ..End::default() });
        assert_eq!(end("no/new").unwrap_err(), format!("stat {root}/no: no such file or directory"));
        assert!(end("loop").unwrap_err().starts_with("too many symlinks in "));
    }

    #[test]
    fn outputs_are_checked_first() {
        let (_folder, root) = folder();
        assert_eq!(
            check_output(&format!("{root}/no/x")).unwrap_err(),
            format!("invalid output path: directory \"{root}/no\" does not exist")
        );
        assert_eq!(
            check_output("/dev/null").unwrap_err(),
            "invalid output path: \"/dev/null\" must be a directory or a regular file: got a device"
        );
        assert_eq!(check_output(&format!("{root}/f/")).unwrap_err(), format!("stat {root}/f/: not a directory"));
        assert!(check_output(&format!("{root}/new")).is_ok() && check_output("-").is_ok());
    }
}
