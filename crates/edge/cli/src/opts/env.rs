//! Environment variables: `--env` and `--env-file`.

use std::path::Path;

/// Checks one `--env`.
pub fn check(value: &str) -> Result<(), String> {
    match value.split('=').next() {
        None | Some("") => Err(format!("invalid environment variable: {value}")),
        Some(_) => Ok(()),
    }
}

/// One `--env` as the API takes it: a bare name gets this process's value, or stays bare where there is none.
pub fn resolve(value: &str) -> String {
    if value.contains('=') {
        return value.into();
    }
    match std::env::var_os(value) {
        Some(found) => format!("{value}={}", found.to_string_lossy()),
        None => value.into(),
    }
}

/// The variables of `files`, then those of `values`.
pub fn collect(files: &[String], values: &[String]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for file in files {
        all.extend(read_file(file, "env file", true)?);
    }
    all.extend(values.iter().map(|value| resolve(value)));
    Ok(all)
}

/// Reads a file of `name=value` lines; blank lines and comments are skipped. With `inherit` a bare name takes this
/// process's value; one that has none is left out.
pub fn read_file(file: &str, kind: &str, inherit: bool) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(file).map_err(|error| crate::exit::go_error("open", Path::new(file), &error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut found = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| {
            format!("invalid {kind} ({file}): invalid utf8 bytes at line {}: {}", index + 1, go_bytes(line))
        })?;
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        if name.contains(char::is_whitespace) {
            return Err(format!("invalid {kind} ({file}): variable '{name}' contains whitespaces"));
        }
        if name.is_empty() {
            return Err(format!("invalid {kind} ({file}): no variable name on line '{text}'"));
        }
        match (value, std::env::var_os(name)) {
            (Some(value), _) => found.push(format!("{name}={value}")),
            (None, Some(value)) if inherit => found.push(format!("{name}={}", value.to_string_lossy())),
            _ => {}
        }
    }
    Ok(found)
}

fn go_bytes(line: &[u8]) -> String {
    let numbers: Vec<String> = line.iter().map(u8::to_string).collect();
    format!("[{}]", numbers.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, bytes).unwrap();
        let path = path.display().to_string();
        read_file(&path, "env file", true).map_err(|error| error.replace(&path, "F"))
    }

    #[test]
    fn files_are_read_line_by_line() {
        assert_eq!(file(b"# c\n\n  A=1 \r\nB=x=y\nGANTRY_TEST_UNSET\n").unwrap(), ["A=1 ", "B=x=y"]);
        assert_eq!(file(b"\xef\xbb\xbfA=1").unwrap(), ["A=1"]);
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(file(b"A B=c\n").unwrap_err(), "invalid env file (F): variable 'A B' contains whitespaces");
        assert_eq!(file(b"=c\n").unwrap_err(), "invalid env file (F): no variable name on line '=c'");
        assert_eq!(file(b"A=\xff\n").unwrap_err(), "invalid env file (F): invalid utf8 bytes at line 1: [65 61 255]");
        assert_eq!(collect(&["/nope".into()], &[]).unwrap_err(), "open /nope: no such file or directory");
        assert_eq!(check("=x").unwrap_err(), "invalid environment variable: =x");
        assert_eq!(check("").unwrap_err(), "invalid environment variable: ");
    }

    #[test]
    fn bare_names_take_this_processes_value() {
        assert_eq!(resolve("GANTRY_TEST_UNSET"), "GANTRY_TEST_UNSET");
        assert!(resolve("PATH").starts_with("PATH="));
        assert_eq!(resolve("A=b"), "A=b");
    }
}
