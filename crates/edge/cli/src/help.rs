//! Help and usage texts in docker's layout.

use crate::app::{GLOBAL_FLAGS, children};
use crate::config::ConfigFile;
use crate::exit::Exit;
use crate::face::Face;
use crate::flag::{Flag, usages};
use crate::plugin::{self, Plugin};
use crate::session::Session;
use crate::stream::out;
use crate::tree::{Body, Command, Group, Needs, Node, find};
use client::ApiVersion;

/// The place in the tree that a text is about.
pub struct Subject {
    /// The program's name.
    pub face: Face,
    /// The command as typed, with the program.
    pub path: String,
    /// The node; `None` for the program itself.
    pub node: Option<&'static Node>,
}

impl Subject {
    /// The program itself.
    pub fn root(face: Face) -> Subject {
        Subject { face, path: face.name().into(), node: None }
    }

    /// What stands under `name` below this.
    pub fn child(&self, name: &str) -> Option<Subject> {
        let node = find(children(self.node), name)?;
        Some(Subject { face: self.face, path: format!("{} {}", self.path, node.name), node: Some(node) })
    }

    fn command(&self) -> Option<&'static Command> {
        match self.node.map(|node| &node.body) {
            Some(Body::Command(command)) => Some(command),
            _ => None,
        }
    }

    fn usage(&self) -> String {
        match (self.node, self.command()) {
            (None, _) => format!("{} [OPTIONS] COMMAND", self.path),
            (_, Some(command)) => format!("{}{}", self.path, arguments(command, self.face)),
            _ => format!("{} COMMAND", self.path),
        }
    }
}

/// A command's arguments with a blank before them. A second form of them names the program again.
pub fn arguments(command: &Command, face: Face) -> String {
    match command.usage {
        "" => String::new(),
        usage => format!(" {}", usage.replace("\n\tdocker ", &format!("\n\t{} ", face.name()))),
    }
}

/// A flag that cannot be read: the message, the usage line, and exit code 125.
pub fn usage_error(subject: &Subject, text: &str) -> Exit {
    let usage = match (subject.node, subject.command()) {
        (None, _) => format!("{} [OPTIONS] COMMAND [ARG...]", subject.path),
        (Some(_), Some(_)) => subject.usage(),
        (Some(_), None) => subject.path.clone(),
    };
    Exit {
        code: 125,
        message: format!("{text}\n\nUsage:  {usage}\n\nRun '{} --help' for more information", subject.path),
    }
}

/// What the daemon has; everything when none answers.
#[derive(Default)]
struct Support {
    /// For the program's own help alone.
    plugins: Vec<Plugin>,
    version: Option<ApiVersion>,
    os: String,
    experimental: Option<bool>,
    swarm: String,
}

impl Support {
    fn of(session: &Session, subject: &Subject) -> Support {
        let plugins = if subject.node.is_none() { plugin::all(session.config()) } else { Vec::new() };
        let plain = Support { plugins, ..Support::default() };
        match session.glance() {
            None => plain,
            Some(ping) => Support::told(ping, plain),
        }
    }

    fn told(ping: client::Ping, plain: Support) -> Support {
        Support {
            version: ping.api_version,
            os: ping.os.clone(),
            experimental: Some(ping.experimental),
            swarm: ping.swarm,
            ..plain
        }
    }

    fn has_version(&self, since: Option<(u16, u16)>) -> bool {
        match (self.version, since) {
            (Some(version), Some((major, minor))) => version >= ApiVersion { major, minor },
            _ => true,
        }
    }

    fn has_flag(&self, flag: &Flag) -> bool {
        let os = flag.os.is_empty() || self.os.is_empty() || flag.os == self.os;
        let swarm = !flag.swarm || self.has_swarm(Needs::Manager);
        os && swarm && self.has_version(flag.since) && (!flag.experimental || self.experimental != Some(false))
    }

    fn has_swarm(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Member => self.swarm != "inactive",
            Needs::Manager => self.swarm.is_empty() || self.swarm.ends_with("/manager"),
        }
    }

    fn has_node(&self, node: &Node) -> bool {
        self.has_swarm(node.swarm)
            && self.has_version(node.since)
            && (!node.experimental || self.experimental != Some(false))
    }
}

