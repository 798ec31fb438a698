//! `save`.

use crate::exit::{Exit, go_errno};
use crate::flag::{Flag, Kind};
use crate::stream::out::Stream;
use crate::stream::terminal;
use crate::tree::{Args, Command, Invocation};
use client::{Query, Reader, Request};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE [IMAGE...]",
    about: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    aliases: &["image save", "save"],
    args: Args::AtLeast(1),
    flags: &[
        Flag::new("output", Kind::Str, "Write to a file, instead of STDOUT").short('o'),
        Flag::new(
            "platform",
            Kind::Str,
            "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")",
        )
        .since(1, 48),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let output = matches.some("output").map(PathBuf::from);
    match &output {
        Some(path) => check(path)?,
        None if terminal::stdout_is_terminal() => {
            return Err(Exit::failure("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
        }
        None => {}
    }
    let mut query = Query::new();
    for name in &matches.positional {
        query = query.set("names", name);
    }
    if let Some(platform) = matches.some("platform") {
        query = query.set("platform", super::platform_json(&platform)?);
    }
    let client = invocation.session.client().await?;
    let mut reader = client.send(Request::get("/images/get").query(query)).await?.reader();
    match output {
        Some(path) => to_file(&mut reader, &path).await,
        None => {
            while let Some(chunk) = reader.chunk().await? {
                Stream::Out.write(&chunk).await?;
            }
            Ok(())
        }
    }
}

fn check(path: &Path) -> Result<(), Exit> {
    let invalid = |why: String| Exit::failure(format!("failed to save image: invalid output path: {why}"));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = folder.metadata() {
        return Err(invalid(format!("stat {}: {}", folder.display(), go_errno(&error))));
    }
    match path.metadata() {
        Ok(found) if found.is_dir() => Err(Exit::failure("failed to save image: cannot write to a directory")),
        _ => Ok(()),
    }
}

/// Writes beside the target and renames, so that a broken stream leaves what was there. A device or pipe is written to.
async fn to_file(reader: &mut Reader, path: &Path) -> Result<(), Exit> {
    let failed = |error: &std::io::Error| {
        Exit::failure(format!("failed to save image: {}", crate::exit::go_error("write", path, error)))
    };
    let special = path.metadata().is_ok_and(|found| !found.is_file());
    let temporary = match special {
        true => path.to_path_buf(),
        false => path.with_file_name(format!(
            ".{}.tmp{}",
            path.file_name().unwrap_or_default().to_string_lossy(),
            std::process::id()
        )),
    };
    let mut file = File::create(&temporary).map_err(|error| failed(&error))?;
    let result = copy(reader, &mut file, &failed).await;
    if special {
        return result;
    }
    let renamed = result.and_then(|()| std::fs::rename(&temporary, path).map_err(|error| failed(&error)));
    if renamed.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    renamed
}

async fn copy(reader: &mut Reader, file: &mut File, failed: &impl Fn(&std::io::Error) -> Exit) -> Result<(), Exit> {
    while let Some(chunk) = reader.chunk().await? {
        file.write_all(&chunk).map_err(|error| failed(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_checked_before_anything_is_asked_for() {
        assert_eq!(
            check(Path::new("/nonexist/x.tar")).unwrap_err().message,
            "failed to save image: invalid output path: stat /nonexist: no such file or directory"
        );
        assert!(check(Path::new("/tmp")).is_err());
        assert!(check(Path::new("x.tar")).is_ok());
    }
}
