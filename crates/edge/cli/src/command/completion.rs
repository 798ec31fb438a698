//! `completion`: scripts that teach a shell to ask the program what may come next.

use crate::exit::Exit;
use crate::face::Face;
use crate::flag::{Flag, Kind};
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// For bash.
pub static BASH: Command = command("Generate the autocompletion script for bash", |it| {
    Box::pin(print(it, include_str!("completion/bash.sh")))
});
/// For fish.
pub static FISH: Command = command("Generate the autocompletion script for fish", |it| {
    Box::pin(print(it, include_str!("completion/fish.fish")))
});
/// For PowerShell.
pub static POWERSHELL: Command = command("Generate the autocompletion script for powershell", |it| {
    Box::pin(print(it, include_str!("completion/powershell.ps1")))
});
/// For zsh.
pub static ZSH: Command =
    command("Generate the autocompletion script for zsh", |it| Box::pin(print(it, include_str!("completion/zsh.zsh"))));

const FLAGS: &[Flag] = &[Flag::new("no-descriptions", Kind::Bool, "disable completion descriptions")];

const fn command(about: &'static str, run: fn(Invocation) -> crate::tree::Running) -> Command {
    Command { usage: "", about, aliases: &[], args: Args::None, flags: FLAGS, interspersed: true, run }
}

async fn print(invocation: Invocation, script: &'static str) -> Result<(), Exit> {
    out::print(&fill(script, invocation.session.face, invocation.matches.bool("no-descriptions")))
}

fn fill(script: &str, face: Face, bare: bool) -> String {
    script.replace("@NAME@", face.name()).replace("@REQUEST@", if bare { "__completeNoDesc" } else { "__complete" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_name_the_program() {
        for script in [
            include_str!("completion/bash.sh"),
            include_str!("completion/fish.fish"),
            include_str!("completion/powershell.ps1"),
            include_str!("completion/zsh.zsh"),
        ] {
            let text = fill(script, Face::Gantry, true);
            assert!(text.contains("__completeNoDesc") && text.contains("gantry") && !text.contains("@NAME"), "{text}");
        }
    }
}
