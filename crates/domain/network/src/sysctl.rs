//! Kernel settings of the calling thread's network namespace, below `/proc/sys/net`.

use std::io;

use fault::{Result, Step};

/// Reads a setting: `ipv4/ip_forward`.
pub fn read(name: &str) -> Result<String> {
    let text = std::fs::read_to_string(path(name)).step(format!("read net/{name}"))?;
    Ok(text.trim().to_owned())
}

/// Writes a setting, unless it has the value already: where `/proc/sys` is read-only it may have been prepared.
pub fn write(name: &str, value: &str) -> Result<()> {
    set(name, value).step(format!("set net/{name} to {value}"))
}

/// As [`write()`], for a setting that a kernel without its feature (IPv6 switched off) does not have.
pub fn write_if_there(name: &str, value: &str) -> Result<()> {
    match set(name, value) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.step(format!("set net/{name} to {value}")),
    }
}

fn set(name: &str, value: &str) -> io::Result<()> {
    let path = path(name);
    if std::fs::read_to_string(&path)?.trim() == value {
        return Ok(());
    }
    std::fs::write(path, value)
}

/// A `.` in a link's name would be no trouble here: unlike sysctl(8), the path keeps it apart.
fn path(name: &str) -> String {
    format!("/proc/sys/net/{name}")
}
