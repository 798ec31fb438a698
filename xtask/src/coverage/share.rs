//! Counts by area, and their print.

use std::collections::BTreeMap;

/// What is there and what is not.
#[derive(Default)]
pub struct Report {
    areas: BTreeMap<String, Area>,
}

#[derive(Default)]
struct Area {
    there: usize,
    all: usize,
    missing: Vec<String>,
}

impl Report {
    /// Counts one; `name` is for the list of what is missing, which leaves out what has none.
    pub fn count(&mut self, area: &str, there: bool, name: impl FnOnce() -> String) {
        let area = self.areas.entry(area.to_owned()).or_default();
        area.all += 1;
        area.there += usize::from(there);
        if !there {
            area.missing.extend(Some(name()).filter(|name| !name.is_empty()));
        }
    }

    /// The whole, then a line for each area.
    pub fn print(&self, what: &str) -> String {
        let sum = |part: fn(&Area) -> usize| self.areas.values().map(part).sum::<usize>();
        let (there, all) = (sum(|area| area.there), sum(|area| area.all));
        let mut text = format!("{what}: {there} of {all} ({} %)\n", there * 100 / all.max(1));
        for (name, area) in &self.areas {
            let line = format!("  {name:<15} {} of {}", area.there, area.all);
            text += &match &area.missing[..] {
                [] => line,
                missing => format!("{line}   missing: {}", missing.join(", ")),
            };
            text.push('\n');
        }
        text.push('\n');
        text
    }
}
