//! A table of figures in Markdown: `median (minimum)`, and how many times ours is better.

use std::fmt;

use crate::samples::Samples;

/// What is asked of a row.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// The incumbent's figure is at least so many times ours.
    Times(f64),
    /// Ours is at most this.
    AtMost(f64),
}

/// A table. Its first column is ours; the last one is the incumbent.
#[derive(Debug)]
pub struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    label: String,
    cells: Vec<Option<Samples>>,
    bar: Option<Bar>,
}

impl Table {
    /// An empty table.
    pub fn new<T: Into<String>>(title: &str, columns: impl IntoIterator<Item = T>) -> Self {
        Self { title: title.to_owned(), columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub fn row(&mut self, label: impl Into<String>, cells: Vec<Samples>) {
        self.add(label, cells.into_iter().map(Some).collect(), None);
    }

    /// Adds a row that has to clear a bar.
    pub fn row_with_bar(&mut self, label: impl Into<String>, cells: Vec<Samples>, bar: Bar) {
        self.add(label, cells.into_iter().map(Some).collect(), Some(bar));
    }

    /// Adds a row in which cells may be empty.
    pub fn add(&mut self, label: impl Into<String>, cells: Vec<Option<Samples>>, bar: Option<Bar>) {
        self.rows.push(Row { label: label.into(), cells, bar });
    }
}

impl Row {
    /// The incumbent's medians and minima by ours.
    fn ratio(&self) -> Option<(f64, f64)> {
        let (ours, theirs) = (self.cells.first()?.as_ref()?, self.cells.last()?.as_ref()?);
        let ratio = (theirs.median()? / ours.median()?, theirs.min()? / ours.min()?);
        (self.cells.len() > 1).then_some(ratio)
    }

    fn verdict(&self) -> Option<String> {
        let said = |bar: String, met: bool| format!("{bar}: {}", if met { "met" } else { "**missed**" });
        match self.bar? {
            Bar::Times(times) => Some(said(format!("≥ {times}×"), self.ratio()?.0 >= times)),
            Bar::AtMost(most) => Some(said(format!("≤ {most}"), self.cells.first()?.as_ref()?.median()? <= most)),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| | {} | ratio | bar |", self.columns.join(" | "))?;
        writeln!(f, "|---|{}---:|---|", "---:|".repeat(self.columns.len()))?;
        for row in &self.rows {
            let cells: Vec<String> =
                row.cells.iter().map(|cell| cell.as_ref().map_or_else(String::new, cell_text)).collect();
            let ratio = row.ratio().map_or_else(String::new, |(median, min)| {
                if row.cells.iter().flatten().all(|cell| cell.median() == cell.min()) {
                    format!("{}×", number(median))
                } else {
                    format!("{}× ({}×)", number(median), number(min))
                }
            });
            writeln!(f, "| {} | {} | {ratio} | {} |", row.label, cells.join(" | "), row.verdict().unwrap_or_default())?;
        }
        Ok(())
    }
}

fn cell_text(samples: &Samples) -> String {
    match (samples.median(), samples.min()) {
        (Some(median), Some(min)) if median == min => number(median),
        (Some(median), Some(min)) => format!("{} ({})", number(median), number(min)),
        _ => String::new(),
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_medians_minima_ratios_and_the_verdict() {
        let mut table = Table::new("Run", ["gantry", "docker.io"]);
        let cells = || vec![[20.0, 22.0, 30.0].into_iter().collect(), [275.0, 264.0, 300.0].into_iter().collect()];
        table.row_with_bar("run", cells(), Bar::Times(8.0));
        table.row_with_bar("pss", vec![3.0.into(), 4.0.into()], Bar::AtMost(1.0));
        table.add("floor", vec![Some(1.5.into()), None], None);
        let text = table.to_string();
        assert!(text.contains("| run | 22.0 (20.0) | 275 (264) | 12.5× (13.2×) | ≥ 8×: met |"), "{text}");
        assert!(text.contains("| pss | 3.00 | 4.00 | 1.33× | ≤ 1: **missed** |"), "{text}");
        assert!(text.contains("| floor | 1.50 |  |  |  |"), "{text}");
    }
}
