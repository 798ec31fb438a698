//! Finds the addresses of a host's name without the C library, whose resolver a static program must not call.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where the machine says whom to ask.
const CONFIGURATION: &str = "/etc/resolv.conf";

/// A name has no address; the text is Go's.
#[derive(Debug, thiserror::Error)]
#[error("lookup {host}: {reason}")]
pub struct LookupError {
    host: String,
    reason: String,
}

/// Finds addresses by `/etc/hosts` and the machine's name servers. The configuration is read again when it changes, for
/// a daemon outlives networks.
#[derive(Clone, Default)]
pub struct Resolver {
    current: Arc<Mutex<Option<Current>>>,
}

/// A resolver, and when the configuration that it is made of was written.
type Current = (Option<SystemTime>, TokioResolver);

impl Resolver {
    /// The resolver of the configuration as it is now. A machine without one gets an error, not somebody's public server.
    fn current(&self) -> Result<TokioResolver, NetError> {
        let changed = changed_at(Path::new(CONFIGURATION)).ok();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some((at, resolver)) if *at == changed => Ok(resolver.clone()),
            _ => {
                let mut builder = TokioResolver::builder_tokio()?;
                builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
                let resolver = builder.build()?;
                *current = Some((changed, resolver.clone()));
                Ok(resolver)
            }
        }
    }

    async fn lookup(&self, host: &str) -> Result<Addrs, LookupError> {
        let failed = |error: NetError| LookupError { host: host.to_owned(), reason: reason(&error) };
        let resolver = self.current().map_err(failed)?;
        let addresses: Vec<SocketAddr> =
            resolver.lookup_ip(host).await.map_err(failed)?.iter().map(|address| SocketAddr::new(address, 0)).collect();
        Ok(Box::new(addresses.into_iter()))
    }
}

fn changed_at(path: &Path) -> io::Result<SystemTime> {
    path.metadata()?.modified()
}

fn reason(error: &NetError) -> String {
    match error {
        error if error.is_nx_domain() || error.is_no_records_found() => "no such host".to_owned(),
        NetError::Timeout => "i/o timeout".to_owned(),
        other => other.to_string(),
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move { Ok(resolver.lookup(name.as_str()).await?) })
    }
}
