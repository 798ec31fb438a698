//! criu's log, which says more than its answers.

use std::fs;
use std::path::Path;

/// Last bytes of a log that are looked at: what goes wrong is at its end.
const TAIL: usize = 64 << 10;

/// How many errors are told.
const MOST: usize = 3;

/// The last errors, the first of them first, without times: early ones often are of no matter, and the last one says that
/// there were others.
pub fn last_errors(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(TAIL)..]).into_owned();
    let errors = text.lines().filter_map(|line| Some(line.split_once("Error ")?.1.trim()));
    let errors: Vec<&str> = errors.filter(|line| !line.ends_with("FAILED.")).collect();
    let told = errors[errors.len().saturating_sub(MOST)..].join("; ");
    Some(told).filter(|told| !told.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_errors_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dump.log");
        assert_eq!(last_errors(&file), None);
        let lines = ["(00.1) fine", "(00.2) Error (criu/tty.c:1): no peer", "(00.3) Error (x): failed with -1"];
        fs::write(&file, lines.join("\n") + "\n(00.4) Error (y): Dumping FAILED.\n").unwrap();
        assert_eq!(last_errors(&file).unwrap(), "(criu/tty.c:1): no peer; (x): failed with -1");
        fs::write(&file, "(00.1) fine\n").unwrap();
        assert_eq!(last_errors(&file), None);
    }
}
