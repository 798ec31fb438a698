//! Compiled system call filters: one file for each profile that containers were started with lately.

use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use oci::runtime::Seccomp;

/// So many profiles are remembered; there are as many as sets of capabilities in use.
const KEPT: usize = 16;

/// The files. Shims only load what is compiled here.
#[derive(Debug)]
pub struct Filters {
    folder: PathBuf,
    known: Mutex<VecDeque<(Seccomp, PathBuf)>>,
}

impl Filters {
    /// Begins with none: the files of an earlier daemon, whose compiler may have decided differently, go.
    pub fn open(run_root: &Path) -> Self {
        let folder = run_root.join("filters");
        let _ = fs::remove_dir_all(&folder);
        Self { folder, known: Mutex::default() }
    }

    /// The file with a profile's compiled form. Nothing for a profile that cannot be compiled, and where the file cannot
    /// be written: the shim then compiles, and says what is wrong.
    pub fn file(&self, profile: &Seccomp) -> Option<PathBuf> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = known.iter().find(|(one, _)| one == profile) {
            return Some(file.clone());
        }
        let program = seccomp::compile(profile).ok()?;
        let file = self.write(&program.to_bytes()).ok()?;
        if known.len() == KEPT
            && let Some((_, oldest)) = known.pop_front()
        {
            // A shim that is about to read it compiles instead.
            let _ = fs::remove_file(oldest);
        }
        known.push_back((profile.clone(), file.clone()));
        Some(file)
    }

    /// Writes a file under a name that was never used before, so that no shim reads another profile's.
    fn write(&self, bytes: &[u8]) -> std::io::Result<PathBuf> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let file = self.folder.join(format!("{:016x}", getrandom::u64()?));
        fs::File::options().create_new(true).write(true).mode(0o600).open(&file)?.write_all(bytes)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(capabilities: &[&str]) -> Seccomp {
        let names: Vec<String> = capabilities.iter().map(|name| (*name).to_owned()).collect();
        seccomp::default_profile(&names, seccomp::KernelVersion::from_release("6.1.0").unwrap())
    }

    #[test]
    fn a_profile_is_compiled_once_and_its_file_holds_the_program() {
        let root = tempfile::tempdir().unwrap();
        let filters = Filters::open(root.path());
        let (plain, more) = (profile(&[]), profile(&["CAP_SYS_ADMIN"]));
        let file = filters.file(&plain).unwrap();
        assert_eq!(filters.file(&plain).as_ref(), Some(&file));
        assert_ne!(filters.file(&more).as_ref(), Some(&file));
        let program = seccomp::Program::from_bytes(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(program, seccomp::compile(&plain).unwrap());
        assert_eq!(fs::read_dir(root.path().join("filters")).unwrap().count(), 2);
    }

    #[test]
    fn only_the_last_profiles_are_kept() {
        let root = tempfile::tempdir().unwrap();
        let filters = Filters::open(root.path());
        for number in 0..KEPT + 3 {
            let mut one = profile(&[]);
            one.default_errno_ret = Some(number as u32);
            assert!(filters.file(&one).is_some());
        }
        assert_eq!(fs::read_dir(root.path().join("filters")).unwrap().count(), KEPT);
    }
}
