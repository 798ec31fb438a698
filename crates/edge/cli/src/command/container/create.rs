//! `create`, and how `run` creates.

use super::{flags, spec};
use crate::command::image::{Pull, pull_image};
use crate::exit::Exit;
use crate::flag::Matches;
use crate::session::Session;
use crate::stream::out::{self, Stream};
use crate::tree::{Args, Command, Invocation};
use api::container::{ContainerCreateRequest, CreateResponse};
use client::{Client, Query, Request};
use names::Reference;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    about: "Create a new container",
    aliases: &["container create", "create"],
    args: Args::AtLeast(1),
    flags: flags::CREATE,
    interspersed: false,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let Invocation { session, matches, .. } = &invocation;
    let wrong = |why: String| refused(session, "create", &why);
    check_pull(matches).map_err(wrong)?;
    let daemon = session.choice()?.endpoint.to_string();
    let body = spec::build(matches, session.config(), &daemon).map_err(wrong)?;
    let id = create(session, matches, body).await?;
    out::line(&id)
}

/// A mistake on the command line of `run` or `create`.
pub fn refused(session: &Session, command: &str, why: &str) -> Exit {
    let program = session.face.name();
    Exit { code: 125, message: format!("{program}: {why}\n\nRun '{program} {command} --help' for more information") }
}

/// Checks `--pull`.
pub fn check_pull(matches: &Matches) -> Result<(), String> {
    match matches.str("pull") {
        "always" | "missing" | "never" => Ok(()),
        other => Err(format!("invalid pull option: '{other}': must be one of \"always\", \"missing\" or \"never\"")),
    }
}

/// Creates a container, pulling its image first where that is wanted or needed, and returns its id.
pub async fn create(session: &Session, matches: &Matches, body: ContainerCreateRequest) -> Result<String, Exit> {
    let mut id_file = IdFile::open(matches.str("cidfile"))?;
    let platform = platform(matches)?;
    let client = session.client().await?;
    // An id, or a name that only the daemon can make sense of, is not pulled.
    let reference = reference(&body.config.image)?;
    let policy = matches.str("pull");
    let pull = async |reference: &Reference| {
        let quiet = matches.bool("quiet");
        let request =
            Pull { reference: reference.clone(), platform: platform.clone(), all: false, quiet, to: Stream::Err };
        pull_image(session, client, request).await
    };
    if let (Some(reference), "always") = (&reference, policy) {
        pull(reference).await?;
    }
    let query = Query::new().some("name", matches.some("name").as_deref()).some("platform", platform.as_deref());
    let answer = match post(client, &query, &body).await {
        Err(error) if error.is_not_found() && policy == "missing" && reference.is_some() => {
            let Some(reference) = &reference else { return Err(error.into()) };
            if !matches.bool("quiet") {
                eprintln!("Unable to find image '{}' locally", reference.familiar());
            }
            pull(reference).await?;
            session.timing.step("image pulled");
            post(client, &query, &body).await?
        }
        other => other?,
    };
    for warning in &answer.warnings {
        eprintln!("WARNING: {warning}");
    }
    id_file.write(&answer.id)?;
    Ok(answer.id)
}

async fn post(client: &Client, query: &Query, body: &ContainerCreateRequest) -> Result<CreateResponse, client::Error> {
    client.send(Request::post("/containers/create").query(query.clone()).json(body)).await?.json().await
}

/// The image as a reference; `None` for an id.
fn reference(image: &str) -> Result<Option<Reference>, Exit> {
    let hex = image.strip_prefix("sha256:").unwrap_or(image);
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    image.parse::<Reference>().map(|reference| Some(reference.or_latest())).map_err(Exit::failure)
}

/// `--platform`, or the environment's default.
fn platform(matches: &Matches) -> Result<Option<String>, Exit> {
    let default = std::env::var("DOCKER_DEFAULT_PLATFORM").ok().filter(|platform| !platform.is_empty());
    let Some(platform) = matches.some("platform").or(default) else { return Ok(None) };
    match platform.parse::<names::Platform>() {
        Ok(_) => Ok(Some(platform)),
        Err(_) => Err(Exit::failure(format!(
            "error parsing specified platform: {}: cannot parse platform specifier: invalid argument",
            human::quote(&platform)
        ))),
    }
}

/// The file of `--cidfile`: made before the container, and taken away again when there is none.
struct IdFile {
    path: PathBuf,
    file: Option<File>,
    written: bool,
}

impl IdFile {
    fn open(path: &str) -> Result<IdFile, Exit> {
        let path = PathBuf::from(path);
        if path.as_os_str().is_empty() {
            return Ok(IdFile { path, file: None, written: false });
        }
        if path.exists() {
            let path = path.display();
            return Err(Exit::failure(format!(
                "container ID file found, make sure the other container isn't running or delete {path}"
            )));
        }
        match File::create(&path) {
            Ok(file) => Ok(IdFile { path, file: Some(file), written: false }),
            Err(error) => Err(Exit::failure(format!(
                "failed to create the container ID file: {}",
                crate::exit::go_error("open", &path, &error)
            ))),
        }
    }

    fn write(&mut self, id: &str) -> Result<(), Exit> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(id.as_bytes()).map_err(|error| {
            Exit::failure(format!("failed to write the container ID ({id}) to file: {}", crate::exit::go_errno(&error)))
        })?;
        self.written = true;
        Ok(())
    }
}

impl Drop for IdFile {
    fn drop(&mut self) {
        if self.file.is_some() && !self.written {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_file_is_taken_away_when_no_container_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("id");
        let text = path.display().to_string();
        drop(IdFile::open(&text).unwrap());
        assert!(!path.exists());
        let mut file = IdFile::open(&text).unwrap();
        file.write("abc").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "abc");
        assert!(IdFile::open(&text).err().unwrap().message.starts_with("container ID file found, make sure the other"));
    }

    #[test]
    fn ids_are_not_pulled_and_bad_names_are_refused() {
        assert_eq!(reference(&"a".repeat(64)).unwrap(), None);
        assert_eq!(reference("x").unwrap().unwrap().familiar(), "x:latest");
        assert_eq!(
            reference("UPPER").unwrap_err().message,
            "invalid reference format: repository name (library/UPPER) must be lowercase"
        );
    }
}
