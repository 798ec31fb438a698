//! Names that fit a place: fixed words, the user's contexts, and what the daemon has.

use crate::config::context::Store;
use crate::flag::Flag;
use crate::session::Session;
use client::{Client, Query, Request};
use serde_json::Value;
use std::time::Duration;

/// Longer nobody waits for a shell's offers.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a place wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing that we know; files perhaps.
    Anything,
    /// Nothing.
    Nothing,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A context.
    Context,
    /// A container; of these states where they are named.
    Container(&'static [&'static str]),
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

const RUNNING: Wanted = Wanted::Container(&["running"]);
const STOPPED: Wanted = Wanted::Container(&["created", "exited"]);
const ANY: Wanted = Wanted::Container(&[]);

/// What the argument number `at` of a command is.
pub fn of_argument(path: &str, at: usize) -> Wanted {
    let verb = path.strip_prefix("container ").unwrap_or(path);
    match (verb, at) {
        ("context use" | "context export" | "context update", 0) => Wanted::Context,
        ("context rm" | "context inspect", _) => Wanted::Context,
        ("attach" | "exec" | "top" | "port", 0) | ("kill" | "stop" | "pause" | "stats", _) => RUNNING,
        ("unpause", _) => Wanted::Container(&["paused"]),
        ("start", _) => STOPPED,
        ("logs" | "diff" | "export" | "commit" | "rename", 0) | ("rm" | "restart" | "wait" | "update", _) => ANY,
        ("inspect", _) => ANY,
        ("run" | "create", 0) | ("push" | "history" | "tag", 0) | ("rmi" | "save", _) => Wanted::Image,
        ("image history" | "image tag" | "image push", 0) => Wanted::Image,
        ("image rm" | "image inspect" | "image save", _) => Wanted::Image,
        ("network inspect" | "network rm", _) | ("network connect" | "network disconnect", 0) => Wanted::Network,
        ("network connect" | "network disconnect", 1) => ANY,
        ("volume inspect" | "volume rm", _) => Wanted::Volume,
        ("cp" | "load" | "import" | "image load" | "image import" | "context import" | "build", _) => Wanted::Anything,
        // Words of a container's own command line.
        ("run" | "create" | "exec", _) => Wanted::Anything,
        _ => Wanted::Nothing,
    }
}

/// What a flag's value is.
pub fn of_flag(path: &str, flag: &Flag) -> Wanted {
    match (path, flag.long) {
        ("", "context") | ("context create", "from") => Wanted::Context,
        (_, "log-level") => Wanted::Words(&["debug", "info", "warn", "error", "fatal", "panic"]),
        (_, "network" | "net") => Wanted::Network,
        (_, "volumes-from" | "link") => ANY,
        (_, "restart") => Wanted::Words(&["no", "always", "on-failure", "unless-stopped"]),
        ("run" | "create" | "container run" | "container create", "pull") => {
            Wanted::Words(&["always", "missing", "never"])
        }
        ("inspect", "type") => Wanted::Words(&[
            "config",
            "container",
            "image",
            "network",
            "node",
            "plugin",
            "secret",
            "service",
            "task",
            "volume",
        ]),
        (_, "signal") => Wanted::Words(&["HUP", "INT", "KILL", "QUIT", "STOP", "CONT", "TERM", "USR1", "USR2"]),
        (_, "name" | "hostname" | "workdir" | "user" | "env" | "label") => Wanted::Nothing,
        _ => Wanted::Anything,
    }
}

/// The names; `None` where the shell may offer what it wants, an error where the daemon does not answer.
pub fn find(session: &Session, wanted: Wanted) -> Option<Result<Vec<String>, ()>> {
    match wanted {
        Wanted::Anything => None,
        Wanted::Nothing => Some(Ok(Vec::new())),
        Wanted::Words(words) => Some(Ok(words.iter().map(|word| word.to_string()).collect())),
        Wanted::Context => {
            let contexts = Store::of(&session.config().directory).list().unwrap_or_default();
            let names = contexts.into_iter().map(|meta| meta.name).chain(["default".to_owned()]);
            Some(Ok(names.collect()))
        }
        _ => Some(ask(session, wanted)),
    }
}

fn ask(session: &Session, wanted: Wanted) -> Result<Vec<String>, ()> {
    let client = session.unconnected().map_err(drop)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(drop)?;
    let list = runtime.block_on(async { tokio::time::timeout(PATIENCE, list(client, wanted)).await });
    Ok(names(&list.map_err(drop)?.map_err(drop)?, wanted))
}

async fn list(client: &Client, wanted: Wanted) -> Result<Value, client::Error> {
    let path = match wanted {
        Wanted::Image => "/images/json",
        Wanted::Network => "/networks",
        Wanted::Volume => "/volumes",
        _ => "/containers/json",
    };
    let query = Query::new().flag("all", matches!(wanted, Wanted::Container(_)));
    client.send(Request::get(path).query(query)).await?.json().await
}

fn names(list: &Value, wanted: Wanted) -> Vec<String> {
    let items = list.as_array().or_else(|| list.get("Volumes")?.as_array()).map_or(&[][..], Vec::as_slice);
    let strings = |item: &Value, key: &str| match item.get(key) {
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let of = |item: &Value| match wanted {
        Wanted::Image => strings(item, "RepoTags").into_iter().filter(|tag| !tag.contains('<')).collect(),
        Wanted::Container(states) => {
            let state = item.get("State").and_then(Value::as_str).unwrap_or("");
            let fits = states.is_empty() || states.contains(&state);
            let own = |name: &String| name.matches('/').count() == 1;
            let names = strings(item, "Names").into_iter().filter(|name| fits && own(name));
            names.map(|name| name.trim_start_matches('/').to_owned()).collect::<Vec<_>>()
        }
        _ => strings(item, "Name"),
    };
    items.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_taken_from_the_daemons_lists() {
        let containers = json!([
            {"Names": ["/web", "/other/link"], "State": "running"},
            {"Names": ["/old"], "State": "exited"},
        ]);
        assert_eq!(names(&containers, ANY), ["web", "old"]);
        assert_eq!(names(&containers, RUNNING), ["web"]);
        assert_eq!(names(&containers, STOPPED), ["old"]);
        let images = json!([{"RepoTags": ["a:1", "<none>:<none>"]}, {"RepoTags": null}]);
        assert_eq!(names(&images, Wanted::Image), ["a:1"]);
        assert_eq!(names(&json!({"Volumes": [{"Name": "v"}]}), Wanted::Volume), ["v"]);
        assert_eq!(names(&json!([{"Name": "bridge"}]), Wanted::Network), ["bridge"]);
        assert_eq!(names(&json!({"message": "no"}), Wanted::Volume), [""; 0]);
    }

    #[test]
    fn places_want_what_fits() {
        assert_eq!(of_argument("container rm", 3), ANY);
        assert_eq!(of_argument("rm", 0), ANY);
        assert_eq!(of_argument("exec", 0), RUNNING);
        assert_eq!(of_argument("exec", 1), Wanted::Anything);
        assert_eq!(of_argument("ps", 0), Wanted::Nothing);
        assert_eq!(of_argument("context use", 1), Wanted::Nothing);
    }
}
