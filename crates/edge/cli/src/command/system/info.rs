//! `info`.

use crate::exit::Exit;
use crate::face::{DOCKER_VERSION, Face, VERSION};
use crate::flag::{Flag, Kind};
use crate::format::{Object, Template, Value};
use crate::opts::text;
use crate::plugin;
use crate::session::Session;
use crate::stream::{out, terminal, visible};
use crate::tree::{Args, Command, Invocation};
use api::system::Info;
use bytes::Bytes;
use client::Request;
use human::bytes_size;
use std::fmt::Write;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Display system-wide information",
    aliases: &["system info", "info"],
    args: Args::None,
    flags: &[Flag::new("format", Kind::Str, text::FORMAT).short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let session = &invocation.session;
    let format = invocation.matches.str("format");
    let template = match format {
        "" => None,
        "json" => Some("{{json .}}"),
        source => Some(source),
    };
    let wrong = |error: String| Exit { code: 64, message: format!("template parsing error: {error}") };
    let template = template.map(Template::parse).transpose().map_err(wrong)?;
    let answer = ask(session).await;
    if let Some(template) = template {
        return formatted(session, &template, answer);
    }
    let mut shown = client_part(session)?;
    let result = match answer {
        Ok(bytes) => {
            let info: Info = api::json::from_slice(&bytes).map_err(Exit::failure)?;
            shown += &format!("\nServer:\n{}\n", server_part(&info));
            let warnings = info.warnings.clone().unwrap_or_default();
            print(&shown)?;
            warnings.iter().for_each(|warning| eprintln!("{}", visible::on_terminal(warning, rustix::stdio::stderr())));
            return Ok(());
        }
        Err(exit) if exit.message.starts_with("Error response") => {
            Err(Exit::failure(format!("ERROR: {}\nerrors pretty printing info", exit.message)))
        }
        Err(exit) => Err(exit),
    };
    shown += "\nServer:\n";
    print(&shown)?;
    result
}

fn print(text: &str) -> Result<(), Exit> {
    out::print(&if terminal::stdout_is_terminal() { visible::visible(text) } else { text.into() })
}

async fn ask(session: &Session) -> Result<Bytes, Exit> {
    Ok(session.client().await?.send(Request::get("/info")).await?.bytes().await?)
}

fn client_version(session: &Session) -> &'static str {
    if session.face == Face::Docker { DOCKER_VERSION } else { VERSION }
}

fn client_part(session: &Session) -> Result<String, Exit> {
    let (version, context) = (client_version(session), &session.choice()?.context);
    let mut text =
        format!("Client:\n Version:    {version}\n Context:    {context}\n Debug Mode: {}\n", session.debug());
    let mut title = " Plugins:\n";
    for plugin in plugin::all(session.config()) {
        match plugin.metadata {
            Ok(about) => {
                let (name, path) = (&plugin.name, plugin.path.display());
                let _ = writeln!(text, "{title}  {name}: {} ({})", about.short_description, about.vendor);
                line(&mut text, "    Version", &format!(" {}", about.version));
                let _ = writeln!(text, "    Path:     {path}");
                title = "";
            }
            Err(why) => eprintln!("WARNING: Plugin \"{}\" is not valid: {why}", plugin.path.display()),
        }
    }
    Ok(text)
}

/// The plugins as docker's client describes them.
fn plugins(session: &Session) -> Vec<serde_json::Value> {
    let describe = |plugin: plugin::Plugin| {
        let (name, path) = (plugin.name, plugin.path.display().to_string());
        match plugin.metadata {
            Err(why) => serde_json::json!({"Name": name, "Path": path, "Err": why}),
            Ok(about) => {
                let mut json = serde_json::json!({"SchemaVersion": about.schema_version, "Vendor": about.vendor});
                for (key, value) in
                    [("Version", about.version), ("ShortDescription", about.short_description), ("URL", about.url)]
                {
                    if !value.is_empty() {
                        json[key] = value.into();
                    }
                }
                (json["Name"], json["Path"]) = (name.into(), path.into());
                json
            }
        }
    };
    plugin::all(session.config()).into_iter().map(describe).collect()
}

/// The daemon's fields, and what the client knows of itself, as a template's dot.
fn formatted(session: &Session, template: &Template, answer: Result<Bytes, Exit>) -> Result<(), Exit> {
    let (json, error) = match answer {
        Ok(bytes) => (serde_json::from_slice(&bytes).map_err(Exit::failure)?, None),
        // Without a server its fields are empty, not missing.
        Err(exit) => (serde_json::to_value(Info::default()).map_err(Exit::failure)?, Some(exit)),
    };
    let Value::Object(server) = Value::from(&json) else { return Err(Exit::failure("malformed answer to /info")) };
    let about = super::version::describe(session)?;
    let client = serde_json::json!({
        "Debug": session.debug(),
        "Version": about.version,
        "DefaultAPIVersion": about.default_api_version,
        "GitCommit": about.git_commit,
        "GoVersion": about.go_version,
        "Os": about.os,
        "Arch": about.arch,
        "BuildTime": about.build_time,
        "Context": about.context,
        "Plugins": plugins(session),
        "Warnings": null,
    });
    let mut fields = server.fields.clone();
    fields.push(("ClientInfo".into(), Value::from(&client)));
    let omitted = vec![("ServerErrors".to_string(), Value::Null("[]"))];
    let dot = Object { type_name: "system.dockerInfo", omitted, ..Object::map(fields) };
    let shown = template.run(&dot.into()).map_err(|error| Exit::failure(format!("template parsing error: {error}")))?;
    print(&(shown + "\n"))?;
    error.map_or(Ok(()), Err)
}

