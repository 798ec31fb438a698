//! Lists networks.

use api::filters::Filters;
use api::network::Network;
use fault::{Fault, Result};
use network::Network as Record;

use super::describe::{describe, driver};
use crate::inner::Inner;

const FILTERS: [&str; 7] = ["dangling", "driver", "id", "label", "name", "scope", "type"];

/// Lists them, without the containers in them.
pub fn list(engine: &Inner, filters: &Filters) -> Result<Vec<Network>> {
    check(filters)?;
    let wanted = engine.networks.list().iter().filter(|record| matches(record, filters));
    Ok(wanted.map(|record| describe(engine, record)).collect())
}

fn check(filters: &Filters) -> Result<()> {
    if let Some(name) = filters.names().find(|name| !FILTERS.contains(name)) {
        return Err(Fault::invalid(format!("invalid filter '{name}'")));
    }
    if let Some(kind) = filters.get("type").iter().find(|kind| !matches!(kind.as_str(), "builtin" | "custom")) {
        return Err(Fault::invalid(format!("invalid filter: 'type'='{kind}'")));
    }
    match filters.get("dangling").iter().find(|word| !matches!(word.as_str(), "true" | "false" | "1" | "0")) {
        Some(word) => Err(Fault::invalid(format!("invalid filter 'dangling=[{word}]'"))),
        None => Ok(()),
    }
}

/// All networks here are built in: none is dangling, none has labels.
fn matches(record: &Record, filters: &Filters) -> bool {
    filters.names().all(|name| {
        let wanted = filters.get(name);
        wanted.is_empty()
            || wanted.iter().any(|value| match name {
                "driver" => driver(record) == value,
                "id" => record.id.starts_with(value.as_str()),
                "name" => record.name.contains(value.as_str()),
                "scope" => value == "local",
                "type" => value == "builtin",
                "dangling" => matches!(value.as_str(), "false" | "0"),
                _ => false,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use network::Driver;

    fn filters(name: &str, value: &str) -> Filters {
        let mut filters = Filters::default();
        filters.add(name, value);
        filters
    }

    #[test]
    fn filters_choose_and_unknown_ones_are_refused() {
        let record = Record {
            id: "abc".into(),
            name: "none".into(),
            driver: Driver::Null,
            created_at: 0,
            bridge: None,
            made_bridge: false,
            subnet: None,
            gateway: None,
        };
        for (name, value) in [("driver", "null"), ("id", "ab"), ("name", "on"), ("scope", "local"), ("type", "builtin")]
        {
            assert!(matches(&record, &filters(name, value)), "{name}={value}");
        }
        for (name, value) in [("driver", "bridge"), ("label", "a"), ("dangling", "true"), ("scope", "swarm")] {
            assert!(!matches(&record, &filters(name, value)), "{name}={value}");
        }
        for (name, value) in [("bogus", "1"), ("type", "x"), ("dangling", "x")] {
            assert!(check(&filters(name, value)).is_err(), "{name}={value}");
        }
    }
}
