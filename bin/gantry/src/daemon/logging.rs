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

/// Sets the level of the log that was started.
pub type SetLevel = Box<dyn Fn(&str) + Send + Sync>;

/// Only our own crates speak below `warn`.
fn filter_of(level: &str) -> EnvFilter {
    EnvFilter::new(format!(
        "{level},hyper=warn,reqwest=warn,hickory_proto=error,hickory_resolver=error,rustls=warn,h2=warn"
    ))
}

/// Starts the log.
pub fn start(logging: &Logging) -> SetLevel {
    let filter = filter_of(logging.level);
    let colours = !logging.raw && rustix::termios::isatty(std::io::stderr());
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    // That fails only where no log was started.
    if logging.json {
        let builder = builder.json().flatten_event(true).with_env_filter(filter).with_filter_reloading();
        let handle = builder.reload_handle();
        builder.init();
        Box::new(move |level| drop(handle.reload(filter_of(level))))
    } else {
        let builder = builder.with_ansi(colours).with_env_filter(filter).with_filter_reloading();
        let handle = builder.reload_handle();
        builder.init();
        Box::new(move |level| drop(handle.reload(filter_of(level))))
    }
}
