//! Platforms: operating system, architecture and variant, as `linux/arm64/v8`.
//!
//! Parsing, normalisation and the order in which a host takes platforms follow containerd's platforms package.

use std::fmt;
use std::str::FromStr;

use crate::echo::echo;

/// Why a string is no platform; the texts are containerd's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// A component has characters outside `[A-Za-z0-9_.-]`, begins with no letter or digit, or is empty.
    #[error(
        "\"{component}\" is an invalid component of \"{whole}\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument"
    )]
    Component {
        /// The component.
        component: String,
        /// The whole string.
        whole: String,
    },
    /// A single word that names neither an operating system nor an architecture.
    #[error("\"{0}\": unknown operating system or architecture: invalid argument")]
    Unknown(String),
    /// More than three components.
    #[error("\"{0}\": cannot parse platform specifier: invalid argument")]
    Parts(String),
}

impl PlatformError {
    fn component(component: &str, whole: &str) -> Self {
        Self::Component { component: echo(component), whole: echo(whole) }
    }
}

/// A normalised platform. Its words are letters, digits and `_.-`, and begin with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

impl Platform {
    /// Puts a platform together from the words of an image's record, which may be hostile, and normalises them. Where
    /// `os` is empty the host's is meant; `variant` may be empty.
    pub fn new(os: &str, architecture: &str, variant: &str) -> Result<Self, PlatformError> {
        let is_word = |word: &str| word.is_empty() || is_component(word);
        let bad = [(os, is_word(os)), (architecture, is_component(architecture)), (variant, is_word(variant))]
            .into_iter()
            .find(|(_, good)| !good);
        match bad {
            Some((word, _)) => Err(PlatformError::component(word, &format!("{os}/{architecture}/{variant}"))),
            None => Ok(Self::normalised(os, architecture, variant)),
        }
    }

    fn normalised(os: &str, architecture: &str, variant: &str) -> Self {
        let (architecture, variant) = normalise_architecture(architecture, variant);
        Self { os: normalise_os(os), architecture, variant }
    }

    /// The platform this program was built for.
    pub fn host() -> Self {
        Self::normalised(std::env::consts::OS, std::env::consts::ARCH, "")
    }

    /// The operating system, as Go's `GOOS`: `linux`.
    pub fn os(&self) -> &str {
        &self.os
    }

    /// The architecture, as Go's `GOARCH`: `amd64`, `arm64`.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The variant, as `v7` of `arm`; empty where there is only one.
    pub fn variant(&self) -> &str {
        &self.variant
    }

    /// How well an image for `candidate` runs on this platform: 0 is best, `None` is not at all.
    pub fn rank(&self, candidate: &Platform) -> Option<usize> {
        if self.os != candidate.os {
            return None;
        }
        let own = (self.architecture.as_str(), self.variant.clone());
        let wanted = (candidate.architecture.as_str(), candidate.variant.as_str());
        std::iter::once(own).chain(self.older()).position(|(architecture, variant)| (architecture, &*variant) == wanted)
    }

    /// The other architectures and variants whose images run here, best first.
    fn older(&self) -> Vec<(&'static str, String)> {
        match self.architecture.as_str() {
            "amd64" => {
                let newer = self.level().unwrap_or(1) > 1;
                let base = newer.then(|| ("amd64", String::new()));
                below(self.level(), 2, "amd64").chain(base).chain([("386", String::new())]).collect()
            }
            "arm64" => std::iter::once(("arm64", String::new())).chain(below(Some(9), 5, "arm")).collect(),
            "arm" => below(self.level(), 5, "arm").collect(),
            _ => Vec::new(),
        }
    }

    /// The number of the variant: 7 of `v7`.
    fn level(&self) -> Option<u8> {
        self.variant.strip_prefix('v')?.parse().ok()
    }
}

/// The variants below `level` down to `last`.
fn below(level: Option<u8>, last: u8, architecture: &'static str) -> impl Iterator<Item = (&'static str, String)> {
    (last..level.unwrap_or(0).min(10)).rev().map(move |level| (architecture, format!("v{level}")))
}

fn normalise_os(os: &str) -> String {
    match os.to_ascii_lowercase().as_str() {
        "" => std::env::consts::OS.to_owned(),
        "macos" => "darwin".to_owned(),
        os => os.to_owned(),
    }
}

fn normalise_architecture(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (architecture.to_ascii_lowercase(), variant.to_ascii_lowercase());
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386" | "x86", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", other) => ("amd64", other),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", other) => ("arm64", other),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        (architecture, variant) => (architecture, variant),
    };
    (architecture.to_owned(), variant.to_owned())
}

