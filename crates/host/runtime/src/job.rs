//! A process to run, checked and in the kernel's terms.

use std::ffi::CString;

use oci::runtime::{Process, Rlimit};
use rustix::process::Resource;

use crate::Error;
use crate::attributes::Attributes;
use crate::capabilities::{Available, Capabilities};
use crate::setup::label::Label;
use seccomp::Program;

/// A process to run, checked and in the kernel's terms, so that the child has little left that can fail.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    /// As in the specification.
    pub process: &'a Process,
    /// The argument vector, not empty.
    pub args: Vec<CString>,
    /// The environment.
    pub env: Vec<CString>,
    /// What it may do.
    pub capabilities: Capabilities,
    /// Limits of resources, each once.
    pub rlimits: Vec<Limit>,
    /// Scheduling and priorities.
    pub attributes: Attributes,
    /// The label of a security module.
    pub label: Option<Label>,
    /// System call filter.
    pub filter: Option<&'a Program>,
    /// What could not be given.
    pub warnings: Vec<String>,
}

/// Resource, soft and hard limit; `None` is unlimited.
type Limit = (Resource, Option<u64>, Option<u64>);

/// Names of the specification: getrlimit(2).
const RESOURCES: [(&str, Resource); 16] = [
    ("RLIMIT_AS", Resource::As),
    ("RLIMIT_CORE", Resource::Core),
    ("RLIMIT_CPU", Resource::Cpu),
    ("RLIMIT_DATA", Resource::Data),
    ("RLIMIT_FSIZE", Resource::Fsize),
    ("RLIMIT_LOCKS", Resource::Locks),
    ("RLIMIT_MEMLOCK", Resource::Memlock),
    ("RLIMIT_MSGQUEUE", Resource::Msgqueue),
    ("RLIMIT_NICE", Resource::Nice),
    ("RLIMIT_NOFILE", Resource::Nofile),
    ("RLIMIT_NPROC", Resource::Nproc),
    ("RLIMIT_RSS", Resource::Rss),
    ("RLIMIT_RTPRIO", Resource::Rtprio),
    ("RLIMIT_RTTIME", Resource::Rttime),
    ("RLIMIT_SIGPENDING", Resource::Sigpending),
    ("RLIMIT_STACK", Resource::Stack),
];

impl<'a> Job<'a> {
    /// Checks `process`; `host` says what capabilities there are.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] for what cannot be, and for what is not done here.
    pub fn read(process: &'a Process, filter: Option<&'a Program>, host: Available) -> Result<Self, Error> {
        if process.args.is_empty() {
            return Err(Error::invalid("process: no arguments"));
        }
        if !process.cwd.is_absolute() {
            return Err(Error::invalid(format!("process: working directory {:?} is not absolute", process.cwd)));
        }
        let mut warnings = Vec::new();
        let capabilities = Capabilities::read(process.capabilities.as_ref(), host, &mut warnings);
        Ok(Self {
            process,
            args: c_strings("argument", &process.args)?,
            env: c_strings("environment variable", &process.env)?,
            capabilities,
            rlimits: rlimits(&process.rlimits)?,
            attributes: Attributes::read(process)?,
            label: Label::read(process)?,
            filter,
            warnings,
        })
    }

    /// What the environment says about `name`; the last entry counts, as for Go programs.
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        let value = |entry: &'a String| entry.strip_prefix(name)?.strip_prefix('=');
        self.process.env.iter().rev().find_map(value)
    }
}

fn c_strings(what: &str, strings: &[String]) -> Result<Vec<CString>, Error> {
    let convert = |string: &String| {
        CString::new(string.as_str())
            .map_err(|_| Error::invalid(format!("process: {what} {string:?} holds a NUL byte")))
    };
    strings.iter().map(convert).collect()
}

fn rlimits(limits: &[Rlimit]) -> Result<Vec<Limit>, Error> {
    let is_twice = |place: usize| limits[..place].iter().any(|earlier| earlier.kind == limits[place].kind);
    if let Some(place) = (0..limits.len()).find(|&place| is_twice(place)) {
        return Err(Error::invalid(format!("limit `{}` is given twice", limits[place].kind)));
    }
    limits.iter().map(rlimit).collect()
}

fn rlimit(limit: &Rlimit) -> Result<Limit, Error> {
    let found = RESOURCES.iter().find(|(name, _)| *name == limit.kind);
    let (_, resource) = found.ok_or_else(|| Error::invalid(format!("limit `{}` does not exist", limit.kind)))?;
    if limit.soft > limit.hard {
        let Rlimit { kind, soft, hard } = limit;
        return Err(Error::invalid(format!("limits that cannot be set: {kind}: soft {soft} is above hard {hard}")));
    }
    let finite = |value: u64| (value != u64::MAX).then_some(value);
    Ok((*resource, finite(limit.soft), finite(limit.hard)))
}

/// The specification's name of a resource.
pub(crate) fn resource_name(resource: Resource) -> &'static str {
    RESOURCES.iter().find(|(_, known)| *known == resource).map_or("RLIMIT", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        Process { args: vec!["sh".into()], cwd: "/".into(), ..Process::default() }
    }

    #[track_caller]
    fn refused(process: Process, message: &str) {
        let error = Job::read(&process, None, Available::read(false)).unwrap_err();
        assert_eq!((error.kind(), error.message()), (crate::ErrorKind::Invalid, message));
    }

    #[test]
    fn nonsense_is_refused_before_anything_is_made() {
        refused(Process { args: vec![], ..process() }, "process: no arguments");
        refused(Process { args: vec!["a\0b".into()], ..process() }, r#"process: argument "a\0b" holds a NUL byte"#);
        refused(Process { cwd: "x".into(), ..process() }, r#"process: working directory "x" is not absolute"#);
        let limit = |kind: &str, soft, hard| vec![Rlimit { kind: kind.into(), soft, hard }];
        refused(Process { rlimits: limit("RLIMIT_X", 1, 1), ..process() }, "limit `RLIMIT_X` does not exist");
        refused(
            Process { rlimits: limit("RLIMIT_CPU", 2, 1), ..process() },
            "limits that cannot be set: RLIMIT_CPU: soft 2 is above hard 1",
        );
        let duplicate = [limit("RLIMIT_CPU", 1, 1), limit("RLIMIT_CPU", 2, 2)].concat();
        refused(Process { rlimits: duplicate, ..process() }, "limit `RLIMIT_CPU` is given twice");
    }

    #[test]
    fn the_last_variable_counts() {
        let process = Process { env: vec!["A=1".into(), "AB=2".into(), "A=3".into()], ..process() };
        let job = Job::read(&process, None, Available::read(false)).unwrap();
        assert_eq!((job.variable("A"), job.variable("B")), (Some("3"), None));
    }
}
