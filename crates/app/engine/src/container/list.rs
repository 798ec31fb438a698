//! Lists containers.

use std::sync::Arc;

use api::container::{ContainerSummary, HostConfigSummary};
use api::filters::Filters;
use api::network::NetworkSettingsSummary;
use container::health::Status;
use container::state::{Phase, State};
use fault::{Fault, Result};

use super::{Stored, View, inspect};
use crate::clock;
use crate::inner::Inner;
use crate::request::ContainerList;

/// Lists containers, the newest first. Nobody is waited for: a stuck container is listed like any other.
pub async fn list(engine: &Arc<Inner>, request: ContainerList) -> Result<Vec<ContainerSummary>> {
    check(&request.filters)?;
    let mut views: Vec<Arc<View>> =
        engine.containers.all().iter().map(super::Handle::view).filter(|view| !view.gone).collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.stored.record.created_at));
    let border = |name: &str| border(engine, request.filters.get(name));
    let (before, since) = (border("before")?, border("since")?);
    let limit = request.limit.filter(|&limit| limit > 0);
    // A state is looked for among all; an exit code only where all are asked for.
    let all = request.all || limit.is_some() || !request.filters.get("status").is_empty();
    let now = clock::now();
    let wanted = views.iter().filter(|view| {
        let record = &view.stored.record;
        (all || runs(view.stored.state()))
            && before.is_none_or(|border| record.created_at < border)
            && since.is_none_or(|border| record.created_at > border)
            && matches(engine, &view.stored, &request.filters)
    });
    Ok(wanted.take(limit.unwrap_or(usize::MAX)).map(|view| summary(engine, &view.stored, request.size, now)).collect())
}

fn runs(state: &State) -> bool {
    state.phase.is_alive() || state.phase == Phase::Restarting
}

/// The time of making of the container that `before` or `since` names.
fn border(engine: &Inner, named: &[String]) -> Result<Option<i64>> {
    named.first().map(|name| Ok(engine.containers.find(name)?.view().stored.record.created_at)).transpose()
}

const FILTERS: [&str; 15] = [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
];

fn check(filters: &Filters) -> Result<()> {
    if let Some(name) = filters.names().find(|name| !FILTERS.contains(name)) {
        return Err(Fault::invalid(format!("invalid filter '{name}'")));
    }
    const STATES: [&str; 7] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
    check_words(filters, "status", "state", &STATES)?;
    check_words(filters, "health", "health", &["none", "starting", "healthy", "unhealthy"])?;
    if let Some(word) =
        filters.get("is-task").iter().find(|word| !matches!(word.as_str(), "true" | "false" | "1" | "0"))
    {
        return Err(Fault::invalid(format!("invalid filter 'is-task=[{word}]'")));
    }
    for name in ["publish", "expose"] {
        if let Some(port) = filters.get(name).iter().find(|port| port_range(port).is_none()) {
            return Err(Fault::invalid(format!("invalid filter '{name}={port}'")));
        }
    }
    match filters.get("exited").iter().find_map(|code| Some((code, human::parse_int(code, 10, 64).err()?))) {
        Some((code, why)) => {
            Err(Fault::invalid(format!("invalid filter 'exited={code}': {}", why.replacen("ParseInt", "Atoi", 1))))
        }
        None => Ok(()),
    }
}

/// Refuses a word that is none of those that a filter knows.
fn check_words(filters: &Filters, name: &str, what: &str, known: &[&str]) -> Result<()> {
    let Some(word) = filters.get(name).iter().find(|word| !known.contains(&word.as_str())) else { return Ok(()) };
    let known = known.join(", ");
    Err(Fault::invalid(format!(
        "invalid filter '{name}={word}': invalid value for {what} ({word}): must be one of {known}"
    )))
}

fn matches(engine: &Inner, stored: &Stored, filters: &Filters) -> bool {
    filters.names().all(|name| {
        let wanted = filters.get(name);
        // All labels must be there; of every other kind one is enough.
        match name {
            "label" => wanted.iter().all(|label| has_label(stored, label)),
            "before" | "since" => true,
            _ => wanted.is_empty() || wanted.iter().any(|value| matches_one(engine, stored, name, value)),
        }
    })
}

fn has_label(stored: &Stored, wanted: &str) -> bool {
    let labels = stored.record.config.labels.iter().flatten();
    let (name, value) = wanted.split_once('=').map_or((wanted, None), |(name, value)| (name, Some(value)));
    labels.into_iter().any(|(have, content)| have == name && value.is_none_or(|value| value == content))
}

fn matches_one(engine: &Inner, stored: &Stored, name: &str, value: &str) -> bool {
    let record = &stored.record;
    match name {
        "id" => record.id.as_str().starts_with(value),
        "name" => {
            // The original's names have a slash in front, and patterns are searched for anywhere.
            let bare = value.trim_start_matches('^').trim_start_matches('/').trim_end_matches('$');
            match (value.starts_with('^'), value.ends_with('$')) {
                (true, true) => record.name == bare,
                (true, false) => record.name.starts_with(bare),
                (false, true) => record.name.ends_with(bare),
                (false, false) => format!("/{}", record.name).contains(value),
            }
        }
        "status" => record.state.phase.word() == value,
        "exited" => record.state.phase == Phase::Exited && value.parse() == Ok(record.state.exit_code),
        "ancestor" => {
            engine.images.get(value).is_ok_and(|image| image.id == record.image_id) || record.config.image == value
        }
        "network" => {
            network_name(stored) == value
                || stored.endpoint.as_ref().is_some_and(|endpoint| endpoint.network_id.starts_with(value))
        }
        "volume" => inspect::mounts(stored).iter().any(|mount| mount.source == value || mount.destination == value),
        "publish" => inspect::ports(stored)
            .iter()
            .any(|port| port.public_port != 0 && port_is(port.public_port, &port.protocol, value)),
        "expose" => record
            .config
            .exposed_ports
            .iter()
            .flatten()
            .any(|(port, _)| port_range(port).is_some_and(|(number, _, protocol)| port_is(number, protocol, value))),
        "health" => value == record.state.health.as_ref().map_or("none", |health| health.status.word()),
        "is-task" => value == "false",
        // On Linux there is one kind, and the original does not look.
        "isolation" => true,
        _ => false,
    }
}

