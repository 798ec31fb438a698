//! `context inspect`.

use super::{DEFAULT, load, store};
use crate::command::system::inspect::show_with;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::opts::text;
use crate::session::Session;
use crate::tree::{Args, Command, Invocation};
use bytes::Bytes;
use serde_json::json;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
    about: "Display detailed information on one or more contexts",
    aliases: &[],
    args: Args::AtLeast(0),
    flags: &[Flag::new("format", Kind::Str, text::FORMAT).short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let (session, matches) = (&invocation.session, &invocation.matches);
    let current = match matches.positional[..] {
        [] => vec![session.context_name()?],
        _ => matches.positional.clone(),
    };
    let found = current.iter().map(|name| describe(session, name).map_err(|exit| exit.message)).collect();
    show_with(matches.str("format"), found)
}

fn describe(session: &Session, name: &str) -> Result<Bytes, Exit> {
    let (meta, material) = load(session, name)?;
    let files: serde_json::Map<String, serde_json::Value> =
        material.iter().map(|(endpoint, files)| (endpoint.clone(), files.keys().cloned().collect())).collect();
    let place = |path: std::path::PathBuf| match name {
        DEFAULT => "<IN MEMORY>".to_owned(),
        _ => path.display().to_string(),
    };
    let store = store(session);
    let all = json!({
        "Name": meta.name,
        "Metadata": meta.metadata,
        "Endpoints": meta.endpoints,
        "TLSMaterial": files,
        "Storage": {"MetadataPath": place(store.meta_folder(name)), "TLSPath": place(store.tls_folder(name))},
    });
    // Go escapes these wherever they are, and they are in strings only.
    let text = all.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    Ok(text.into())
}
