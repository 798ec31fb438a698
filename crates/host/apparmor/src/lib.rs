//! AppArmor: whether the kernel confines by it, and the default profile of containers.
//!
//! A profile is text that `apparmor_parser` compiles and hands to the kernel: apparmor.d(5), apparmor_parser(8). Putting a
//! process under one is the runtime's business.

#![forbid(unsafe_code)]

mod profile;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// Name of the default profile, the one that Docker's users know from `docker inspect`.
pub const DEFAULT: &str = "docker-default";

/// The compiler, where distributions put it; a daemon's PATH may be without `sbin`.
const PARSERS: [&str; 3] = ["/sbin/apparmor_parser", "/usr/sbin/apparmor_parser", "/usr/bin/apparmor_parser"];

/// Why a profile could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The compiler is not installed.
    #[error("AppArmor is enabled, but there is no apparmor_parser to load profiles with: install the package apparmor")]
    NoParser,
    /// The compiler cannot be run.
    #[error("run {program}")]
    Run {
        /// Its path.
        program: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The compiler or the kernel refuses the profile.
    #[error("load the AppArmor profile {name}: {said}")]
    Refused {
        /// The profile's name.
        name: String,
        /// The compiler's own words.
        said: String,
    },
}

/// Whether the kernel confines processes by AppArmor: it was built in, and not switched off at boot.
pub fn is_enabled() -> bool {
    fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with('Y'))
}

/// Loads the default profile under `name`. One of that name that is in the kernel already is replaced, for it may be an
/// older program's; processes under it then go on under the new one.
///
/// # Errors
/// See [`Error`].
pub fn install(name: &str) -> Result<(), Error> {
    let program = PARSERS.into_iter().find(|path| Path::new(path).exists()).ok_or(Error::NoParser)?;
    load(program, name, &profile::text(name))
}

fn load(program: &'static str, name: &str, text: &str) -> Result<(), Error> {
    let run = |source| Error::Run { program, source };
    let mut command = Command::new(program);
    command.args(["--replace", "--skip-cache"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut parser = command.spawn().map_err(run)?;
    if let Some(mut input) = parser.stdin.take() {
        // One that gives up early says why, which is worth more than the broken pipe.
        let _ = input.write_all(text.as_bytes());
    }
    let output = parser.wait_with_output().map_err(run)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().replace('\n', "; ");
    Err(Error::Refused { name: name.to_owned(), said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_s_words_are_passed_on_and_its_input_is_the_profile() {
        let error = load("/bin/false", "x", "profile x {}").unwrap_err();
        assert!(matches!(&error, Error::Refused { name, .. } if name == "x"), "{error}");
        assert!(load("/bin/true", "x", &"#".repeat(1 << 20)).is_ok());
        assert!(matches!(load("/no/such/parser", "x", ""), Err(Error::Run { .. })));
    }
}
