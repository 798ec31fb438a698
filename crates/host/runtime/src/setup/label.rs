//! Labels of security modules, which a process puts on for its program right before it executes it.

use std::os::fd::{AsFd, OwnedFd};

use oci::runtime::Process;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use sys::path;

use crate::Error;
use crate::error::Step;

/// A label to put on at the next execve(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// Below the process's folder in procfs, newest kernels' place first.
    files: &'static [&'static str],
    text: String,
    name: String,
}

/// Where AppArmor takes the profile for the next program: since Linux 5.8 in a folder of its own.
const APPARMOR: &[&str] = &["thread-self/attr/apparmor/exec", "thread-self/attr/exec"];
const SELINUX: &[&str] = &["thread-self/attr/exec"];

impl Label {
    /// The label that the specification wants. Without AppArmor its profile is refused, as a container would be less
    /// confined than was asked for; without SELinux its label means nothing, and is left out as runc does.
    pub fn read(process: &Process) -> Result<Option<Self>, Error> {
        let given = |label: &Option<String>| label.clone().filter(|label| !label.is_empty());
        if let Some(profile) = given(&process.apparmor_profile) {
            if !has_apparmor() {
                return Err(Error::invalid(format!(
                    "process: AppArmor profile `{profile}`: AppArmor is not enabled on this host"
                )));
            }
            return Ok(Some(Self {
                files: APPARMOR,
                text: format!("exec {profile}"),
                name: format!("apply AppArmor profile `{profile}`"),
            }));
        }
        let label = given(&process.selinux_label).filter(|_| has_selinux());
        Ok(label.map(|label| Self { files: SELINUX, name: format!("set SELinux label `{label}`"), text: label }))
    }

    /// Puts it on. `procfs` is a procfs that nobody in the container can have put something over (CVE-2019-16884).
    pub fn put_on(&self, procfs: &OwnedFd) -> Result<(), Error> {
        let resolve = ResolveFlags::NO_XDEV | ResolveFlags::BENEATH;
        let open = |file: &&str| path::resolve(procfs, *file, OFlags::WRONLY, resolve);
        let (first, others) = self.files.split_first().expect("each module has a file");
        let opened = others.iter().fold(open(first), |opened, file| opened.or_else(|_| open(file)));
        let opened = opened.step(&self.name)?;
        rustix::io::write(opened, self.text.as_bytes()).map(drop).step(&self.name)
    }
}

/// The host's procfs, to be opened while this process sees the host's file systems.
pub(crate) fn open_procfs() -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let procfs = rustix::fs::open("/proc", flags, Mode::empty()).step("open `/proc`")?;
    if rustix::fs::fstatfs(procfs.as_fd()).step("stat `/proc`")?.f_type != rustix::fs::PROC_SUPER_MAGIC {
        return Err(Error::system("`/proc` of the host is no procfs"));
    }
    Ok(procfs)
}

fn has_apparmor() -> bool {
    std::fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with('Y'))
}

fn has_selinux() -> bool {
    std::path::Path::new("/sys/fs/selinux/enforce").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_needs_its_module_and_a_label_without_one_means_nothing() {
        let profile = Process { apparmor_profile: Some("x".into()), ..Process::default() };
        assert_eq!(Label::read(&profile).is_ok(), has_apparmor());
        let label = Process { selinux_label: Some("a:b:c".into()), ..Process::default() };
        assert_eq!(Label::read(&label).unwrap().is_some(), has_selinux());
        let empty = Process { apparmor_profile: Some(String::new()), ..Process::default() };
        assert_eq!(Label::read(&empty).unwrap(), None);
    }

    #[test]
    fn the_file_is_this_process_s_own() {
        // A name that every kernel has, in the place of a label's file.
        let label =
            Label { files: &["thread-self/no-such", "thread-self/comm"], text: "label".into(), name: "x".into() };
        label.put_on(&open_procfs().unwrap()).unwrap();
        assert_eq!(std::fs::read_to_string("/proc/thread-self/comm").unwrap(), "label\n");
        let link = Label { files: &["thread-self/cwd/x"], text: "label".into(), name: "x".into() };
        assert!(link.put_on(&open_procfs().unwrap()).is_err());
    }
}
