//! Docker's commands: the whole tree, with what works here and what does not yet.

use super::{Group, Needs, Node};
use crate::command;

/// The commands below the program.
pub const ROOT: &[Node] = &[
    Node::command("run", &command::container::run::COMMAND).part(Group::Common),
    Node::command("exec", &command::container::exec::COMMAND).part(Group::Common),
    Node::command("ps", &command::container::ls::COMMAND).part(Group::Common),
    Node::missing("build", "Build an image from a Dockerfile").part(Group::Common),
    Node::command("pull", &command::image::pull::COMMAND).part(Group::Common),
    Node::missing("push", "Upload an image to a registry").part(Group::Common),
    Node::command("images", &command::image::ls::COMMAND).part(Group::Common),
    Node::missing("login", "Authenticate to a registry").part(Group::Common),
    Node::missing("logout", "Log out from a registry").part(Group::Common),
    Node::missing("search", "Search Docker Hub for images").part(Group::Common),
    Node::command("version", &command::system::version::COMMAND).part(Group::Common),
    Node::command("info", &command::system::info::COMMAND).part(Group::Common),
    Node::group("builder", "Manage builds", BUILDER).since(1, 31),
    Node::group("checkpoint", "Manage checkpoints", CHECKPOINT).since(1, 25).experimental(),
    Node::group("container", "Manage containers", CONTAINER),
    Node::group("context", "Manage contexts", CONTEXT),
    Node::group("image", "Manage images", IMAGE),
    Node::group("manifest", "Manage Docker image manifests and manifest lists", MANIFEST),
    Node::group("network", "Manage networks", NETWORK),
    Node::group("plugin", "Manage plugins", PLUGIN).since(1, 25),
    Node::group("system", "Manage Docker", SYSTEM),
    Node::group("completion", "Generate the autocompletion script for the specified shell", COMPLETION).hidden(),
    Node::group("trust", "Manage trust on Docker images", TRUST),
    Node::group("volume", "Manage volumes", VOLUME),
    Node::group("config", "Manage Swarm configs", CONFIG).part(Group::Swarm).since(1, 30).swarm(Needs::Manager),
    Node::group("node", "Manage Swarm nodes", NODE).part(Group::Swarm).swarm(Needs::Manager),
    Node::group("secret", "Manage Swarm secrets", SECRET).part(Group::Swarm).since(1, 25).swarm(Needs::Manager),
    Node::group("service", "Manage Swarm services", SERVICE).part(Group::Swarm).swarm(Needs::Manager),
    Node::group("stack", "Manage Swarm stacks", STACK).part(Group::Swarm).since(1, 25).swarm(Needs::Manager),
    Node::group("swarm", "Manage Swarm", SWARM).part(Group::Swarm),
    Node::command("attach", &command::container::attach::COMMAND),
    Node::command("commit", &command::container::commit::COMMAND),
    Node::command("cp", &command::container::cp::COMMAND)
        .about("Copy files/folders between a container and the local filesystem"),
    Node::command("create", &command::container::create::COMMAND),
    Node::command("diff", &command::container::diff::COMMAND),
    Node::command("events", &command::system::events::COMMAND),
    Node::command("export", &command::container::export::COMMAND),
    Node::command("history", &command::image::history::COMMAND),
    Node::command("import", &command::image::import::COMMAND),
    Node::command("inspect", &command::system::inspect::COMMAND),
    Node::command("kill", &command::container::kill::COMMAND),
    Node::command("load", &command::image::load::COMMAND),
    Node::command("logs", &command::container::logs::COMMAND),
    Node::command("pause", &command::container::pause::COMMAND),
    Node::command("port", &command::container::port::COMMAND),
    Node::command("rename", &command::container::rename::COMMAND),
    Node::command("restart", &command::container::restart::COMMAND),
    Node::command("rm", &command::container::rm::COMMAND),
    Node::command("rmi", &command::image::rm::COMMAND),
    Node::command("save", &command::image::save::COMMAND),
    Node::command("start", &command::container::start::COMMAND),
    Node::command("stats", &command::container::stats::COMMAND),
    Node::command("stop", &command::container::stop::COMMAND),
    Node::command("tag", &command::image::tag::COMMAND),
    Node::command("top", &command::container::top::COMMAND),
    Node::command("unpause", &command::container::unpause::COMMAND),
    Node::command("update", &command::container::update::COMMAND),
    Node::command("wait", &command::container::wait::COMMAND),
];

const SWARM: &[Node] = &[
    Node::missing("ca", "Display and rotate the root CA").since(1, 30).swarm(Needs::Manager),
    Node::missing("init", "Initialize a swarm"),
    Node::missing("join", "Join a swarm as a node and/or manager"),
    Node::missing("join-token", "Manage join tokens").swarm(Needs::Manager),
    Node::missing("leave", "Leave the swarm").swarm(Needs::Member),
    Node::missing("unlock", "Unlock swarm").swarm(Needs::Manager),
    Node::missing("unlock-key", "Manage the unlock key").swarm(Needs::Manager),
    Node::missing("update", "Update the swarm").swarm(Needs::Manager),
];

