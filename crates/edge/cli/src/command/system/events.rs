//! `events`.

use crate::command::container::logs::present;
use crate::exit::Exit;
use crate::flag::{Flag, Kind};
use crate::format::{Object, Template, Value};
use crate::opts::{check, filter, text};
use crate::stream::{out, terminal, visible};
use crate::tree::{Args, Command, Invocation};
use api::events::Event;
use client::{Query, Request};
use human::{Instant, local_zone, rfc3339_nine, timestamp};
use jiff::tz::TimeZone;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Get real time events from the server",
    aliases: &["system events", "events"],
    args: Args::None,
    flags: &[
        Flag::new("filter", check::FILTER, "Filter output based on conditions provided").short('f'),
        Flag::new("format", Kind::Str, text::FORMAT),
        Flag::new("since", Kind::Str, "Show all events created since timestamp"),
        Flag::new("until", Kind::Str, "Stream events until this timestamp"),
    ],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let matches = &invocation.matches;
    let template = match matches.str("format") {
        "" => None,
        "json" => Some("{{json .}}"),
        source => Some(source),
    };
    let template = template
        .map(Template::parse)
        .transpose()
        .map_err(|error| Exit { code: 64, message: format!("error parsing format: {error}") })?;
    let zone = local_zone();
    let time = |name: &str| timestamp(matches.str(name), present(), &zone).map_err(Exit::failure);
    let query = Query::new()
        .some("filters", filter::read(&matches.list("filter")).to_query().as_deref())
        .some("since", Some(&time("since")?))
        .some("until", Some(&time("until")?));
    let client = invocation.session.client().await?;
    let mut events = client.send(Request::get("/events").query(query)).await?.json_stream();
    while let Some(json) = events.next::<serde_json::Value>().await? {
        let line = match &template {
            Some(template) => template.run(&value(&json)?).map_err(Exit::failure)?,
            None => line(&api::json::from_value(&json).map_err(Exit::failure)?, &zone),
        };
        let line = if terminal::stdout_is_terminal() { visible::visible(&line).into_owned() } else { line };
        out::line(&line)?;
    }
    Ok(())
}

/// The event as a template's dot.
fn value(json: &serde_json::Value) -> Result<Value, Exit> {
    let Value::Object(object) = Value::from(json) else { return Err(Exit::failure("malformed event")) };
    let fields = object.fields.clone();
    Ok(Object { type_name: "*events.Message", ..Object::map(fields) }.into())
}

fn line(event: &Event, zone: &TimeZone) -> String {
    let at = match event.time_nano {
        0 => Instant { seconds: event.time, nanos: 0 },
        nanos => Instant { seconds: nanos.div_euclid(1_000_000_000), nanos: nanos.rem_euclid(1_000_000_000) as u32 },
    };
    let attributes: Vec<String> =
        event.actor.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let note = if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
    format!("{} {} {} {}{note}", rfc3339_nine(at, zone), event.kind, event.action, event.actor.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_print_on_one_line() {
        let json = r#"{"Type":"container","Action":"die","Actor":{"ID":"8df8","Attributes":{"name":"web","exitCode":"1"}},"time":1,"timeNano":1000000020}"#;
        let event: Event = api::json::from_slice(json.as_bytes()).unwrap();
        assert_eq!(
            line(&event, &TimeZone::UTC),
            "1970-01-01T00:00:01.000000020Z container die 8df8 (exitCode=1, name=web)"
        );
    }
}
