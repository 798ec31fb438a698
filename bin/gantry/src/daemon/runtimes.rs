//! Runtimes besides the built-in one: `--add-runtime name=path`, and the table `runtimes` of the configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use shim_proto::Program;

/// The one that is there without being named, where it is installed.
const KNOWN: &str = "crun";

/// A runtime in the configuration file, with Docker's keys.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    path: String,
    #[serde(default)]
    runtime_args: Vec<String>,
    #[serde(default)]
    runtime_type: String,
}

/// Reads the table: `name=path` from the command line, `name={…}` from the file.
pub fn read(given: &[String]) -> Result<BTreeMap<String, Program>, String> {
    let mut all = BTreeMap::new();
    if let Some(path) = find(KNOWN) {
        all.insert(KNOWN.to_owned(), Program { path, args: Vec::new() });
    }
    for text in given {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("invalid runtime {text:?}: name=path is wanted"))?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
            return Err(format!("invalid runtime name {name:?}"));
        }
        all.insert(name.to_owned(), program(name, value.trim())?);
    }
    Ok(all)
}

fn program(name: &str, value: &str) -> Result<Program, String> {
    if !value.starts_with('{') {
        return located(name, value, Vec::new());
    }
    let entry: Entry = serde_json::from_str(value).map_err(|error| format!("runtime {name:?}: {error}"))?;
    if !entry.runtime_type.is_empty() {
        let kind = entry.runtime_type;
        return Err(format!(
            "runtime {name:?}: runtimeType {kind:?} is containerd's, which has no part here: give a path"
        ));
    }
    located(name, &entry.path, entry.runtime_args)
}

/// A bare name is looked for now: the daemon's PATH is not the shim's.
fn located(name: &str, path: &str, args: Vec<String>) -> Result<Program, String> {
    let found = if path.contains('/') { std::path::absolute(path).ok() } else { find(path) };
    found.map(|path| Program { path, args }).ok_or_else(|| format!("runtime {name:?}: program {path:?} is not found"))
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| !name.is_empty() && file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_tables_name_programs() {
        let given = ["a=/usr/bin/a".to_owned(), r#"b={"path":"sh","runtimeArgs":["--x"]}"#.to_owned()];
        let all = read(&given).unwrap();
        assert_eq!(all["a"], Program { path: "/usr/bin/a".into(), args: vec![] });
        assert!(all["b"].path.ends_with("sh") && all["b"].path.is_absolute());
        assert_eq!(all["b"].args, ["--x"]);
    }

    #[test]
    fn nonsense_is_named() {
        let refusal = |text: &str| read(&[text.to_owned()]).unwrap_err();
        assert!(refusal("a").contains("name=path"));
        assert!(refusal("a b=/x").contains("invalid runtime name"));
        assert!(refusal("a=no-such-program").contains("not found"));
        assert!(refusal("a={").contains("runtime \"a\""));
        assert!(refusal(r#"a={"runtimeType":"io.containerd.kata.v2"}"#).contains("containerd"));
    }
}