/// Prints the help of `subject`; what the daemon does not have is left out.
pub fn show(subject: &Subject, session: &Session) -> Result<(), Exit> {
    out::print(&text(subject, &Support::of(session, subject), columns()))
}

/// A group without a command: its help on stderr, and no failure.
pub fn show_beside(subject: &Subject, session: &Session) {
    eprint!("{}", text(subject, &Support::of(session, subject), columns()));
}

/// Docker wraps to the width of the terminal at standard input, less one.
fn columns() -> usize {
    let width = rustix::termios::tcgetwinsize(rustix::stdio::stdin()).map_or(80, |size| usize::from(size.ws_col));
    width.saturating_sub(1)
}

fn text(subject: &Subject, support: &Support, columns: usize) -> String {
    let face = subject.face.name();
    let mut text = format!("Usage:  {}\n\n{}\n", subject.usage(), about(subject));
    if let Some(command) = subject.command() {
        if !command.aliases.is_empty() {
            let names: Vec<String> = command.aliases.iter().map(|alias| format!("{face} {alias}")).collect();
            text += &format!("\nAliases:\n  {}\n", names.join(", "));
        }
        let listed = command.flags.iter().copied().filter(|flag| support.has_flag(flag));
        text += &options("Options", listed.chain(help_flag(command)), columns);
        return text;
    }
    text += &commands(subject, support);
    if subject.node.is_none() {
        text += &options("Global Options", global_flags(), columns);
    }
    text += &format!("\nRun '{} COMMAND --help' for more information on a command.\n", subject.path);
    if subject.node.is_none() && subject.face == Face::Docker {
        text += "\nFor more help on how to use Docker, head to https://docs.docker.com/go/guides/\n";
    }
    text
}

fn about(subject: &Subject) -> &'static str {
    match (subject.node, subject.command()) {
        (_, Some(command)) => command.about,
        (Some(node), None) => node.about,
        (None, None) => "A self-sufficient runtime for containers",
    }
}

/// Help is listed only where its letter means something else.
fn help_flag(command: &Command) -> Option<Flag> {
    let taken = command.flags.iter().any(|flag| flag.short == Some('h'));
    taken.then(|| Flag::new("help", crate::flag::Kind::Bool, "Print usage"))
}

fn options(title: &str, flags: impl Iterator<Item = Flag>, columns: usize) -> String {
    let flags: Vec<Flag> = flags.collect();
    match usages(flags.iter(), columns) {
        lines if lines.is_empty() => String::new(),
        lines => format!("\n{title}:\n{lines}"),
    }
}

/// The global flags with the defaults that depend on the user's home.
fn global_flags() -> impl Iterator<Item = Flag> {
    let home = ConfigFile::directory("");
    GLOBAL_FLAGS.iter().map(move |flag| {
        let file = match flag.long {
            "config" => home.clone(),
            "tlscacert" => home.join("ca.pem"),
            "tlscert" => home.join("cert.pem"),
            "tlskey" => home.join("key.pem"),
            _ => return *flag,
        };
        // Printed once, right before the program ends.
        flag.default(Box::leak(file.display().to_string().into_boxed_str()))
    })
}

