//! `list`: tells of all containers.

use std::os::unix::fs::MetadataExt as _;

use super::state::Told;
use super::{Command, ONE};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::flag::{switch, value};
use crate::global::Global;
use crate::parse::Parsed;
use crate::store;

pub const COMMAND: Command = Command {
    name: "list",
    about: "list the containers whose state is below --root",
    usage: "[command options]",
    flags: &[value("format", "table or json").or("f"), switch("quiet", "only the ids").or("q")],
    arguments: (0, 0),
    run: list,
    ..ONE
};

fn list(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let mut all = Vec::new();
    for id in store::list(&global.root)? {
        // One that went away meanwhile, or was never whole, is none.
        if let Ok(Some(record)) = store::read(&global.root, &id) {
            all.push((Container::of(global, record), owner(&global.root.join(&id))));
        }
    }
    if parsed.switch("quiet") {
        all.iter().for_each(|(container, _)| println!("{}", container.record.id));
        return Ok(0);
    }
    match parsed.value("format").unwrap_or("table") {
        "table" => print!("{}", table(&all)),
        "json" => {
            let told: Vec<_> = all.iter().map(|(container, owner)| Told::of(container, owner)).collect();
            println!("{}", serde_json::to_string(&told).step("write the list")?);
        }
        _ => return Err(Error::new("invalid format option")),
    }
    Ok(0)
}

fn table(all: &[(Container, String)]) -> String {
    let head = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"].map(str::to_owned);
    let row = |(container, owner): &(Container, String)| {
        let status = container.status();
        let record = &container.record;
        let bundle = record.gantry.bundle.display().to_string();
        let pid = container.pid(status).to_string();
        [record.id.clone(), pid, status.word().to_owned(), bundle, record.created.clone(), owner.clone()]
    };
    columns(&[head].into_iter().chain(all.iter().map(row)).collect::<Vec<_>>())
}

/// As runc has them: at least 12 wide, with three spaces behind the longest.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len() + 3).max().unwrap_or(0).max(12);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column + 1 == N {
            true => cell.clone(),
            false => format!("{cell:0$}", widths[column]),
        });
        cells.collect::<String>() + "\n"
    };
    rows.iter().map(line).collect()
}

/// The name of the folder's owner, by the host's own file; its number where it has none.
fn owner(folder: &std::path::Path) -> String {
    let uid = std::fs::metadata(folder).map(|data| data.uid()).unwrap_or(0);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("#{uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_runc_s() {
        let rows = [["ID", "PID", "OWNER"], ["rr", "519", "root"], ["a-long-name-of-one", "0", "#7"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(
            columns(&rows),
            "ID                   PID         OWNER\nrr                   519         root\na-long-name-of-one   0           #7\n"
        );
    }
}
