//! Programs that live in memory and that nobody can change: memfd_create(2), file seals of fcntl(2).

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;

/// Puts `bytes` into an executable file in memory that can never be written, grown or shrunk again.
///
/// A container that gets hold of it (`/proc/self/exe` of a process entering the container, CVE-2019-5736) can read it
/// and no more. `name` only shows in `/proc/<pid>/exe`. The descriptor is close-on-exec.
pub fn sealed(bytes: &[u8], name: &CStr) -> io::Result<OwnedFd> {
    let fd = create(name)?;
    rustix::fs::ftruncate(&fd, bytes.len() as u64)?;
    write_all(&fd, bytes)?;
    fcntl_add_seals(&fd, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(fd)
}

/// `MFD_EXEC` came with Linux 6.3; older kernels refuse it, and need nothing of the kind.
fn create(name: &CStr) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(name, flags | MemfdFlags::EXEC) {
        Err(Errno::INVAL) => Ok(memfd_create(name, flags)?),
        result => Ok(result?),
    }
}

fn write_all(fd: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(written) => bytes = &bytes[written..],
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, OpenOptions};
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;

    #[test]
    fn nobody_can_write_it_even_through_proc() {
        let fd = sealed(b"#!/bin/true\n", c"test").unwrap();
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let mut again = OpenOptions::new().write(true).open(&path).unwrap();
        assert_eq!(again.write(b"x").unwrap_err().raw_os_error(), Some(Errno::PERM.raw_os_error()));
        assert!(again.set_len(0).is_err());
        let mut text = String::new();
        File::open(&path).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "#!/bin/true\n");
    }
}