fn commands(subject: &Subject, support: &Support) -> String {
    // The daemon is a face of the binary, not a command of the client; under our own name the help tells of it.
    static DAEMON: [Node; 1] = [Node::group("daemon", "Run the daemon in the foreground", &[])];
    let ours: &[Node] = if subject.node.is_none() && subject.face == Face::Gantry { &DAEMON } else { &[] };
    let all = children(subject.node).iter().chain(ours);
    let nodes: Vec<&Node> = all.filter(|node| !node.hidden && support.has_node(node)).collect();
    let mut rows: Vec<(Group, String, &str)> =
        nodes.iter().map(|node| (node.group, node.name.to_owned(), node.about)).collect();
    let width = rows.iter().map(|(_, name, _)| name.len()).chain(support.plugins.iter().map(|one| one.name.len()));
    let width = width.max().unwrap_or(0).max(11);
    let valid = support.plugins.iter().filter_map(|plugin| Some((&plugin.name, plugin.metadata.as_ref().ok()?)));
    let plugins = valid.map(|(name, about)| (Group::Management, format!("{name}*"), &*about.short_description));
    rows.extend(plugins);
    let lines = |rows: &[(&str, &str)]| -> String {
        rows.iter().map(|(name, about)| format!("  {name:<width$} {}\n", about.lines().next().unwrap_or(""))).collect()
    };
    let titled = |title: &str, lines: String| if lines.is_empty() { lines } else { format!("\n{title}:\n{lines}") };
    let list = |title: &str, group: Group| {
        let of_group = rows.iter().filter(|(of, _, _)| *of == group);
        let mut rows: Vec<(&str, &str)> = of_group.map(|(_, name, about)| (&**name, *about)).collect();
        // Plugins stand among the groups.
        if group == Group::Management {
            rows.sort();
        }
        titled(title, lines(&rows))
    };
    let invalid = support.plugins.iter().filter_map(|plugin| Some((&*plugin.name, &**plugin.metadata.as_ref().err()?)));
    [
        list("Common Commands", Group::Common),
        list("Management Commands", Group::Management),
        list("Swarm Commands", Group::Swarm),
        list("Commands", Group::Other),
        titled("Invalid Plugins", lines(&invalid.collect::<Vec<_>>())),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(words: &[&str], face: Face) -> String {
        let subject = words.iter().fold(Subject::root(face), |subject, word| subject.child(word).unwrap());
        text(&subject, &Support::default(), 79)
    }

    #[test]
    fn a_commands_help_has_dockers_layout() {
        let expect = "Usage:  docker wait CONTAINER [CONTAINER...]\n\n\
                      Block until one or more containers stop, then print their exit codes\n\n\
                      Aliases:\n  docker container wait, docker wait\n";
        assert_eq!(help(&["wait"], Face::Docker), expect);
        assert!(help(&["container", "wait"], Face::Gantry).starts_with("Usage:  gantry container wait CONTAINER"));
    }

    #[test]
    fn every_form_of_a_command_names_this_program() {
        let usage = "Usage:  gantry cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tgantry cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH\n";
        assert!(help(&["cp"], Face::Gantry).starts_with(usage));
        assert!(help(&["cp"], Face::Docker).contains("\n\tdocker cp [OPTIONS]"));
    }

    #[test]
    fn our_own_name_tells_of_the_daemon() {
        assert!(help(&[], Face::Gantry).contains("\n  daemon      Run the daemon"));
        assert!(!help(&[], Face::Docker).contains("\n  daemon "));
    }

    #[test]
    fn the_root_lists_every_command_of_docker() {
        let text = help(&[], Face::Docker);
        assert!(text.starts_with("Usage:  docker [OPTIONS] COMMAND\n\nA self-sufficient runtime for containers\n\nCommon Commands:\n  run         Create"));
        for line in [
            "  swarm       Manage Swarm\n",
            "Global Options:\n      --config string      Location",
            "  build       Build",
        ] {
            assert!(text.contains(line), "{line}");
        }
    }

    #[test]
    fn commands_of_a_swarm_are_for_its_nodes() {
        let list = |state: &str| {
            text(&Subject::root(Face::Docker), &Support { swarm: state.into(), ..Support::default() }, 79)
        };
        assert!(list("active/manager").contains("\n  service "));
        for state in ["inactive", "active/worker", "locked"] {
            assert!(!list(state).contains("\n  service ") && list(state).contains("\n  swarm "), "{state}");
        }
    }

    #[test]
    fn what_the_daemon_lacks_is_left_out() {
        let subject = Subject::root(Face::Docker).child("run").unwrap();
        let old = Support {
            version: Some(ApiVersion { major: 1, minor: 41 }),
            os: "linux".into(),
            experimental: Some(false),
            ..Support::default()
        };
        let text = text(&subject, &old, 79);
        assert!(!text.contains("--annotation") && !text.contains("--cpu-count") && text.contains("--cgroupns"));
    }
}
