//! `events`: tells what a container uses, once or again and again, and when memory ran out.

use std::io::Write as _;
use std::time::{Duration, Instant};

use oci::state::Status;
use oci::stats::Event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Command, ONE};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::flag::{switch, value};
use crate::global::Global;
use crate::parse::Parsed;

/// How often the kernel's count of killed processes is looked at.
const LOOK: Duration = Duration::from_millis(200);

pub const COMMAND: Command = Command {
    name: "events",
    about: "tell what a container uses, and when it runs out of memory",
    usage: "[command options] <container-id>",
    flags: &[value("interval", "time between two counts, as 5s"), switch("stats", "tell what it uses once, and end")],
    run: events,
    ..ONE
};

fn events(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let container = Container::find(global, parsed.id())?;
    let interval = interval(parsed.value("interval").unwrap_or("5s"))?;
    if container.status() == Status::Stopped {
        return Err(Error::new(format!("container with id {} is not running", parsed.id())));
    }
    if parsed.switch("stats") {
        tell("stats", &container)?;
        return Ok(0);
    }
    follow(&container, interval)
}

fn interval(text: &str) -> Result<Duration, Error> {
    let refuse = || Error::new(format!("duration interval must be greater than 0: {text:?}"));
    let duration = human::GoDuration::parse(text).map_err(|_| refuse())?;
    let nanoseconds = u64::try_from(duration.0).ok().filter(|&nanoseconds| nanoseconds > 0);
    nanoseconds.map(Duration::from_nanos).ok_or_else(refuse)
}

fn follow(container: &Container, interval: Duration) -> Result<u8, Error> {
    let Some(init) = container.init() else { return Ok(0) };
    let cgroup = container.cgroup();
    let mut kills = cgroup.oom_kills();
    let mut due = Instant::now() + interval;
    loop {
        let pause = LOOK.min(due.saturating_duration_since(Instant::now()));
        let time = Timespec { tv_sec: pause.as_secs() as i64, tv_nsec: pause.subsec_nanos().into() };
        let ended = poll(&mut [PollFd::new(&init, PollFlags::IN)], Some(&time)).is_ok_and(|count| count > 0);
        let now = cgroup.oom_kills();
        for _ in kills..now {
            tell("oom", container)?;
        }
        kills = now.max(kills);
        if ended {
            return Ok(0);
        }
        if Instant::now() >= due {
            tell("stats", container)?;
            due += interval;
        }
    }
}

fn tell(kind: &str, container: &Container) -> Result<(), Error> {
    let data = (kind == "stats").then(|| container.cgroup().stats());
    let event = Event { kind: kind.to_owned(), id: container.record.id.clone(), data };
    let line = serde_json::to_string(&event).step("write an event")?;
    writeln!(std::io::stdout(), "{line}").step("write an event")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_go_s() {
        assert_eq!(interval("1m30s").unwrap(), Duration::from_secs(90));
        assert!(interval("0").is_err() && interval("-1s").is_err() && interval("x").is_err());
    }
}
