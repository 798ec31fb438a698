//! The `filters` of lists, prunes and events.

use std::collections::BTreeMap;

use serde_json::Value;

/// Filters by name, each with the values of which one must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<String, Vec<String>>);

/// The text is not a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedFilters;

impl std::fmt::Display for MalformedFilters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("invalid filter")
    }
}

impl std::error::Error for MalformedFilters {}

impl Filters {
    /// Reads the query's value: a map of lists, or a map of maps to booleans (what clients since 1.22 send); empty
    /// text is no filter.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, MalformedFilters> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let Ok(Value::Object(map)) = serde_json::from_str(text) else { return Err(MalformedFilters) };
        map.into_iter().map(|(name, values)| Ok((name, values_of(values)?))).collect::<Result<_, _>>().map(Self)
    }

    /// Adds a value.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.entry(name.into()).or_default().push(value.into());
    }

    /// The values of one filter; empty where it is not given.
    pub fn get(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing is filtered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the filters given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The query's value, in the form that every version reads; `None` for no filter.
    pub fn to_query(&self) -> Option<String> {
        let map = |values: &Vec<String>| values.iter().map(|value| (value.clone(), Value::Bool(true))).collect();
        let all: serde_json::Map<_, _> =
            self.0.iter().map(|(name, values)| (name.clone(), Value::Object(map(values)))).collect();
        (!all.is_empty()).then(|| Value::Object(all).to_string())
    }
}

fn values_of(values: Value) -> Result<Vec<String>, MalformedFilters> {
    match values {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => list.into_iter().map(text_of).collect(),
        Value::Object(map) => map.into_iter().filter_map(chosen).collect(),
        _ => Err(MalformedFilters),
    }
}

fn text_of(value: Value) -> Result<String, MalformedFilters> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(MalformedFilters),
    }
}

/// `"value": true`; Docker counts a value as given whatever its boolean is.
fn chosen((text, flag): (String, Value)) -> Option<Result<String, MalformedFilters>> {
    Some(flag.is_boolean().then_some(text).ok_or(MalformedFilters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for text in [r#"{"label":["a","b"]}"#, r#"{"label":{"a":true,"b":true}}"#] {
            assert_eq!(Filters::parse(text).unwrap().get("label"), ["a", "b"], "{text}");
        }
        assert!(Filters::parse("").unwrap().is_empty());
        assert!(Filters::parse("{}").unwrap().is_empty());
        for bad in ["x", "[]", r#"{"a":1}"#, r#"{"a":[1]}"#, r#"{"a":{"b":1}}"#] {
            assert_eq!(Filters::parse(bad), Err(MalformedFilters), "{bad}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut filters = Filters::default();
        assert_eq!(filters.to_query(), None);
        filters.add("label", "a=1");
        filters.add("label", "b");
        assert_eq!(Filters::parse(&filters.to_query().unwrap()).unwrap(), filters);
    }
}