const STACK: &[Node] = &[
    Node::missing("config", "Outputs the final config file, after doing merges and interpolations").since(1, 25),
    Node::missing("deploy", "Deploy a new stack or update an existing stack").aliases(&["up"]).since(1, 25),
    Node::missing("ls", "List stacks").aliases(&["list"]).since(1, 25),
    Node::missing("ps", "List the tasks in the stack").since(1, 25),
    Node::missing("rm", "Remove one or more stacks").aliases(&["remove", "down"]).since(1, 25),
    Node::missing("services", "List the services in the stack").since(1, 25),
];

const SERVICE: &[Node] = &[
    Node::missing("create", "Create a new service"),
    Node::missing("inspect", "Display detailed information on one or more services"),
    Node::missing("logs", "Fetch the logs of a service or task").since(1, 29),
    Node::missing("ls", "List services").aliases(&["list"]),
    Node::missing("ps", "List the tasks of one or more services"),
    Node::missing("rm", "Remove one or more services").aliases(&["remove"]),
    Node::missing("rollback", "Revert changes to a service's configuration").since(1, 31),
    Node::missing("scale", "Scale one or multiple replicated services"),
    Node::missing("update", "Update a service"),
];

const SECRET: &[Node] = &[
    Node::missing("create", "Create a secret from a file or STDIN as content").since(1, 25),
    Node::missing("inspect", "Display detailed information on one or more secrets").since(1, 25),
    Node::missing("ls", "List secrets").aliases(&["list"]).since(1, 25),
    Node::missing("rm", "Remove one or more secrets").aliases(&["remove"]).since(1, 25),
];

const NODE: &[Node] = &[
    Node::missing("demote", "Demote one or more nodes from manager in the swarm"),
    Node::missing("inspect", "Display detailed information on one or more nodes"),
    Node::missing("ls", "List nodes in the swarm").aliases(&["list"]),
    Node::missing("promote", "Promote one or more nodes to manager in the swarm"),
    Node::missing("ps", "List tasks running on one or more nodes, defaults to current node"),
    Node::missing("rm", "Remove one or more nodes from the swarm").aliases(&["remove"]),
    Node::missing("update", "Update a node"),
];

const CONFIG: &[Node] = &[
    Node::missing("create", "Create a config from a file or STDIN").since(1, 30),
    Node::missing("inspect", "Display detailed information on one or more configs").since(1, 30),
    Node::missing("ls", "List configs").aliases(&["list"]).since(1, 30),
    Node::missing("rm", "Remove one or more configs").aliases(&["remove"]).since(1, 30),
];

const VOLUME: &[Node] = &[
    Node::command("create", &command::volume::create::COMMAND),
    Node::command("inspect", &command::volume::inspect::COMMAND),
    Node::command("ls", &command::volume::ls::COMMAND).aliases(&["list"]),
    Node::command("prune", &command::volume::prune::COMMAND).since(1, 25),
    Node::command("rm", &command::volume::rm::COMMAND).about("Remove one or more volumes").aliases(&["remove"]),
    Node::missing("update", "Update a volume (cluster volumes only)").since(1, 42).swarm(Needs::Manager),
];

const TRUST: &[Node] = &[
    Node::group("key", "Manage keys for signing Docker images", TRUST_KEY),
    Node::group("signer", "Manage entities who can sign Docker images", TRUST_SIGNER),
    Node::missing("inspect", "Return low-level information about keys and signatures"),
    Node::missing("revoke", "Remove trust for an image"),
    Node::missing("sign", "Sign an image"),
];

const TRUST_SIGNER: &[Node] = &[Node::missing("add", "Add a signer"), Node::missing("remove", "Remove a signer")];

const TRUST_KEY: &[Node] = &[
    Node::missing("generate", "Generate and load a signing key-pair"),
    Node::missing("load", "Load a private key file for signing"),
];

const SYSTEM: &[Node] = &[
    Node::command("df", &command::system::df::COMMAND).since(1, 25),
    Node::command("dial-stdio", &command::system::dial_stdio::COMMAND).hidden(),
    Node::command("events", &command::system::events::COMMAND),
    Node::command("info", &command::system::info::COMMAND),
    Node::command("prune", &command::system::prune::COMMAND).since(1, 25),
];

const PLUGIN: &[Node] = &[
    Node::missing("create", "Create a plugin from a rootfs and configuration. Plugin data directory must contain config.json and rootfs directory.").since(1, 25),
    Node::missing("disable", "Disable a plugin").since(1, 25),
    Node::missing("enable", "Enable a plugin").since(1, 25),
    Node::missing("inspect", "Display detailed information on one or more plugins").since(1, 25),
    Node::missing("install", "Install a plugin").since(1, 25),
    Node::missing("ls", "List plugins").aliases(&["list"]).since(1, 25),
    Node::missing("push", "Push a plugin to a registry").since(1, 25),
    Node::missing("rm", "Remove one or more plugins").aliases(&["remove"]).since(1, 25),
    Node::missing("set", "Change settings for a plugin").since(1, 25),
    Node::missing("upgrade", "Upgrade an existing plugin").since(1, 26),
];

