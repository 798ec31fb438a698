//! Resource limits.

use rustix::io::Errno;
use rustix::process::{Rlimit, getrlimit, setrlimit};

use crate::Error;
use crate::error::Step;
use crate::job::{Job, resource_name};

/// Sets the limits of this process. Done by itself, as raising those of another takes CAP_SYS_RESOURCE in any case.
///
/// # Errors
/// `limits that cannot be set` where a hard limit is above what this host can give.
pub(crate) fn set(job: &Job<'_>) -> Result<(), Error> {
    for &(resource, current, maximum) in &job.rlimits {
        let name = resource_name(resource);
        match setrlimit(resource, Rlimit { current, maximum }) {
            Err(Errno::PERM) => {
                let text = |limit: Option<u64>| limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
                let (wanted, there) = (text(maximum), text(getrlimit(resource).maximum));
                let why = "and CAP_SYS_RESOURCE is missing";
                return Err(Error::invalid(format!(
                    "limits that cannot be set: {name}: hard {wanted} is above the host's {there}, {why}"
                )));
            }
            result => result.step(format_args!("limits that cannot be set: {name}"))?,
        }
    }
    Ok(())
}
