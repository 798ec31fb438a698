//! The name the program goes by.

use std::ffi::OsStr;
use std::path::Path;

/// Which program the user called; usage texts name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Under its own name.
    Gantry,
    /// As a stand-in for docker's client.
    Docker,
}

impl Face {
    /// The face for `argv[0]`.
    pub fn of(program: &OsStr) -> Face {
        match Path::new(program).file_name().and_then(OsStr::to_str) {
            Some("docker") => Face::Docker,
            _ => Face::Gantry,
        }
    }

    /// The program's name in usage texts.
    pub fn name(self) -> &'static str {
        match self {
            Face::Gantry => "gantry",
            Face::Docker => "docker",
        }
    }

    /// The endpoint when nothing else is configured.
    pub fn default_endpoint(self) -> &'static str {
        match self {
            Face::Gantry => "unix:///run/gantry/gantry.sock",
            Face::Docker => "unix:///var/run/docker.sock",
        }
    }

    /// The answer to `--version`. Programs that look for docker read its version number, so that face gives the
    /// release whose command line this is.
    pub fn version_line(self) -> String {
        match self {
            Face::Gantry => format!("Gantry version {}, build {}\n", VERSION, BUILD),
            Face::Docker => format!("Docker version {DOCKER_VERSION}, build gantry-{VERSION}\n"),
        }
    }
}

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The revision it was built from.
pub const BUILD: &str = match option_env!("GANTRY_BUILD") {
    Some(build) => build,
    None => "dev",
};
/// The release of docker's client whose command line this is.
pub const DOCKER_VERSION: &str = "28.2.2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_face_follows_the_name() {
        assert_eq!(Face::of(OsStr::new("/usr/bin/docker")), Face::Docker);
        assert_eq!(Face::of(OsStr::new("gantry")), Face::Gantry);
        assert!(Face::Docker.version_line().starts_with("Docker version 28.2.2, build "));
    }
}
