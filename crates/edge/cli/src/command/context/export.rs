//! `context export`.

use super::load;
use crate::config::context::export as write;
use crate::exit::{Exit, go_error};
use crate::stream::{out, terminal};
use crate::tree::{Args, Command, Invocation};
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS] CONTEXT [FILE|-]",
    about: "Export a context to a tar archive FILE or a tar stream on STDOUT.",
    aliases: &[],
    args: Args::Between(1, 2),
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let name = &invocation.matches.positional[0];
    let (meta, files) = load(&invocation.session, name)?;
    let default = format!("{name}.dockercontext");
    let target = invocation.matches.positional.get(1).unwrap_or(&default);
    if target == "-" {
        if terminal::stdout_is_terminal() {
            return Err(Exit::failure("cowardly refusing to export to a terminal, specify a file path"));
        }
        let mut bytes = Vec::new();
        write(&meta, &files, &mut bytes)?;
        return out::Stream::Out.write(&bytes).await;
    }
    let path = Path::new(target);
    // Keys may be in it; nothing that is there is overwritten.
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    let file = file.map_err(|error| Exit::failure(go_error("open", path, &error)))?;
    write(&meta, &files, file).map_err(|error| Exit::failure(go_error("write", path, &error)))?;
    eprintln!("Written file {}", human::quote(target));
    Ok(())
}