/// The operating systems and architectures that Go knows; a single word is looked up here.
const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.splitn(5, '/').collect();
        if let Some(bad) = parts.iter().find(|part| !is_component(part)) {
            return Err(PlatformError::component(bad, text));
        }
        match parts[..] {
            [word] => Self::from_word(word).ok_or_else(|| PlatformError::Unknown(echo(text))),
            [os, architecture] => Ok(Self::normalised(os, architecture, "")),
            [os, architecture, variant] => Ok(Self::normalised(os, architecture, variant)),
            _ => Err(PlatformError::Parts(echo(text))),
        }
    }
}

impl Platform {
    /// A single word is an operating system on the host's architecture, or an architecture of the host's system.
    fn from_word(word: &str) -> Option<Self> {
        let os = normalise_os(word);
        if SYSTEMS.contains(&os.as_str()) {
            return Some(Self { os, ..Self::host() });
        }
        let platform = Self::normalised("", word, "");
        ARCHITECTURES.contains(&platform.architecture.as_str()).then_some(platform)
    }
}

/// The longest component that is looked at, in bytes.
const LONGEST: usize = 64;

fn is_component(part: &str) -> bool {
    (1..=LONGEST).contains(&part.len())
        && part.as_bytes()[0].is_ascii_alphanumeric()
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

crate::serde_as_string!(Platform);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(parse(text).to_string(), expect, "{text}");
    }

    #[test]
    fn parses_and_normalises() {
        check("linux/amd64", "linux/amd64");
        check("Linux/x86_64", "linux/amd64");
        check("linux/x86-64", "linux/amd64");
        check("linux/amd64/v1", "linux/amd64");
        check("linux/amd64/v3", "linux/amd64/v3");
        check("linux/arm64/v8", "linux/arm64");
        check("linux/aarch64", "linux/arm64");
        check("linux/arm", "linux/arm/v7");
        check("linux/arm/6", "linux/arm/v6");
        check("linux/armhf", "linux/arm/v7");
        check("linux/armel", "linux/arm/v6");
        check("linux/i386", "linux/386");
        check("macos/arm64", "darwin/arm64");
        check("windows/amd64", "windows/amd64");
        check("linux/madeup", "linux/madeup");
    }

    #[test]
    fn a_single_word_is_completed_from_the_host() {
        let host = Platform::host();
        assert_eq!(parse("amd64"), Platform::normalised(&host.os, "amd64", ""));
        assert_eq!(parse("arm64"), Platform::normalised(&host.os, "arm64", ""));
        assert_eq!(parse("linux").architecture, host.architecture);
        assert_eq!("bogus".parse::<Platform>(), Err(PlatformError::Unknown("bogus".into())));
    }

    #[test]
    fn containerds_words_for_bad_input() {
        let error = "linux/a$/v1".parse::<Platform>().unwrap_err().to_string();
        assert_eq!(
            error,
            "\"a$\" is an invalid component of \"linux/a$/v1\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument"
        );
        let error = "a/b/c/d".parse::<Platform>().unwrap_err().to_string();
        assert_eq!(error, "\"a/b/c/d\": cannot parse platform specifier: invalid argument");
        for text in crate::hostile::strings() {
            assert!(text.parse::<Platform>().unwrap_err().to_string().len() < 2048);
            assert!(Platform::new("linux", &text, "").is_err());
            assert!(text.is_empty() || Platform::new("linux", "arm", &text).is_err());
        }
    }

    #[test]
    fn a_host_takes_its_own_platform_first_and_then_older_ones() {
        let rank = |host: &str, candidate: &str| parse(host).rank(&parse(candidate));
        assert_eq!(rank("linux/amd64", "linux/amd64"), Some(0));
        assert!(rank("linux/amd64", "linux/386") > Some(0));
        assert_eq!(rank("linux/amd64", "linux/amd64/v3"), None);
        assert!(rank("linux/amd64/v3", "linux/amd64/v2") < rank("linux/amd64/v3", "linux/amd64"));
        assert_eq!(rank("linux/amd64", "windows/amd64"), None);
        assert_eq!(rank("linux/arm64/v8", "linux/arm64"), Some(0));
        assert!(rank("linux/arm64", "linux/arm/v7") < rank("linux/arm64", "linux/arm/v6"));
        assert!(rank("linux/arm/v7", "linux/arm/v6").is_some());
        assert_eq!(rank("linux/arm/v6", "linux/arm/v7"), None);
        assert_eq!(rank("linux/386", "linux/amd64"), None);
    }
}
