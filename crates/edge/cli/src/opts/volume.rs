//! `--volume` and `--tmpfs`.

use std::path::{Component, PathBuf};

/// What a `--volume` asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Volume {
    /// A new volume at this path.
    Anonymous(String),
    /// A bind mount or a named volume, as the API takes it.
    Bind(String),
}

/// Reads `[source:]target[:options]`.
pub fn read(value: &str) -> Result<Volume, String> {
    if value.is_empty() {
        return Err("invalid empty volume spec".into());
    }
    let parts: Vec<&str> = value.split(':').collect();
    match parts.as_slice() {
        [target] => Ok(Volume::Anonymous((*target).into())),
        [source, rest @ ..] if rest.len() <= 2 => {
            let source = if is_relative(source) { absolute(source) } else { (*source).into() };
            Ok(Volume::Bind(format!("{source}:{}", rest.join(":"))))
        }
        _ => Err(format!("invalid spec: {value}: too many colons")),
    }
}

/// A source that begins with a dot is a path below the working directory; other bare words are names of volumes.
fn is_relative(source: &str) -> bool {
    source == "." || source == ".." || source.starts_with("./") || source.starts_with("../") || source.starts_with('.')
}

/// The path from the root, without `.` and `..`.
pub fn absolute(path: &str) -> String {
    let base = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let mut clean = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean.display().to_string()
}

/// Reads `path[:options]`.
pub fn tmpfs(value: &str) -> (String, String) {
    let (path, options) = value.split_once(':').unwrap_or((value, ""));
    (path.into(), options.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_read() {
        assert_eq!(read("/data"), Ok(Volume::Anonymous("/data".into())));
        assert_eq!(read("a:/b:ro"), Ok(Volume::Bind("a:/b:ro".into())));
        let here = std::env::current_dir().unwrap();
        assert_eq!(read("./x/../y:/b"), Ok(Volume::Bind(format!("{}:/b", here.join("y").display()))));
        assert_eq!(tmpfs("/x:size=1m"), ("/x".into(), "size=1m".into()));
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(read("/a:/b:zz:q").unwrap_err(), "invalid spec: /a:/b:zz:q: too many colons");
        assert_eq!(read("").unwrap_err(), "invalid empty volume spec");
    }
}
