//! Where an archive goes: a file that appears as a whole, or standard output.

use super::out::Stream;
use super::terminal;
use crate::exit::{Exit, go_errno, go_error};
use client::Reader;
use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A checked target.
#[derive(Debug)]
pub struct Output {
    path: Option<PathBuf>,
    step: &'static str,
}

impl Output {
    /// The file, or standard output unless that is a terminal. It is checked before anything is asked for; `step` is
    /// what errors begin with.
    pub fn choose(path: Option<String>, step: &'static str) -> Result<Output, Exit> {
        match &path {
            Some(path) => check(Path::new(path)).map_err(|why| Exit::failure(format!("{step}: {why}")))?,
            None if terminal::stdout_is_terminal() => {
                return Err(Exit::failure("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
            }
            None => {}
        }
        Ok(Output { path: path.map(PathBuf::from), step })
    }

    /// Writes everything that `reader` has.
    pub async fn fill(&self, mut reader: Reader) -> Result<(), Exit> {
        let Some(path) = &self.path else {
            while let Some(chunk) = reader.chunk().await? {
                Stream::Out.write(&chunk).await?;
            }
            return Ok(());
        };
        let failed = |error: &io::Error| Exit::failure(format!("{}: {}", self.step, go_error("write", path, error)));
        // Written beside the target and renamed, so that a broken stream leaves what was there.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.tmp{}", std::process::id()));
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(&temporary).map_err(|error| failed(&error))?;
        let copied = copy(&mut reader, &mut file, &failed).await;
        let renamed = copied.and_then(|()| std::fs::rename(&temporary, path).map_err(|error| failed(&error)));
        if renamed.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        renamed
    }
}

async fn copy(reader: &mut Reader, file: &mut File, failed: &impl Fn(&io::Error) -> Exit) -> Result<(), Exit> {
    while let Some(chunk) = reader.chunk().await? {
        file.write_all(&chunk).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn check(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = folder.metadata() {
        return Err(format!("invalid output path: stat {}: {}", folder.display(), go_errno(&error)));
    }
    match path.symlink_metadata() {
        Ok(found) => refusal(found.file_type()).map_or(Ok(()), |kind| Err(format!("cannot write to a {kind}"))),
        Err(_) => Ok(()),
    }
}

/// What a rename would silently replace.
fn refusal(kind: FileType) -> Option<&'static str> {
    let kinds = [
        (kind.is_dir(), "directory"),
        (kind.is_symlink(), "symbolic link directly"),
        (kind.is_fifo(), "named pipe (FIFO)"),
        (kind.is_socket(), "socket"),
        (kind.is_char_device(), "character device file"),
        (kind.is_block_device(), "block device file"),
    ];
    kinds.iter().find(|(is, _)| *is).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_checked_before_anything_is_asked_for() {
        let refusal = |path: &str| Output::choose(Some(path.into()), "failed to save image").unwrap_err().message;
        assert_eq!(
            refusal("/nonexist/x.tar"),
            "failed to save image: invalid output path: stat /nonexist: no such file or directory"
        );
        assert_eq!(refusal("/tmp"), "failed to save image: cannot write to a directory");
        assert_eq!(refusal("/dev/null"), "failed to save image: cannot write to a character device file");
        assert!(check(Path::new("x.tar")).is_ok());
    }
}
