//! The daemon's own log: text or JSON on standard error.

use tracing_subscriber::EnvFilter;

/// How the log is written.
#[derive(Debug)]
pub struct Logging {
    /// `error`, `warn`, `info`, `debug`.
    pub level: &'static str,
    /// One JSON object a line instead of text.
    pub json: bool,
    /// Never colours.
    pub raw: bool,
}

/// Starts the log. Only our own crates speak below `warn`.
pub fn start(logging: &Logging) {
    let level = logging.level;
    let filter = EnvFilter::new(format!(
        "{level},hyper=warn,reqwest=warn,hickory_proto=error,hickory_resolver=error,rustls=warn,h2=warn"
    ));
    let colours = !logging.raw && rustix::termios::isatty(std::io::stderr());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if logging.json {
        builder.json().flatten_event(true).init();
    } else {
        builder.with_ansi(colours).init();
    }
}