fn server_part(info: &Info) -> String {
    let mut out = String::new();
    counts(&mut out, info);
    storage(&mut out, info);
    drivers(&mut out, info);
    runtimes(&mut out, info);
    security(&mut out, info);
    host(&mut out, info);
    daemon(&mut out, info);
    out.trim_end_matches('\n').to_string() + "\n"
}

fn counts(out: &mut String, info: &Info) {
    let _ = write!(
        out,
        " Containers: {}\n  Running: {}\n  Paused: {}\n  Stopped: {}\n Images: {}\n",
        info.containers, info.containers_running, info.containers_paused, info.containers_stopped, info.images
    );
    line(out, " Server Version", &info.server_version);
}

/// A line, unless the value is empty.
fn line(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "{name}: {value}");
    }
}

fn storage(out: &mut String, info: &Info) {
    line(out, " Storage Driver", &info.driver);
    for (name, value) in &info.driver_status {
        let _ = writeln!(out, "  {name}: {value}");
    }
    line(out, " Logging Driver", &info.logging_driver);
    line(out, " Cgroup Driver", &info.cgroup_driver);
    line(out, " Cgroup Version", &info.cgroup_version);
}

fn drivers(out: &mut String, info: &Info) {
    let list = |names: &Option<Vec<String>>| names.clone().unwrap_or_default().join(" ");
    let _ = write!(
        out,
        " Plugins:\n  Volume: {}\n  Network: {}\n",
        list(&info.plugins.volume),
        list(&info.plugins.network)
    );
    line(out, "  Authorization", &list(&info.plugins.authorization));
    let _ = writeln!(out, "  Log: {}", list(&info.plugins.log));
    for directory in info.cdi_spec_dirs.iter().flatten().take(1) {
        let rest = info.cdi_spec_dirs.iter().flatten().skip(1);
        let _ = writeln!(out, " CDI spec directories:\n  {directory}");
        rest.for_each(|directory| {
            let _ = writeln!(out, "  {directory}");
        });
    }
    line(out, " Swarm", &info.swarm.local_node_state);
}

fn runtimes(out: &mut String, info: &Info) {
    if info.runtimes.is_empty() {
        return;
    }
    let names: Vec<&str> = info.runtimes.keys().map(String::as_str).collect();
    let _ = write!(out, " Runtimes: {}\n Default Runtime: {}\n", names.join(" "), info.default_runtime);
    let _ = write!(
        out,
        " Init Binary: {}\n containerd version: {}\n runc version: {}\n init version: {}\n",
        info.init_binary, info.containerd_commit.id, info.runc_commit.id, info.init_commit.id
    );
}

/// Options come as `name=seccomp,profile=builtin`.
fn security(out: &mut String, info: &Info) {
    if info.security_options.is_empty() {
        return;
    }
    let _ = writeln!(out, " Security Options:");
    for option in &info.security_options {
        let pairs = option.split(',').filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            let _ = match name {
                "name" => writeln!(out, "  {value}"),
                "profile" => writeln!(out, "   Profile: {value}"),
                _ => writeln!(out, "   {name}: {value}"),
            };
        }
    }
}

fn host(out: &mut String, info: &Info) {
    line(out, " Kernel Version", &info.kernel_version);
    line(out, " Operating System", &info.operating_system);
    line(out, " OSType", &info.os_type);
    line(out, " Architecture", &info.architecture);
    let _ = write!(out, " CPUs: {}\n Total Memory: {}\n", info.n_cpu, bytes_size(info.mem_total as f64));
    line(out, " Name", &info.name);
    line(out, " ID", &info.id);
    line(out, " Docker Root Dir", &info.docker_root_dir);
}

fn daemon(out: &mut String, info: &Info) {
    let _ = writeln!(out, " Debug Mode: {}", info.debug);
    if info.debug {
        let _ = write!(
            out,
            "  File Descriptors: {}\n  Goroutines: {}\n  System Time: {}\n  EventsListeners: {}\n",
            info.n_fd, info.n_goroutines, info.system_time, info.n_events_listener
        );
    }
    line(out, " HTTP Proxy", &info.http_proxy);
    line(out, " HTTPS Proxy", &info.https_proxy);
    line(out, " No Proxy", &info.no_proxy);
    list(out, " Labels", info.labels.iter());
    let _ = writeln!(out, " Experimental: {}", info.experimental_build);
    if let Some(registries) = &info.registry_config {
        let insecure = registries.index_configs.values().filter(|index| !index.secure).map(|index| &index.name);
        list(out, " Insecure Registries", insecure.chain(&registries.insecure_registry_cidrs));
        list(out, " Registry Mirrors", registries.mirrors.iter().flatten());
    }
    let _ = writeln!(out, " Live Restore Enabled: {}", info.live_restore_enabled);
    line(out, " Product License", &info.product_license);
    if !info.default_address_pools.is_empty() {
        let _ = writeln!(out, " Default Address Pools:");
        for pool in &info.default_address_pools {
            let _ = writeln!(out, "   Base: {}, Size: {}", pool.base, pool.size);
        }
    }
}

fn list<'a>(out: &mut String, title: &str, mut items: impl Iterator<Item = &'a String>) {
    if let Some(first) = items.next() {
        let _ = writeln!(out, "{title}:\n  {first}");
        items.for_each(|item| {
            let _ = writeln!(out, "  {item}");
        });
    }
}
