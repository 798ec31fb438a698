//! What one record says.

use std::collections::BTreeMap;

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Stdout, Self::Stderr].into_iter().find(|stream| stream.name() == name)
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// One record: a line, or a piece of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was printed, in nanoseconds since 1970.
    pub time: i64,
    /// Where.
    pub stream: Stream,
    /// Its place in the log, counted from 1 over all runs, where the writer numbers its records.
    pub number: Option<u64>,
    /// What. Ends with a newline unless the line goes on in the stream's next entry, or never ended.
    pub line: Vec<u8>,
    /// The `labels` and `env` options of the driver.
    pub attrs: BTreeMap<String, String>,
}
