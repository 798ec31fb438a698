//! Where errors and warnings are told: runc's formats, which engines read.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `time="…" level=error msg="…"`
    #[default]
    Text,
    /// `{"level":"error","msg":"…","time":"…"}`
    Json,
}

/// Where errors and warnings go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Standard error where there is none.
    pub file: Option<PathBuf>,
    /// How lines look.
    pub format: Format,
}

impl Log {
    /// Tells of the end of a command. What is written to a file is told to the caller's terminal, too.
    pub fn error(&self, message: &str) {
        self.write("error", message);
        if self.file.is_some() {
            eprintln!("{message}");
        }
    }

    /// Tells of something less than what was asked for.
    pub fn warn(&self, message: &str) {
        self.write("warning", message);
    }

    fn write(&self, level: &str, message: &str) {
        let line = line(self.format, level, message, Timestamp::now());
        let opened = self.file.as_ref().map(|path| File::options().create(true).append(true).open(path));
        match opened {
            None => eprint!("{line}"),
            Some(Ok(mut file)) => drop(file.write_all(line.as_bytes())),
            // Better twice than not at all.
            Some(Err(_)) => eprint!("{line}"),
        }
    }
}

fn line(format: Format, level: &str, message: &str, now: Timestamp) -> String {
    let time = format!("{now:.0}");
    match format {
        Format::Json => {
            let object = serde_json::json!({ "level": level, "msg": message, "time": time });
            format!("{object}\n")
        }
        Format::Text => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
            let bare = !message.is_empty() && message.chars().all(plain);
            let message = if bare { message.to_owned() } else { human::quote(message) };
            format!("time=\"{time}\" level={level} msg={message}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_engines_read() {
        assert_eq!(
            line(Format::Text, "error", "a \"b\"", Timestamp::UNIX_EPOCH),
            "time=\"1970-01-01T00:00:00Z\" level=error msg=\"a \\\"b\\\"\"\n"
        );
        assert_eq!(
            line(Format::Text, "error", "plain", Timestamp::UNIX_EPOCH),
            "time=\"1970-01-01T00:00:00Z\" level=error msg=plain\n"
        );
        assert_eq!(
            line(Format::Json, "error", "a\"", Timestamp::UNIX_EPOCH),
            "{\"level\":\"error\",\"msg\":\"a\\\"\",\"time\":\"1970-01-01T00:00:00Z\"}\n"
        );
    }
}
