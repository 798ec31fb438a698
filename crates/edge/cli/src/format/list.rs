//! Lists: a format, columns, rows.

use super::record::{Column, header};
use super::{Template, Value};
use crate::exit::Exit;
use crate::stream::terminal;
use human::Table;

/// A format as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format(String);

impl Format {
    /// `--format`, else the configured one, else `table`. With `--quiet` a table becomes `quiet`.
    pub fn choose(flag: &str, configured: &str, quiet: bool) -> Format {
        let chosen = match (flag, configured) {
            ("", "") => "table",
            ("", configured) if !quiet => configured,
            ("", _) => "table",
            (flag, _) => flag,
        };
        Format(chosen.into())
    }

    /// Whether it is the plain table.
    pub fn is_plain_table(&self) -> bool {
        self.0 == "table"
    }

    /// Whether it is `raw`.
    pub fn is_raw(&self) -> bool {
        self.0 == "raw"
    }

    /// Whether the text of the template has `name`, so that the value must be asked for.
    pub fn mentions(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether it is exactly `json`.
    pub fn is_json(&self) -> bool {
        self.0 == "json"
    }

    /// The template, for commands that run it once for everything.
    pub fn source(&self) -> String {
        self.parts("").1
    }

    /// The table's template, and what follows it.
    fn parts(&self, default: &str) -> (bool, String) {
        match self.0.strip_prefix("table") {
            Some("") => (true, default.into()),
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric()) => (true, unescaped(rest.trim_matches(' '))),
            _ if self.is_json() => (false, "{{json .}}".into()),
            _ => (false, unescaped(self.0.trim_matches(' '))),
        }
    }
}

/// A shell passes `\t` as two characters.
fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

/// What errors of most lists begin with.
const ERRORS: [&str; 2] = ["template parsing error"; 2];

/// A list ready to be printed.
pub struct List<'a> {
    /// The format.
    pub format: &'a Format,
    /// The template of the plain table.
    pub table: &'a str,
    /// The columns.
    pub columns: &'a [Column],
}

impl List<'_> {
    /// The list of `rows`, with control characters made visible on a terminal.
    pub fn render(&self, rows: impl IntoIterator<Item = Value>) -> Result<String, Exit> {
        self.render_for(rows, terminal::stdout_is_terminal(), ERRORS)
    }

    /// The same with other words in front of errors, when parsing and when executing.
    pub fn render_with(&self, rows: impl IntoIterator<Item = Value>, errors: [&str; 2]) -> Result<String, Exit> {
        self.render_for(rows, terminal::stdout_is_terminal(), errors)
    }

    fn render_for(
        &self,
        rows: impl IntoIterator<Item = Value>,
        on_terminal: bool,
        [parse, execute]: [&str; 2],
    ) -> Result<String, Exit> {
        let (is_table, source) = self.format.parts(self.table);
        let template = Template::parse(&source).map_err(|error| Exit::failure(format!("{parse}: {error}")))?;
        let failed = |error: String| Exit::failure(format!("{execute}: {error}"));
        let mut body = String::new();
        for row in rows {
            let row = if on_terminal { row.visible() } else { row };
            body += &template.run(&row).map_err(failed)?;
            body.push('\n');
        }
        if !is_table {
            return Ok(body);
        }
        let head = template.header(&header(self.columns)).map_err(failed)?;
        Ok(Table::LIST.align(&format!("{head}\n{body}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Row;

    const COLUMNS: &[Column] = &[Column::new("ID", "CONTAINER ID"), Column::new("Names", "NAMES")];

    fn render(format: &str, on_terminal: bool) -> Result<String, String> {
        let format = Format::choose(format, "", false);
        let list = List { format: &format, table: "{{.ID}}\t{{.Names}}", columns: COLUMNS };
        let labels = Some(vec![("a.foo-bar".to_string(), "x".to_string())]);
        let fields = vec![("ID", Value::from("8df8d85962f8")), ("Names", Value::from("we\u{1b}[2Jb"))];
        let row = Row { type_name: "*formatter.ContainerContext", fields, labels }.value();
        list.render_for([row], on_terminal, ERRORS).map_err(|exit| exit.message)
    }

    #[test]
    fn tables_have_headers_and_templates_have_none() {
        assert_eq!(render("", false).unwrap(), "CONTAINER ID   NAMES\n8df8d85962f8   we\u{1b}[2Jb\n");
        assert_eq!(
            render(r#"table {{.ID}}\t{{.Label "a.foo-bar"}} x"#, false).unwrap(),
            "CONTAINER ID   foo bar x\n8df8d85962f8   x x\n"
        );
        assert_eq!(render("{{upper .ID}}", false).unwrap(), "8DF8D85962F8\n");
        assert_eq!(render("json", true).unwrap(), "{\"ID\":\"8df8d85962f8\",\"Names\":\"we\\\\x1b[2Jb\"}\n");
    }

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert!(!render("", true).unwrap().contains('\u{1b}'));
    }

    #[test]
    fn errors_are_dockers() {
        assert_eq!(render("{{.Names", false).unwrap_err(), "template parsing error: template: :1: unclosed action");
        assert_eq!(
            render(r"table {{.ID}}\t{{.Nope}}", false).unwrap_err(),
            "template parsing error: template: :1:10: executing \"\" at <.Nope>: can't evaluate field Nope in type *formatter.ContainerContext"
        );
    }
}
