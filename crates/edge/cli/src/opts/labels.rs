//! Labels: `--label` and `--label-file`.

use std::collections::BTreeMap;

/// Checks one `--label`.
pub fn check(value: &str) -> Result<(), String> {
    match value.split('=').next().map(str::trim) {
        None | Some("") => Err(format!("invalid label '{value}': empty name")),
        Some(_) => Ok(()),
    }
}

/// The labels of `files`, then those of `values`.
pub fn collect(files: &[String], values: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut all = Vec::new();
    for file in files {
        all.extend(super::env::read_file(file, "label file", false)?);
    }
    all.extend(values.iter().cloned());
    Ok(map(&all))
}

/// `name=value` texts as a map; the last one of a name counts.
pub fn map(values: &[String]) -> BTreeMap<String, String> {
    values
        .iter()
        .map(|value| value.split_once('=').unwrap_or((value, "")))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_need_a_name_only() {
        assert_eq!(check("").unwrap_err(), "invalid label '': empty name");
        assert_eq!(check("=x").unwrap_err(), "invalid label '=x': empty name");
        let labels = collect(&[], &["a".into(), "b=c=d".into(), "a=2".into()]).unwrap();
        assert_eq!(labels, [("a".to_string(), "2".to_string()), ("b".into(), "c=d".into())].into());
        assert_eq!(collect(&["/nope".into()], &[]).unwrap_err(), "open /nope: no such file or directory");
    }
}
