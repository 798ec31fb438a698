//! Where each message goes on the screen.

use crate::bar::bar;
use api::progress::JsonMessage;
use std::fmt::Write;

/// What the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A terminal of this many columns.
    Terminal(u16),
    /// A file or a pipe.
    Plain,
}

/// Turns messages into text for the screen.
pub struct Display {
    screen: Screen,
    /// Objects with a line of their own, from the top.
    lines: Vec<String>,
}

impl Display {
    /// A display that has shown nothing.
    pub fn new(screen: Screen) -> Display {
        Display { screen, lines: Vec::new() }
    }

    /// The text that shows `message`, at `now` in seconds since 1970. The error is the daemon's, ending the stream.
    pub fn show(&mut self, message: &JsonMessage, now: i64) -> Result<String, String> {
        let error = message.error_detail.as_ref().map_or(&message.error, |detail| &detail.message);
        if !error.is_empty() {
            return Err(error.clone());
        }
        if message.aux.is_some() {
            return Ok(String::new());
        }
        Ok(match self.screen {
            Screen::Terminal(width) => self.terminal(message, width, now),
            Screen::Plain => plain(message),
        })
    }

    /// Goes up to the object's line, redraws it, and comes back down.
    fn terminal(&mut self, message: &JsonMessage, width: u16, now: i64) -> String {
        let (mut out, mut up) = (String::new(), 0);
        if !message.id.is_empty() && (message.progress_detail.is_some() || !message.progress.is_empty()) {
            let line = self.lines.iter().position(|known| *known == message.id).unwrap_or_else(|| {
                self.lines.push(message.id.clone());
                out.push('\n');
                self.lines.len() - 1
            });
            up = self.lines.len() - line;
            let _ = write!(out, "\x1b[{up}A");
        } else {
            // Other output moves the lines away; objects that come again start below it.
            self.lines.clear();
        }
        out += &line(message, width, now);
        if !message.id.is_empty() && up > 0 {
            let _ = write!(out, "\x1b[{up}B");
        }
        out
    }
}

fn line(message: &JsonMessage, width: u16, now: i64) -> String {
    let id = if message.id.is_empty() { String::new() } else { format!("{}: ", visible(&message.id)) };
    let status = visible(&message.status);
    match &message.progress_detail {
        Some(progress) if message.stream.is_empty() => format!("\x1b[2K\r{id}{status} {}\r", bar(progress, width, now)),
        _ if !message.progress.is_empty() => format!("{id}{status} {}", visible(&message.progress)),
        _ if !message.stream.is_empty() => format!("{id}{}", visible(&message.stream)),
        _ => format!("{id}{status}\n"),
    }
}

fn plain(message: &JsonMessage) -> String {
    // Counts would fill a log.
    if message.progress_detail.as_ref().is_some_and(|progress| progress.current > 0 || progress.total > 0) {
        return String::new();
    }
    let id = if message.id.is_empty() { String::new() } else { format!("{}: ", message.id) };
    match message {
        JsonMessage { progress, status, .. } if !progress.is_empty() => format!("{id}{status} {progress}"),
        JsonMessage { stream, .. } if !stream.is_empty() => format!("{id}{stream}"),
        JsonMessage { status, .. } => format!("{id}{status}\n"),
    }
}

/// A registry's or image's text must not move the cursor.
fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t').collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::progress::{ErrorDetail, ProgressDetail};

    fn layer(id: &str, status: &str, current: i64, total: i64) -> JsonMessage {
        let progress_detail = Some(ProgressDetail { current, total, ..ProgressDetail::default() });
        JsonMessage { id: id.into(), status: status.into(), progress_detail, ..JsonMessage::default() }
    }

    #[test]
    fn each_layer_keeps_its_line() {
        let mut display = Display::new(Screen::Terminal(80));
        let mut show = |message: &JsonMessage| display.show(message, 0).unwrap();
        assert_eq!(show(&layer("a", "Pulling fs layer", 0, 0)), "\n\x1b[1A\x1b[2K\ra: Pulling fs layer \r\x1b[1B");
        assert_eq!(show(&layer("b", "Waiting", 0, 0)), "\n\x1b[1A\x1b[2K\rb: Waiting \r\x1b[1B");
        assert_eq!(show(&layer("a", "Downloading", 5, 10)), "\x1b[2A\x1b[2K\ra: Downloading       5B/10B\r\x1b[2B");
        assert_eq!(show(&JsonMessage::status("Digest: x")), "Digest: x\n");
        assert_eq!(show(&layer("a", "again", 0, 0)), "\n\x1b[1A\x1b[2K\ra: again \r\x1b[1B");
    }

    #[test]
    fn off_a_terminal_counts_are_left_out() {
        let mut display = Display::new(Screen::Plain);
        assert_eq!(display.show(&layer("a", "Pulling fs layer", 0, 0), 0).unwrap(), "a: Pulling fs layer\n");
        assert_eq!(display.show(&layer("a", "Downloading", 5, 10), 0).unwrap(), "");
        assert_eq!(display.show(&JsonMessage::stream("Loaded image: x\n"), 0).unwrap(), "Loaded image: x\n");
    }

    #[test]
    fn errors_end_the_stream() {
        let detail = Some(ErrorDetail { code: 0, message: "boom".into() });
        let message = JsonMessage { error_detail: detail, error: "boom".into(), ..JsonMessage::default() };
        assert_eq!(Display::new(Screen::Plain).show(&message, 0).unwrap_err(), "boom");
    }

    #[test]
    fn hostile_texts_cannot_move_the_cursor() {
        let text = Display::new(Screen::Terminal(80)).show(&JsonMessage::status("a\x1b[2Jb"), 0).unwrap();
        assert_eq!(text, "a[2Jb\n");
    }
}
