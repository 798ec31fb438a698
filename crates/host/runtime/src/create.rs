//! From a request to a container at the gate.

use cgroup::{Cgroup, Site};
use oci::runtime::{Linux, Spec};
use oci::state::Status;

use crate::Error;
use crate::created::Created;
use crate::listener::Listener;
use crate::plan::Plan;
use crate::process::parent;
use crate::request::Create;
use crate::setup::seccomp;

/// Makes a container: its control groups, its PID 1 in new namespaces, everything set up up to the gate.
///
/// The calling process must have one thread, and be root. It becomes the parent of PID 1 and has to reap it.
///
/// # Errors
/// See [`crate::ErrorKind`]; in messages that Docker's users know where there are such. Nothing is left behind.
pub fn create(request: Create<'_>) -> Result<Created, Error> {
    let none = Linux::default();
    let linux = request.spec.linux.as_ref().unwrap_or(&none);
    let filter = seccomp::read(request.spec, request.filter)?;
    let plan = Plan::read(&request, linux, filter.as_ref())?;
    let site = match &request.extras.site {
        Some(site) => site.clone(),
        None => Site::find(&cgroup_path(request.id, request.spec))?,
    };
    let mut cgroup = CgroupGuard(Some(Cgroup::create_at(site, linux.resources.as_ref())?));
    let launched = parent::launch(&plan, cgroup.get())?;
    cgroup.get().settle()?;
    let listener = Listener::of(request.spec, request.id, request.bundle, Status::Created);
    let (namespaces, warnings) = (plan.namespaces.to_enter(), plan.job.warnings.clone());
    drop(plan);
    Ok(Created::new(request.id.to_owned(), launched, cgroup.release(), filter, namespaces, listener, warnings))
}

fn cgroup_path(id: &str, spec: &Spec) -> String {
    let given = spec.linux.as_ref().and_then(|linux| linux.cgroups_path.clone()).filter(|path| !path.is_empty());
    given.unwrap_or_else(|| format!("/{id}"))
}

/// Control groups that are killed and removed when this is dropped.
struct CgroupGuard(Option<Cgroup>);

impl CgroupGuard {
    fn get(&mut self) -> &mut Cgroup {
        self.0.as_mut().expect("taken only by the consuming method")
    }

    fn release(mut self) -> Cgroup {
        self.0.take().expect("taken only here")
    }
}

impl Drop for CgroupGuard {
    fn drop(&mut self) {
        if let Some(mut cgroup) = self.0.take() {
            // The error that brings us here is the one to report.
            let _ = cgroup.settle();
            let _ = cgroup.kill_all().and_then(|()| cgroup.remove());
        }
    }
}
