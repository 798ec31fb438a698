//! Help, and the version.

use std::fmt::Write as _;

use crate::command::{ALL, Command};
use crate::flag::{Flag, HELP, Takes};
use crate::global;

/// What `--version` prints. Engines look for a line `… version X` and a line `spec: X`.
pub fn version() -> String {
    format!("gantry-runc version {}\nspec: {}\n", env!("CARGO_PKG_VERSION"), oci::state::VERSION)
}

/// The page about everything.
pub fn all() -> String {
    let mut text = String::from(
        "NAME:\n   gantry-runc - runs containers from OCI bundles\n\nUSAGE:\n   gantry-runc [global options] command [command options] [arguments...]\n\nCOMMANDS:\n",
    );
    let width = ALL.iter().map(|command| command.name.len()).max().unwrap_or(0);
    for command in ALL {
        let _ = writeln!(text, "   {:width$}  {}", command.name, command.about);
    }
    text.push_str("\nGLOBAL OPTIONS:\n");
    flags(&mut text, global::FLAGS);
    text
}

/// The page about one command.
pub fn of(command: &Command) -> String {
    let name = command.name;
    let mut text = format!(
        "NAME:\n   gantry-runc {name} - {}\n\nUSAGE:\n   gantry-runc {name} {}\n\nOPTIONS:\n",
        command.about, command.usage
    );
    flags(&mut text, command.flags);
    text
}

fn flags(text: &mut String, flags: &[Flag]) {
    let all: Vec<(String, &str)> = flags.iter().chain([&HELP]).map(|flag| (spelled(flag), flag.help)).collect();
    let width = all.iter().map(|(spelled, _)| spelled.len()).max().unwrap_or(0);
    for (spelled, help) in all {
        let _ = writeln!(text, "   {spelled:width$}  {help}");
    }
}

fn spelled(flag: &Flag) -> String {
    let value = if flag.takes == Takes::Nothing { "" } else { " value" };
    let short = flag.short.map(|short| format!(", -{short}{value}")).unwrap_or_default();
    format!("--{}{value}{short}", flag.name)
}

/// What is said where the number of arguments is wrong.
pub fn wrong_count(command: &Command) -> String {
    let (least, most) = command.arguments;
    let wanted = if least == most {
        format!("exactly {least} argument(s)")
    } else {
        format!("a minimum of {least} argument(s)")
    };
    format!("gantry-runc: {:?} requires {wanted}", command.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_name_commands_and_flags() {
        assert!(all().contains("   run ") && all().contains("--root value"));
        let run = crate::command::find("run").unwrap();
        assert!(of(run).contains("--bundle value, -b value"), "{}", of(run));
        assert_eq!(
            wrong_count(crate::command::find("state").unwrap()),
            "gantry-runc: \"state\" requires exactly 1 argument(s)"
        );
    }
}
