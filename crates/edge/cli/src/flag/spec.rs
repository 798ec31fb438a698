//! One flag of one command.

use super::Kind;

/// A flag: its names, its type, and what the help says.
#[derive(Clone, Copy)]
pub struct Flag {
    /// Name after two dashes.
    pub long: &'static str,
    /// One-letter form.
    pub short: Option<char>,
    /// Type of the value.
    pub kind: Kind,
    /// Value when absent; empty for the type's zero.
    pub default: &'static str,
    /// What the help says; may have several lines.
    pub about: &'static str,
    /// Lowest API version with the flag, as `(major, minor)`.
    pub since: Option<(u16, u16)>,
    /// The only operating system of the daemon with the flag.
    pub os: &'static str,
    /// Not in the help.
    pub hidden: bool,
    /// Printed as a warning when the flag is used.
    pub deprecated: &'static str,
    /// Another flag of which this is a second name.
    pub alias_of: &'static str,
    /// The flag must be absent or set for the daemon's experimental mode.
    pub experimental: bool,
    /// In the help of managers of a swarm alone.
    pub swarm: bool,
}

impl Flag {
    /// A flag with only a long name.
    pub const fn new(long: &'static str, kind: Kind, about: &'static str) -> Flag {
        Flag {
            long,
            short: None,
            kind,
            default: "",
            about,
            since: None,
            os: "",
            hidden: false,
            deprecated: "",
            alias_of: "",
            experimental: false,
            swarm: false,
        }
    }

    /// With a one-letter form.
    pub const fn short(mut self, short: char) -> Flag {
        self.short = Some(short);
        self
    }

    /// With a value when absent, as the help prints it.
    pub const fn default(mut self, default: &'static str) -> Flag {
        self.default = default;
        self
    }

    /// For daemons of this API version and newer.
    pub const fn since(mut self, major: u16, minor: u16) -> Flag {
        self.since = Some((major, minor));
        self
    }

    /// For daemons of this operating system.
    pub const fn os(mut self, os: &'static str) -> Flag {
        self.os = os;
        self
    }

    /// Left out of the help.
    pub const fn hidden(mut self) -> Flag {
        self.hidden = true;
        self
    }

    /// Warned about when used: the text says what to do instead.
    pub const fn deprecated(mut self, instead: &'static str) -> Flag {
        self.deprecated = instead;
        self.hidden = true;
        self
    }

    /// For daemons in experimental mode.
    pub const fn experimental(mut self) -> Flag {
        self.experimental = true;
        self
    }

    /// For managers of a swarm.
    pub const fn swarm(mut self) -> Flag {
        self.swarm = true;
        self
    }

    /// A hidden second name of `long`; values count as given to that flag.
    pub const fn alias(long: &'static str, kind: Kind, of: &'static str) -> Flag {
        let mut flag = Flag::new(long, kind, "").hidden();
        flag.alias_of = of;
        flag
    }

    /// The flag as error messages name it: `-t, --tty` or `--name`.
    pub fn display(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.long),
            None => format!("--{}", self.long),
        }
    }
}
