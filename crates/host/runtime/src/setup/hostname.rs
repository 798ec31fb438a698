//! Names of the UTS namespace.

use rustix::system::{setdomainname, sethostname};

use crate::Error;
use crate::error::Step;
use crate::process::init::Init;

/// Sets host and domain name; that the namespace is the container's own was checked with the specification.
pub(crate) fn set(init: &mut Init<'_>) -> Result<(), Error> {
    let spec = init.plan.request.spec;
    if let Some(name) = spec.hostname.as_deref().filter(|name| !name.is_empty()) {
        sethostname(name.as_bytes()).step(format_args!("set hostname {name:?}"))?;
    }
    if let Some(name) = spec.domainname.as_deref().filter(|name| !name.is_empty()) {
        setdomainname(name.as_bytes()).step(format_args!("set domain name {name:?}"))?;
    }
    Ok(())
}
