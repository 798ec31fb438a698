//! `ps`: tells of the processes in a container.

use std::process::{Command as Program, Stdio};

use super::{Command, MANY, ONE};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::flag::value;
use crate::global::Global;
use crate::parse::{Order, Parsed};

pub const COMMAND: Command = Command {
    name: "ps",
    about: "tell of the processes in a container, by the host's ps or as a list of their ids",
    usage: "[command options] <container-id> [ps options]",
    flags: &[value("format", "table or json").or("f")],
    order: Order::First,
    arguments: (1, MANY),
    run: ps,
    ..ONE
};

fn ps(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    let mut pids = container.pids()?;
    pids.sort_unstable();
    pids.dedup();
    match parsed.value("format").unwrap_or("table") {
        "json" => println!("{}", serde_json::to_string(&pids).step("write the list")?),
        "table" => {
            let words = &parsed.positional[1..];
            let words = if words.is_empty() { vec!["-ef".to_owned()] } else { words.to_vec() };
            let output = Program::new("ps").args(words).stderr(Stdio::inherit()).output().step("run ps")?;
            if !output.status.success() {
                return Err(Error::new(format!("run ps: {}", output.status)));
            }
            print!("{}", pick(&String::from_utf8_lossy(&output.stdout), &pids)?);
        }
        _ => return Err(Error::new("invalid format option")),
    }
    Ok(0)
}

/// The head of a table and the lines of these processes.
fn pick(table: &str, pids: &[i32]) -> Result<String, Error> {
    let head = table.lines().next().unwrap_or_default();
    let column = head.split_whitespace().position(|name| name == "PID");
    let column = column.ok_or_else(|| Error::new("couldn't find PID field in ps output"))?;
    let is_ours = |line: &&str| {
        let pid = line.split_whitespace().nth(column).and_then(|word| word.parse().ok());
        pid.is_some_and(|pid| pids.contains(&pid))
    };
    Ok([head].into_iter().chain(table.lines().skip(1).filter(is_ours)).map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_container_s_own_are_shown() {
        let table = "UID  PID CMD\nroot   1 init\nroot  77 sleep 1\n";
        assert_eq!(pick(table, &[77]).unwrap(), "UID  PID CMD\nroot  77 sleep 1\n");
        assert!(pick("CMD\nx\n", &[1]).is_err());
    }
}
