//! The labels and variables of a container that go with its records.

use std::collections::BTreeMap;

use fault::Result;
use regex::Regex;

use crate::options::{Options, refused, text};

/// The options `labels`, `labels-regex`, `env` and `env-regex`.
#[derive(Clone, Debug)]
pub struct Attributes {
    labels: Choice,
    variables: Choice,
}

#[derive(Clone, Debug)]
struct Choice {
    names: Vec<String>,
    pattern: Option<Regex>,
}

impl Choice {
    fn parse(options: &Options, name: &str) -> Result<Self> {
        let names = text(options, name).map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default();
        let pattern = text(options, &format!("{name}-regex")).map(compile).transpose()?;
        Ok(Self { names, pattern })
    }

    fn takes(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name) || self.pattern.as_ref().is_some_and(|found| found.is_match(name))
    }
}

fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|error| {
        // The last line of the message has the reason; those before it show the place.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        refused(format!("error parsing regexp: {reason}: `{pattern}`"))
    })
}

impl Attributes {
    /// Reads the options.
    pub fn parse(options: &Options) -> Result<Self> {
        Ok(Self { labels: Choice::parse(options, "labels")?, variables: Choice::parse(options, "env")? })
    }

    /// What a container has of it. A variable hides the label of its name.
    pub fn of(&self, labels: &BTreeMap<String, String>, env: &[String]) -> BTreeMap<String, String> {
        let labels = labels.iter().filter(|(name, _)| self.labels.takes(name));
        let labels = labels.map(|(name, value)| (name.clone(), value.clone()));
        let variables = env.iter().filter_map(|entry| entry.split_once('='));
        let variables = variables.filter(|(name, _)| self.variables.takes(name));
        labels.chain(variables.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(pairs: &[(&str, &str)]) -> Result<String> {
        let options = pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let labels = [("com.a", "1"), ("com.b", "2"), ("same", "label")];
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let env = ["A=x".to_owned(), "AB=y=z".into(), "same=variable".into(), "bare".into()];
        let found = Attributes::parse(&options)?.of(&labels, &env);
        Ok(found.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn by_name_and_by_pattern() {
        assert_eq!(chosen(&[]).unwrap(), "");
        assert_eq!(chosen(&[("labels", "com.a,nope, com.b"), ("env", "AB,bare")]).unwrap(), "AB:y=z com.a:1");
        assert_eq!(chosen(&[("labels-regex", "^com"), ("env-regex", "A$")]).unwrap(), "A:x com.a:1 com.b:2");
        assert_eq!(chosen(&[("labels", "same"), ("env", "same")]).unwrap(), "same:variable");
        let fault = chosen(&[("labels-regex", "(")]).unwrap_err();
        assert!(fault.message().starts_with("failed to initialize logging driver: error parsing regexp: "), "{fault}");
        assert!(fault.message().ends_with(": `(`"), "{fault}");
    }
}
