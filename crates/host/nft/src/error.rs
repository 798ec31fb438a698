//! Why a transaction failed.

use std::io;

/// Why a transaction failed. Nothing of it was carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused one step, and with it all.
    #[error("nftables: {step}")]
    Refused {
        /// The step and its object: "add chain `forward`".
        step: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The kernel did not confirm the transaction.
    #[error("nftables: commit: no answer")]
    NoAnswer,
    /// The conversation itself failed.
    #[error("nftables")]
    Netlink(#[from] netlink::Error),
}

impl Error {
    /// Whether the kernel refused a step with this error.
    pub fn is(&self, errno: rustix::io::Errno) -> bool {
        matches!(self, Error::Refused { source, .. } if source.raw_os_error() == Some(errno.raw_os_error()))
    }
}
