//! Which devices a container may use.

use oci::runtime::{DeviceRule, Resources};

use crate::Error;

/// One rule, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Whether access is given.
    pub allow: bool,
    /// `a`, `b` or `c`.
    pub kind: char,
    /// All where absent.
    pub major: Option<u32>,
    /// All where absent.
    pub minor: Option<u32>,
    /// Of `rwm`.
    pub access: String,
}

/// What every container needs: making any node, and opening the harmless ones. As in runc's `specconv.AllowedDevices`.
const DEFAULTS: [(char, Option<u32>, Option<u32>, &str); 10] = [
    ('c', None, None, "m"),
    ('b', None, None, "m"),
    ('c', Some(1), Some(3), "rwm"),
    ('c', Some(1), Some(5), "rwm"),
    ('c', Some(1), Some(7), "rwm"),
    ('c', Some(1), Some(8), "rwm"),
    ('c', Some(1), Some(9), "rwm"),
    ('c', Some(5), Some(0), "rwm"),
    ('c', Some(5), Some(2), "rwm"),
    ('c', Some(136), None, "rwm"),
];

/// The rules to apply, in order, each once. Without any in the specification nothing is restricted.
pub(crate) fn rules(resources: &Resources) -> Result<Vec<Rule>, Error> {
    let mut rules = Vec::new();
    for rule in &resources.devices {
        let rule = Rule::check(rule)?;
        if rule.is_everything() {
            rules.clear();
        }
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    if rules.iter().any(|rule| !rule.allow) {
        rules.extend(DEFAULTS.iter().map(Rule::default_rule).filter(|rule| !rules.contains(rule)).collect::<Vec<_>>());
    }
    Ok(rules)
}

impl Rule {
    fn check(rule: &DeviceRule) -> Result<Self, Error> {
        let invalid = |reason: String| Error::Invalid { limit: "device rule", reason };
        let kind = match rule.kind.as_deref() {
            None | Some("" | "a") => 'a',
            Some("c" | "u") => 'c',
            Some("b") => 'b',
            Some(kind) => return Err(invalid(format!("type `{kind}` is none of a, b, c"))),
        };
        let number = |value: Option<i64>| match value {
            None | Some(-1) => Ok(None),
            Some(value) => {
                u32::try_from(value).map(Some).map_err(|_| invalid(format!("number {value} is no device's")))
            }
        };
        let access = rule.access.clone().filter(|access| !access.is_empty()).unwrap_or_else(|| "rwm".to_owned());
        if !access.chars().all(|letter| "rwm".contains(letter)) {
            return Err(invalid(format!("access `{access}` is not made of r, w, m")));
        }
        Ok(Self { allow: rule.allow, kind, major: number(rule.major)?, minor: number(rule.minor)?, access })
    }

    fn default_rule(&(kind, major, minor, access): &(char, Option<u32>, Option<u32>, &str)) -> Self {
        Self { allow: true, kind, major, minor, access: access.to_owned() }
    }

    /// Whether it decides about every device, so that what came before has no meaning.
    pub fn is_everything(&self) -> bool {
        self.kind == 'a'
            && self.major.is_none()
            && self.minor.is_none()
            && "rwm".chars().all(|x| self.access.contains(x))
    }

    /// The line for `devices.allow` or `devices.deny`.
    pub fn v1_text(&self) -> String {
        let number = |number: Option<u32>| number.map_or("*".to_owned(), |number| number.to_string());
        if self.is_everything() {
            return "a".to_owned();
        }
        format!("{} {}:{} {}", self.kind, number(self.major), number(self.minor), self.access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(allow: bool, kind: Option<&str>, major: Option<i64>, access: Option<&str>) -> DeviceRule {
        let (kind, access) = (kind.map(str::to_owned), access.map(str::to_owned));
        DeviceRule { allow, kind, major, minor: None, access }
    }

    fn texts(devices: Vec<DeviceRule>) -> Vec<String> {
        let rules = rules(&Resources { devices, ..Resources::default() }).unwrap();
        rules.iter().map(|rule| format!("{}{}", if rule.allow { '+' } else { '-' }, rule.v1_text())).collect()
    }

    #[test]
    fn denying_all_brings_the_defaults_and_allowing_all_brings_nothing_else() {
        assert_eq!(texts(vec![]), [""; 0]);
        let deny = rule(false, None, None, Some("rwm"));
        let texts_of_default = texts(vec![deny.clone(), rule(true, Some("c"), None, Some("m"))]);
        assert_eq!(texts_of_default[..2], ["-a", "+c *:* m"]);
        assert_eq!(texts_of_default.len(), 11);
        assert_eq!(texts(vec![deny, rule(true, Some("a"), None, None)]), ["+a"]);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in
            [rule(true, Some("x"), None, None), rule(true, None, Some(-5), None), rule(true, None, None, Some("q"))]
        {
            assert!(rules(&Resources { devices: vec![bad], ..Resources::default() }).is_err());
        }
    }
}