/// `8080`, `8080/tcp`, `8000-8100`: the first, the last, and the protocol, which is TCP unless it is named.
fn port_range(text: &str) -> Option<(u16, u16, &str)> {
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last, protocol))
}

fn port_is(port: u16, protocol: &str, wanted: &str) -> bool {
    port_range(wanted).is_some_and(|(first, last, named)| (first..=last).contains(&port) && named == protocol)
}

/// The name that the container's network goes by in lists.
pub fn network_name(stored: &Stored) -> &str {
    match stored.record.host_config.network_mode.as_str() {
        "default" => "bridge",
        other => other,
    }
}

fn summary(engine: &Inner, stored: &Stored, size: bool, now: i64) -> ContainerSummary {
    let record = &stored.record;
    let (size_rw, size_root_fs) = if size { engine.sizes(record) } else { (0, 0) };
    ContainerSummary {
        id: record.id.to_string(),
        names: vec![format!("/{}", record.name)],
        image: image_name(engine, stored),
        image_id: record.image_id.to_string(),
        command: command(&record.command()),
        created: record.created_at / 1_000_000_000,
        ports: inspect::ports(stored),
        size_rw,
        size_root_fs,
        labels: record.config.labels.clone().unwrap_or_default(),
        state: record.state.phase.word().into(),
        status: status(&record.state, now),
        host_config: HostConfigSummary {
            network_mode: record.host_config.network_mode.clone(),
            annotations: record.host_config.annotations.clone(),
        },
        network_settings: NetworkSettingsSummary { networks: inspect::networks(engine, stored) },
        mounts: inspect::mounts(stored),
    }
}

/// The name it was made from, as long as that still means the same image; else the image's id.
fn image_name(engine: &Inner, stored: &Stored) -> String {
    let name = &stored.record.config.image;
    match engine.images.get(name) {
        Ok(image) if image.id == stored.record.image_id => name.clone(),
        _ => stored.record.image_id.to_string(),
    }
}

/// The command as one line; arguments with blanks are quoted, as the original does it.
fn command(words: &[&str]) -> String {
    let quoted = words.iter().enumerate().map(|(at, word)| match at > 0 && word.contains(' ') {
        true => format!("'{word}'"),
        false => (*word).to_owned(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// The words of `ps`: `Up 3 minutes`, `Exited (0) 2 hours ago`, `Created`.
fn status(state: &State, now: i64) -> String {
    let ago = |time: Option<i64>| human::elapsed_words(((now - time.unwrap_or(now)) / 1_000_000_000).max(0));
    match state.phase {
        Phase::Created => "Created".into(),
        Phase::Running => match state.health.as_ref().map(|health| health.status) {
            None => format!("Up {}", ago(state.started_at)),
            Some(Status::Starting) => format!("Up {} (health: starting)", ago(state.started_at)),
            Some(status) => format!("Up {} ({})", ago(state.started_at), status.word()),
        },
        Phase::Paused => format!("Up {} (Paused)", ago(state.started_at)),
        Phase::Restarting => format!("Restarting ({}) {} ago", state.exit_code, ago(state.finished_at)),
        Phase::Removing => "Removal In Progress".into(),
        Phase::Dead => "Dead".into(),
        Phase::Exited if state.finished_at.is_none() => "Created".into(),
        Phase::Exited => format!("Exited ({}) {} ago", state.exit_code, ago(state.finished_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_in_words() {
        let at = |phase| State { phase, exit_code: 3, started_at: Some(0), finished_at: Some(0), ..State::default() };
        let now = 120_000_000_000;
        assert_eq!(status(&at(Phase::Running), now), "Up 2 minutes");
        assert_eq!(status(&at(Phase::Exited), now), "Exited (3) 2 minutes ago");
        assert_eq!(status(&at(Phase::Created), now), "Created");
        assert_eq!(command(&["sh", "-c", "echo hi"]), "sh -c 'echo hi'");
    }

    #[test]
    fn published_ports_match_ranges() {
        assert!(port_is(8080, "tcp", "8080"));
        assert!(port_is(8080, "tcp", "8000-8100/tcp"));
        assert!(!port_is(8080, "tcp", "8080/udp"));
        assert!(!port_is(8080, "tcp", "nonsense"));
        assert_eq!(port_range("80-70"), None);
    }

    #[test]
    fn what_no_filter_knows_is_refused_with_what_it_does_know() {
        let refused = |filters: &str| check(&Filters::parse(filters).unwrap()).unwrap_err().message().to_owned();
        assert_eq!(
            refused(r#"{"status":["up"]}"#),
            "invalid filter 'status=up': invalid value for state (up): must be one of created, running, paused, \
             restarting, removing, exited, dead"
        );
        assert_eq!(
            refused(r#"{"health":["ill"]}"#),
            "invalid filter 'health=ill': invalid value for health (ill): must be one of none, starting, healthy, \
             unhealthy"
        );
        assert_eq!(
            refused(r#"{"exited":["x"]}"#),
            "invalid filter 'exited=x': strconv.Atoi: parsing \"x\": invalid syntax"
        );
        assert_eq!(refused(r#"{"expose":["80-70"]}"#), "invalid filter 'expose=80-70'");
    }
}
