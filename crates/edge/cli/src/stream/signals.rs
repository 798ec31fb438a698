//! Signals of this process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that are passed on to a container, with the names the API takes. Docker passes on everything it can
/// catch except those that mean something to this process alone (SIGCHLD, SIGPIPE, SIGURG).
const FORWARDED: [(i32, &str); 12] = [
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (10, "USR1"),
    (12, "USR2"),
    (14, "ALRM"),
    (15, "TERM"),
    (18, "CONT"),
    (20, "TSTP"),
    (28, "WINCH"),
    (29, "IO"),
    (30, "PWR"),
];

/// Signals that end a program which holds a terminal in raw mode.
const ENDING: [(i32, &str); 4] = [(1, "HUP"), (2, "INT"), (3, "QUIT"), (15, "TERM")];

/// A set of caught signals.
pub struct Signals(Vec<(Signal, i32, &'static str)>);

impl Signals {
    /// Those to pass on to the container.
    pub fn forwarded() -> Signals {
        Signals::catch(&FORWARDED)
    }

    /// Those that end this process.
    pub fn ending() -> Signals {
        Signals::catch(&ENDING)
    }

    /// None at all.
    pub fn none() -> Signals {
        Signals(Vec::new())
    }

    /// A change of the terminal's size.
    pub fn resized() -> Signals {
        Signals::catch(&[(28, "WINCH")])
    }

    fn catch(list: &[(i32, &'static str)]) -> Signals {
        let caught =
            |(number, name): &(i32, &'static str)| Some((signal(SignalKind::from_raw(*number)).ok()?, *number, *name));
        Signals(list.iter().filter_map(caught).collect())
    }

    /// The next signal: its number and its name without `SIG`.
    pub async fn next(&mut self) -> (i32, &'static str) {
        std::future::poll_fn(|cx| {
            for (signal, number, name) in &mut self.0 {
                if signal.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready((*number, *name));
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}
