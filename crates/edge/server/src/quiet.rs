//! Notices when nobody has asked anything for a while, and gives back the memory that answering took.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// So long after the last connection has come the daemon is idle. Work that goes on beyond it only finds its pages
/// again in the page cache.
const PAUSE: Duration = Duration::from_secs(2);

/// Hears of connections.
#[derive(Debug, Default)]
pub struct Quiet {
    connection: Notify,
}

impl Quiet {
    /// Somebody has connected.
    pub fn interrupt(&self) {
        self.connection.notify_one();
    }

    /// Tidies up once after each burst of connections, the start of the daemon being the first. Wakes for nothing else.
    pub async fn tidy(&self, mut tidy: impl FnMut()) {
        loop {
            while timeout(PAUSE, self.connection.notified()).await.is_ok() {}
            tidy();
            self.connection.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_burst_is_followed_by_one_tidying() {
        let (quiet, count) = (Arc::new(Quiet::default()), Arc::new(AtomicU32::new(0)));
        let (watched, counted) = (quiet.clone(), count.clone());
        let tidied = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        tokio::spawn(async move { watched.tidy(tidied).await });
        for bursts in 1..=3 {
            for _ in 0..5 {
                tokio::time::sleep(PAUSE / 2).await;
                assert_eq!(count.load(Ordering::Relaxed), bursts - 1);
                quiet.interrupt();
            }
            tokio::time::sleep(PAUSE * 10).await;
            assert_eq!(count.load(Ordering::Relaxed), bursts);
        }
    }
}
