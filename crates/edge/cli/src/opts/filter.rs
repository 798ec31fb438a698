//! `--filter name=value`.

use api::filters::Filters;

/// Checks one filter. An empty one is none.
pub fn check(value: &str) -> Result<(), String> {
    if value.is_empty() || value.contains('=') {
        return Ok(());
    }
    Err("bad format of filter (expected name=value)".into())
}

/// The filters of a command line, for the query.
pub fn read(values: &[String]) -> Filters {
    let mut filters = Filters::default();
    for value in values {
        if let Some((name, value)) = value.split_once('=') {
            filters.add(name.trim().to_lowercase(), value.trim());
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowered_and_values_kept() {
        assert_eq!(read(&["Label=a=B".into(), " status = exited".into()]).get("label"), ["a=B"]);
        assert_eq!(check("x").unwrap_err(), "bad format of filter (expected name=value)");
        assert!(check("").is_ok());
    }
}
