//! What all prunes share: the question before, the filters, and the report after.

use crate::exit::Exit;
use crate::flag::{Flag, Kind, Matches};
use crate::opts::filter;
use crate::session::Session;
use crate::stream::{out, visible};
use api::filters::Filters;
use client::{Client, Query, Request};
use serde::de::DeserializeOwned;

/// `--force`.
pub const FORCE: Flag = Flag::new("force", Kind::Bool, "Do not prompt for confirmation").short('f');

/// What one prune did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// A heading and a line for each object; empty where nothing went.
    pub text: String,
    /// Bytes.
    pub bytes: u64,
}

impl Pruned {
    /// A report of objects below a heading.
    pub fn list(heading: &str, lines: Vec<String>, bytes: u64) -> Pruned {
        let text = match lines.is_empty() {
            true => String::new(),
            false => format!("{heading}:\n{}\n", lines.join("\n")),
        };
        Pruned { text, bytes }
    }

    /// Prints the objects and an empty line.
    pub fn print(&self) -> Result<(), Exit> {
        match self.text.is_empty() {
            true => Ok(()),
            false => out::line(&visible::on_terminal(&self.text, rustix::stdio::stdout())),
        }
    }
}

/// Prints how much room there is now.
pub fn print_total(bytes: u64) -> Result<(), Exit> {
    out::line(&format!("Total reclaimed space: {}", human::decimal_size(bytes as f64)))
}

/// The filters of the command line and those of the configuration.
pub fn filters(session: &Session, matches: &Matches) -> Filters {
    merge(filter::read(&matches.list("filter")), &session.config().prune_filters)
}

/// Adds what is configured. A label for which the command line says the opposite is left out.
fn merge(mut filters: Filters, configured: &[String]) -> Filters {
    for text in configured {
        let Some((name, value)) = text.split_once('=') else { continue };
        let opposite = match name {
            "label" => "label!",
            "label!" => "label",
            _ => "",
        };
        if !filters.get(opposite).iter().any(|known| known == value) {
            filters.add(name, value);
        }
    }
    filters
}

/// Asks whether to go on. Only `y` is a yes.
pub fn is_confirmed(warning: &str) -> Result<bool, Exit> {
    out::print(&format!("{warning}\nAre you sure you want to continue? [y/N] "))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    answer.trim().eq_ignore_ascii_case("y")
}

/// Has the daemon prune one kind of objects.
pub async fn prune<T: DeserializeOwned>(client: &Client, kind: &str, filters: &Filters) -> Result<T, client::Error> {
    let query = Query::new().some("filters", filters.to_query().as_deref());
    client.send(Request::post(format!("/{kind}/prune")).query(query)).await?.json().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_a_heading_or_are_empty() {
        let report = Pruned::list("Deleted Networks", vec!["n2".into(), "n1".into()], 0);
        assert_eq!(report.text, "Deleted Networks:\nn2\nn1\n");
        assert_eq!(Pruned::list("Deleted Networks", vec![], 0).text, "");
    }

    #[test]
    fn only_y_is_yes() {
        assert!(is_yes(" y\n") && is_yes("Y"));
        assert!(!is_yes("yes\n") && !is_yes("") && !is_yes("n"));
    }

    #[test]
    fn the_command_line_wins_over_the_configuration() {
        let configured = ["label=keep", "label!=b", "until=1h", "foo"].map(String::from);
        let mut given = Filters::default();
        given.add("label", "b");
        let merged = merge(given, &configured);
        assert_eq!(merged.get("label"), ["b", "keep"]);
        assert!(merged.get("label!").is_empty());
        assert_eq!(merged.get("until"), ["1h"]);
    }
}