const NETWORK: &[Node] = &[
    Node::command("connect", &command::network::connect::COMMAND),
    Node::command("create", &command::network::create::COMMAND),
    Node::command("disconnect", &command::network::disconnect::COMMAND),
    Node::command("inspect", &command::network::inspect::COMMAND),
    Node::command("ls", &command::network::ls::COMMAND).aliases(&["list"]),
    Node::command("prune", &command::network::prune::COMMAND).since(1, 25),
    Node::command("rm", &command::network::rm::COMMAND).aliases(&["remove"]),
];

const MANIFEST: &[Node] = &[
    Node::missing("annotate", "Add additional information to a local image manifest"),
    Node::missing("create", "Create a local manifest list for annotating and pushing to a registry"),
    Node::missing("inspect", "Display an image manifest, or manifest list"),
    Node::missing("push", "Push a manifest list to a repository"),
    Node::missing("rm", "Delete one or more manifest lists from local storage"),
];

const IMAGE: &[Node] = &[
    Node::missing("build", "Build an image from a Dockerfile"),
    Node::command("history", &command::image::history::COMMAND),
    Node::command("import", &command::image::import::COMMAND),
    Node::command("inspect", &command::image::inspect::COMMAND),
    Node::command("load", &command::image::load::COMMAND),
    Node::command("ls", &command::image::ls::COMMAND).aliases(&["list"]),
    Node::command("prune", &command::image::prune::COMMAND).since(1, 25),
    Node::command("pull", &command::image::pull::COMMAND),
    Node::missing("push", "Upload an image to a registry"),
    Node::command("rm", &command::image::rm::COMMAND).aliases(&["remove"]),
    Node::command("save", &command::image::save::COMMAND),
    Node::command("tag", &command::image::tag::COMMAND),
];

const COMPLETION: &[Node] = &[
    Node::command("bash", &command::completion::BASH),
    Node::command("fish", &command::completion::FISH),
    Node::command("powershell", &command::completion::POWERSHELL),
    Node::command("zsh", &command::completion::ZSH),
];

const CONTEXT: &[Node] = &[
    Node::command("create", &command::context::create::COMMAND),
    Node::command("export", &command::context::export::COMMAND),
    Node::command("import", &command::context::import::COMMAND),
    Node::command("inspect", &command::context::inspect::COMMAND),
    Node::command("ls", &command::context::ls::COMMAND).aliases(&["list"]),
    Node::command("rm", &command::context::rm::COMMAND).aliases(&["remove"]),
    Node::command("show", &command::context::show::COMMAND),
    Node::command("update", &command::context::update::COMMAND),
    Node::command("use", &command::context::select::COMMAND),
];

const CONTAINER: &[Node] = &[
    Node::command("attach", &command::container::attach::COMMAND),
    Node::command("commit", &command::container::commit::COMMAND),
    Node::command("cp", &command::container::cp::COMMAND)
        .about("Copy files/folders between a container and the local filesystem"),
    Node::command("create", &command::container::create::COMMAND),
    Node::command("diff", &command::container::diff::COMMAND),
    Node::command("exec", &command::container::exec::COMMAND),
    Node::command("export", &command::container::export::COMMAND),
    Node::command("inspect", &command::container::inspect::COMMAND),
    Node::command("kill", &command::container::kill::COMMAND),
    Node::command("logs", &command::container::logs::COMMAND),
    Node::command("ls", &command::container::ls::COMMAND).aliases(&["list", "ps"]),
    Node::command("pause", &command::container::pause::COMMAND),
    Node::command("port", &command::container::port::COMMAND),
    Node::command("prune", &command::container::prune::COMMAND).since(1, 25),
    Node::command("rename", &command::container::rename::COMMAND),
    Node::command("restart", &command::container::restart::COMMAND),
    Node::command("rm", &command::container::rm::COMMAND).aliases(&["remove"]),
    Node::command("run", &command::container::run::COMMAND),
    Node::command("start", &command::container::start::COMMAND),
    Node::command("stats", &command::container::stats::COMMAND),
    Node::command("stop", &command::container::stop::COMMAND),
    Node::command("top", &command::container::top::COMMAND),
    Node::command("unpause", &command::container::unpause::COMMAND),
    Node::command("update", &command::container::update::COMMAND),
    Node::command("wait", &command::container::wait::COMMAND),
];

const CHECKPOINT: &[Node] = &[
    Node::missing("create", "Create a checkpoint from a running container").since(1, 25),
    Node::missing("ls", "List checkpoints for a container").aliases(&["list"]).since(1, 25),
    Node::missing("rm", "Remove a checkpoint").aliases(&["remove"]).since(1, 25),
];

const BUILDER: &[Node] = &[
    Node::missing("build", "Build an image from a Dockerfile").since(1, 31),
    Node::missing("prune", "Remove build cache").since(1, 39),
];
