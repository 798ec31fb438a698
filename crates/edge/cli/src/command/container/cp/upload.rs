//! To a container.

use super::pack::pack;
use super::path::{join, split};
use super::plan::{self, End};
use super::{Copy, local, request, stat};
use crate::exit::Exit;
use crate::session::Session;
use crate::stream::input;
use api::container::PathStat;
use client::{Client, Query, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

impl Copy {
    /// Copies a local path, or the archive on standard input, to a path in a container.
    pub async fn upload(
        &self,
        session: &Session,
        source: &str,
        container: &str,
        destination: &str,
    ) -> Result<(), Exit> {
        let client = session.client().await?;
        let (end, mode) = look(client, container, destination).await;
        let shown = human::quote(&format!("{container}:{destination}"));
        if let Some(kind) = unusual(mode) {
            return Err(Exit::failure(format!(
                "destination {shown} must be a directory or a regular file: got {kind}"
            )));
        }
        let (directory, chunks, count) = match source {
            "-" if !end.is_directory => {
                return Err(Exit::failure(format!("destination {shown} must be a directory")));
            }
            "-" => (end.path.clone(), input::stdin(), Arc::new(AtomicU64::new(0))),
            path => {
                let source = local::absolute(path).and_then(|path| local::source(&path, self.follow));
                let source = source.map_err(Exit::failure)?;
                let plan = plan::decide(&source, &end).map_err(Exit::failure)?;
                let (chunks, count) = pack(&source, &top(&source, plan.name));
                (plan.directory, chunks, count)
            }
        };
        let mut query = Query::new();
        if self.archive {
            query = query.set("copyUIDGID", "true");
        }
        // A directory never takes the place of a file, nor a file that of a directory.
        query = query.set("noOverwriteDirNonDir", "true").set("path", directory);
        let request = request(Request::put, container, query).stream("application/x-tar", chunks);
        client.send_quietly(request).await?;
        self.report(count.load(Ordering::Relaxed), &format!("{container}:{}", end.path));
        Ok(())
    }
}

/// The name of the topmost entry.
fn top(source: &End, name: Option<String>) -> String {
    match name.or_else(|| source.name.clone()).unwrap_or_else(|| split(&source.path).1) {
        root if root == "/" => ".".into(),
        name => name,
    }
}

/// The destination, where a link leads; and its mode. What cannot be looked at may still be made.
async fn look(client: &Client, container: &str, destination: &str) -> (End, u32) {
    let mut path = destination.to_string();
    let mut found = stat(client, container, &path).await;
    if let Some(link) = found.as_ref().filter(|found| found.is_symlink()) {
        path = join(&split(&path).0, &link.link_target);
        found = stat(client, container, &path).await;
    }
    let mode = found.as_ref().map_or(0, |found| found.mode);
    let is_directory = found.as_ref().is_some_and(PathStat::is_directory);
    (End { path, exists: found.is_some(), is_directory, name: None }, mode)
}

/// What cannot be a destination.
fn unusual(mode: u32) -> Option<&'static str> {
    match mode {
        mode if mode & PathStat::DEVICE != 0 => Some("a device"),
        mode if mode & PathStat::IRREGULAR != 0 => Some("an irregular file"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_entry_is_called_as_the_user_wants() {
        let end =
            |path: &str, name: Option<&str>| End { path: path.into(), name: name.map(String::from), ..End::default() };
        assert_eq!(top(&end("/x/f", None), Some("g".into())), "g");
        assert_eq!(top(&end("/x/dir", Some("ld")), None), "ld");
        assert_eq!(top(&end("/x/dir/.", None), None), ".");
        assert_eq!(top(&end("/", None), None), ".");
    }

    #[test]
    fn devices_are_no_destinations() {
        assert_eq!(unusual(PathStat::DEVICE | PathStat::CHARACTERS | 0o666), Some("a device"));
        assert_eq!(unusual(PathStat::DIRECTORY | 0o755), None);
    }
}
