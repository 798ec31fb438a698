//! `context ls`.

use super::{DEFAULT, DEFAULT_DESCRIPTION, store, warn_of_host};
use crate::command::container::ls::ellipsis;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Column, Format, List, Row, Value};
use crate::opts::text;
use crate::session::Session;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "List contexts",
    aliases: &["context ls", "context list"],
    args: Args::None,
    flags: &[
        Flag::new("format", Kind::Str, text::FORMAT_TABLE),
        Flag::new("quiet", Kind::Bool, "Only show context names").short('q'),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

const COLUMNS: &[Column] = &[
    Column::new("Name", "NAME"),
    Column::new("Current", ""),
    Column::new("Description", "DESCRIPTION"),
    Column::new("DockerEndpoint", "DOCKER ENDPOINT"),
    Column::new("Error", "ERROR"),
];

const TABLE: &str = "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}";

/// How much of an error is shown, in characters.
const ERROR_WIDTH: usize = 45;

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let (session, matches) = (&invocation.session, &invocation.matches);
    let quiet = matches.bool("quiet");
    let format = Format::choose(matches.str("format"), "", quiet);
    let format = if quiet && format.is_plain_table() { Format::choose("{{.Name}}", "", false) } else { format };
    let rows = rows(session)?;
    let list = List { format: &format, table: TABLE, columns: COLUMNS };
    out::print(&list.render(rows)?)?;
    warn_of_host("a context");
    Ok(())
}

fn rows(session: &Session) -> Result<Vec<Value>, Exit> {
    let (current, store) = (session.context_name()?, store(session));
    let row = |name: &str, description: &str, host: &str, error: &str| {
        let fields = vec![
            ("Current", Value::Bool(name == current)),
            ("Description", Value::from(description)),
            ("DockerEndpoint", Value::from(host)),
            ("Error", Value::from(&*ellipsis(error, ERROR_WIDTH))),
            ("Name", Value::from(name)),
        ];
        (name.to_owned(), Row { type_name: "*formatter.clientContextContext", fields, labels: None }.value())
    };
    let mut rows = vec![match session.default_choice() {
        Ok(choice) => row(DEFAULT, DEFAULT_DESCRIPTION, &choice.endpoint.to_string(), ""),
        Err(exit) => row(DEFAULT, DEFAULT_DESCRIPTION, "", &exit.message),
    }];
    rows.extend(store.list()?.iter().map(|meta| row(&meta.name, meta.description(), meta.host(), "")));
    if !rows.iter().any(|(name, _)| *name == current)
        && let Err(error) = store.load(&current)
    {
        rows.push(row(&current, "", "", &error.to_string()));
    }
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
