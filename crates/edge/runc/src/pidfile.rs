//! `--pid-file`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Step as _};

/// Writes a process id so that a reader sees the whole number or no file.
pub fn write(path: &str, pid: i32) -> Result<(), Error> {
    let step = format!("write the pid file {path}");
    let path = std::path::absolute(path).step(&step)?;
    let name = path.file_name().ok_or_else(|| Error::new(format!("{step}: it names no file")))?;
    let new = path.with_file_name(format!(".{}", Path::new(name).display()));
    let mut file = File::create(&new).step(&step)?;
    file.write_all(pid.to_string().as_bytes()).and_then(|()| fs::rename(&new, &path)).step(&step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_alone_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        write(&path.display().to_string(), 77).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "77");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write("/no/such/folder/pid", 1).unwrap_err().to_string().starts_with("write the pid file"));
    }
}
