//! Small C programs for inside a container: what no shell can do.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Compiles one statically; gives the program's bytes.
pub fn compile(source: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("make a folder");
    let program = folder.path().join("program");
    let mut command = Command::new("cc");
    command.args(["-O1", "-static", "-o"]).arg(&program).arg(source);
    let status = command.status().unwrap_or_else(|error| panic!("cc: {error}; this test needs a C compiler"));
    assert!(status.success(), "cc {}: {status}", source.display());
    fs::read(program).expect("read the program")
}

/// A source beside these tests.
pub fn source(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/security").join(name)
}
