//! One call of the program: its configuration and its daemon.

use crate::config::{Choice, ConfigFile, Globals, context_name, resolve};
use crate::exit::Exit;
use crate::face::{Face, VERSION};
use crate::flag::{Flag, Matches};
use crate::hooks::Hooks;
use crate::timing::Timing;
use client::{ApiVersion, Client, Endpoint, Ping, Settings, Tls};
use std::cell::OnceCell;
use std::io;

/// What all commands of one call share. Nothing is read or connected before it is needed.
pub struct Session {
    /// The program's name.
    pub face: Face,
    /// The steps' times.
    pub timing: Timing,
    hooks: Hooks,
    globals: Globals,
    config: OnceCell<ConfigFile>,
    choice: OnceCell<Choice>,
    client: OnceCell<Client>,
}

impl Session {
    /// A session that has done nothing yet.
    pub fn new(face: Face, hooks: Hooks, globals: Globals) -> Session {
        Session {
            face,
            timing: Timing::new(),
            hooks,
            globals,
            config: OnceCell::new(),
            choice: OnceCell::new(),
            client: OnceCell::new(),
        }
    }

    /// The user's configuration; a broken file is warned about once.
    pub fn config(&self) -> &ConfigFile {
        self.config.get_or_init(|| {
            let (config, warning) = ConfigFile::load(&ConfigFile::directory(&self.globals.config));
            if let Some(warning) = warning {
                eprintln!("{warning}");
            }
            config
        })
    }

    /// Whether `--debug` was given.
    pub fn debug(&self) -> bool {
        self.globals.debug
    }

    /// The context in use.
    pub fn context_name(&self) -> Result<String, Exit> {
        context_name(&self.globals, self.config(), &|name| std::env::var(name).ok())
    }

    /// The daemon that is meant where no context is.
    pub fn default_choice(&self) -> Result<Choice, Exit> {
        let globals = Globals { context: "default".into(), hosts: Vec::new(), ..self.globals.clone() };
        let hosts = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        let hosts =
            if self.globals.hosts.is_empty() { hosts.into_iter().collect() } else { self.globals.hosts.clone() };
        let globals = if hosts.is_empty() { globals } else { Globals { context: String::new(), hosts, ..globals } };
        resolve(self.face, &globals, self.config(), &|name| std::env::var(name).ok())
    }

    /// The daemon that is meant.
    pub fn choice(&self) -> Result<&Choice, Exit> {
        if self.choice.get().is_none() {
            let env = |name: &str| std::env::var(name).ok();
            let choice = resolve(self.face, &self.globals, self.config(), &env)?;
            let _ = self.choice.set(choice);
        }
        self.choice.get().ok_or_else(|| Exit::failure("no endpoint"))
    }

    /// The client, not connected.
    pub fn unconnected(&self) -> Result<&Client, Exit> {
        if self.client.get().is_none() {
            let _ = self.client.set(Client::new(self.settings()?));
        }
        self.client.get().ok_or_else(|| Exit::failure("no client"))
    }

    fn settings(&self) -> Result<Settings, Exit> {
        let fixed = std::env::var("DOCKER_API_VERSION").ok().filter(|version| !version.is_empty());
        let version = match fixed {
            Some(text) => Some(text.strip_prefix('v').unwrap_or(&text).parse().map_err(|_| {
                Exit::failure(format!(
                    "Failed to initialize: unable to resolve docker endpoint: invalid API version {text:?}"
                ))
            })?),
            None => None,
        };
        let headers = self.config().http_headers.iter();
        let choice = self.choice()?;
        // Certificates are looked at only where they are used.
        let certificates = choice.certificates.as_ref().filter(|_| matches!(choice.endpoint, Endpoint::Tcp { .. }));
        let tls = certificates.map(Tls::new).transpose();
        Ok(Settings {
            endpoint: choice.endpoint.clone(),
            tls: tls.map_err(|error| Exit::failure(format!("Failed to initialize: {error}")))?,
            own_session: self.hooks.own_session,
            version,
            headers: headers
                .filter(|(name, _)| !name.eq_ignore_ascii_case("user-agent"))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect(),
            user_agent: format!("Docker-Client/{VERSION} (linux)"),
        })
    }

    /// The client of a daemon that answers. Where none does and the program may, one is started.
    pub async fn client(&self) -> Result<&Client, Exit> {
        let client = self.unconnected()?;
        match client.negotiate().await {
            Ok(_) => Ok(client),
            Err(error) if self.may_start(&error) => {
                self.start_daemon(client.endpoint())?;
                client.negotiate().await?;
                Ok(client)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn may_start(&self, error: &client::Error) -> bool {
        let nobody = match error {
            client::Error::NoDaemon { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
            }
            _ => false,
        };
        let default = self.choice.get().is_some_and(|choice| choice.is_default);
        nobody && default && self.face == Face::Gantry && self.hooks.start_daemon.is_some()
    }

    fn start_daemon(&self, endpoint: &Endpoint) -> Result<(), Exit> {
        let (Some(start), Endpoint::Unix(socket)) = (self.hooks.start_daemon, endpoint) else { return Ok(()) };
        let daemon = start(socket).map_err(|why| {
            Exit::failure(format!("no daemon answered at {endpoint}, and none could be started: {why}"))
        })?;
        self.timing.enable();
        self.timing.step(format_args!(
            "no daemon answered at {endpoint}; started one (pid {}, log {})",
            daemon.pid,
            daemon.log.display()
        ));
        Ok(())
    }

    /// Refuses flags that the daemon is too old for, or whose system is another, as docker does.
    pub async fn check_support(&self, matches: &Matches) -> Result<(), Exit> {
        let limited = |flag: &&Flag| flag.since > Some((1, 24)) || !flag.os.is_empty() || flag.experimental;
        let special: Vec<_> = matches.given().filter(limited).collect();
        if special.is_empty() {
            return Ok(());
        }
        // Without a daemon there is nothing to compare with; the command itself will tell that none answers.
        let client = self.unconnected()?;
        let Ok(version) = client.negotiate().await else { return Ok(()) };
        let ping = client.ping().await?;
        let os = &ping.os;
        for flag in special {
            if let Some((major, minor)) = flag.since
                && version < (ApiVersion { major, minor })
            {
                return Err(Exit::failure(format!(
                    "\"--{}\" requires API version {major}.{minor}, but the Docker daemon API version is {version}",
                    flag.long
                )));
            }
            if flag.experimental && !ping.experimental {
                return Err(Exit::failure(format!(
                    "\"--{}\" is only supported on a Docker daemon with experimental features enabled",
                    flag.long
                )));
            }
            if !flag.os.is_empty() && !os.is_empty() && flag.os != *os {
                return Err(Exit::failure(format!(
                    "\"--{}\" is only supported on a Docker daemon running on {}, but the Docker daemon is running on {os}",
                    flag.long, flag.os
                )));
            }
        }
        Ok(())
    }

    /// What the daemon says about itself, if one answers at once; for help texts.
    pub fn glance(&self) -> Option<Ping> {
        let client = self.unconnected().ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let ping = async { client.ping().await.ok().cloned() };
        runtime
            .block_on(async { tokio::time::timeout(std::time::Duration::from_millis(500), ping).await.ok().flatten() })
    }

    /// The keys that leave a container: the flag, else the configuration.
    pub fn detach_keys(&self, flag: &str) -> String {
        if flag.is_empty() { self.config().detach_keys.clone() } else { flag.into() }
    }
}
