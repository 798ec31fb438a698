//! Lists a container's processes by the host's ps(1).

use std::collections::HashSet;
use std::io::ErrorKind;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use api::container::TopResponse;
use container::lifecycle::{self, Verb};
use fault::{Fault, Result, Step};
use tokio::process::Command;

use super::groups;
use super::start::blocking;
use crate::inner::Inner;
use crate::request::ContainerTop;

/// How long ps may take; it waits for processes that are stuck in the kernel.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of a list of ids; execve(2) takes 128 KiB in one argument.
const LONGEST_LIST: usize = 100_000;

/// Lists the processes.
pub async fn top(engine: &Arc<Inner>, request: ContainerTop) -> Result<TopResponse> {
    let view = engine.containers.find(&request.target)?.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Top)?;
    let pids = {
        let (engine, id) = (Arc::clone(engine), record.id.clone());
        blocking(move || groups::cgroup(&engine, &id)?.pids().map_err(|error| groups::fault(&error))).await?
    };
    let text = ask_ps(&request.arguments, &pids).await?;
    let response = rows(&text, &pids.into_iter().collect())?;
    engine.events.emit("container", "top", record.id.as_str(), view.stored.attributes());
    Ok(response)
}

/// First about these processes alone, which is fast and which some options cannot be combined with.
async fn ask_ps(arguments: &str, pids: &[i32]) -> Result<String> {
    let arguments = if arguments.trim().is_empty() { "-ef" } else { arguments };
    let words: Vec<&str> = arguments.split_ascii_whitespace().collect();
    let list = pids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let narrow = match list.len() {
        ..LONGEST_LIST => Some(run(words.iter().copied().chain(["-q", &list])).await?),
        _ => None,
    };
    let output = match narrow.filter(|output| output.status.success()) {
        Some(output) => output,
        None => run(words.into_iter()).await?,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Fault::invalid(format!("ps: {}", said.lines().find(|line| !line.is_empty()).unwrap_or("failed"))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn run<'a>(arguments: impl Iterator<Item = &'a str>) -> Result<Output> {
    let mut command = Command::new("ps");
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).kill_on_drop(true);
    let told = tokio::time::timeout(PATIENCE, command.output()).await;
    match told.map_err(|_| Fault::deadline("ps does not answer: a process may be stuck in the kernel"))? {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Fault::system("ps is not installed on the daemon's host: install the package procps"))
        }
        output => output.step("run ps"),
    }
}

/// The lines of the container's processes, in as many columns as there are titles; the last takes the rest.
fn rows(text: &str, pids: &HashSet<i32>) -> Result<TopResponse> {
    let mut lines = text.lines();
    let titles: Vec<String> = lines.next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let place = titles.iter().position(|title| title == "PID");
    let place = place.ok_or_else(|| Fault::invalid("Couldn't find PID field in ps output"))?;
    let mut processes = Vec::new();
    // With options such as `m` threads follow their process, and have `-` for their number.
    let mut is_ours = false;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(word) = words.get(place) else { continue };
        is_ours = match word.parse::<i32>() {
            Ok(pid) => pids.contains(&pid),
            Err(_) if *word == "-" => is_ours,
            Err(_) => return Err(Fault::system(format!("ps: unexpected process id '{word}'"))),
        };
        if is_ours {
            let (columns, rest) = words.split_at(titles.len().min(words.len()) - 1);
            processes.push(columns.iter().map(|&word| word.to_owned()).chain([rest.join(" ")]).collect());
        }
    }
    Ok(TopResponse { processes, titles })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&[&str]]) {
        let rows = rows(text, &HashSet::from([7, 9])).unwrap();
        assert_eq!(rows.processes, expect);
    }

    #[test]
    fn only_own_processes_and_their_threads_are_listed() {
        check("  PID CMD\n    7 sleep 1000\n    8 sh\n 9 a  b c\n", &[&["7", "sleep 1000"], &["9", "a b c"]]);
        check("PID TID\n7 -\n- 7\n8 -\n- 8\n", &[&["7", "-"], &["-", "7"]]);
        check("PID\n\n7\n", &[&["7"]]);
        check("USER PID CMD\nroot 7\n", &[&["root", "7"]]);
    }

    #[test]
    fn without_a_column_of_ids_nothing_can_be_told() {
        assert!(rows("CMD\nsleep\n", &HashSet::new()).is_err());
        assert!(rows("", &HashSet::new()).is_err());
        assert!(rows("PID\nx\n", &HashSet::new()).is_err());
    }
}
