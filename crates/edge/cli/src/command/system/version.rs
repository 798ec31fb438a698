//! `version`.

use super::inspect::typed;
use super::version_text;
use crate::exit::Exit;
use crate::face::{BUILD, DOCKER_VERSION, Face, VERSION};
use crate::flag::{Flag, Kind};
use crate::format::{Object, Template, Value};
use crate::opts::text;
use crate::stream::out;
use crate::tree::{Args, Command, Invocation};
use api::system;
use api::version::NEWEST;
use client::Request;

/// The command.
pub static COMMAND: Command = Command {
    usage: "[OPTIONS]",
    about: "Show the Docker version information",
    aliases: &[],
    args: Args::None,
    flags: &[Flag::new("format", Kind::Str, text::FORMAT).short('f')],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

/// What this program is.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientVersion {
    /// The program's version.
    pub version: String,
    /// The version in use.
    #[serde(rename = "ApiVersion")]
    pub api_version: String,
    /// The newest version it knows.
    #[serde(rename = "DefaultAPIVersion")]
    pub default_api_version: String,
    /// The revision it was built from.
    pub git_commit: String,
    /// The language it is written in, where docker tells Go's version.
    pub go_version: String,
    /// `linux`.
    pub os: String,
    /// `amd64` …
    pub arch: String,
    /// When it was built.
    pub build_time: String,
    /// The context in use.
    pub context: String,
}

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let format = invocation.matches.str("format");
    let template = match format {
        "" | "json" => None,
        source => {
            let failed = |error: String| Exit { code: 64, message: format!("template parsing error: {error}") };
            Some(Template::parse(source).map_err(failed)?.named("version"))
        }
    };
    let session = &invocation.session;
    let server = server(session).await;
    let client = describe(session)?;
    let found = server.as_ref().ok();
    let shown = match (&template, format) {
        (Some(template), _) => match template.run(&value(&client, found)) {
            Ok(text) => text + "\n",
            Err(error) => {
                out::print("\n")?;
                return Err(Exit::failure(error));
            }
        },
        (None, "json") => value(&client, found).json() + "\n",
        _ => version_text::render(&client, found),
    };
    out::print(&shown)?;
    server.map(drop)
}

async fn server(session: &crate::session::Session) -> Result<system::Version, Exit> {
    Ok(session.client().await?.send(Request::get("/version")).await?.json().await?)
}

pub fn describe(session: &crate::session::Session) -> Result<ClientVersion, Exit> {
    let version = match session.face {
        Face::Gantry => VERSION,
        Face::Docker => DOCKER_VERSION,
    };
    Ok(ClientVersion {
        version: version.into(),
        api_version: session.unconnected()?.version().to_string(),
        default_api_version: NEWEST.to_string(),
        git_commit: BUILD.into(),
        go_version: "none (Rust)".into(),
        os: std::env::consts::OS.into(),
        arch: names::Platform::host().architecture().into(),
        build_time: option_env!("GANTRY_BUILD_TIME").unwrap_or("unknown").into(),
        context: session.choice()?.context.clone(),
    })
}

/// Both as a template's dot, under the names of Go's structures.
fn value(client: &ClientVersion, server: Option<&system::Version>) -> Value {
    let object = |json: Result<serde_json::Value, serde_json::Error>, type_name| match json.map(|json| typed("", &json))
    {
        Ok(Value::Object(object)) => {
            let (fields, omitted) = (object.fields.clone(), object.omitted.clone());
            Object { type_name, fields, omitted, methods: Vec::new(), prints_bare: true }.into()
        }
        _ => Value::Nil,
    };
    let server = server.map_or(Value::Null("<nil>"), |server| object(serde_json::to_value(server), "*types.Version"));
    let fields = vec![
        ("Client".to_string(), object(serde_json::to_value(client), "system.clientVersion")),
        ("Server".to_string(), server),
    ];
    Object { type_name: "system.versionInfo", ..Object::map(fields) }.into()
}
