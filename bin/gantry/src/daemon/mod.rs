//! The daemon's face: options, checks, wiring, signals.

mod flags;
mod logging;
mod notify;
mod options;
mod pidfile;
mod preflight;
mod reload;
mod runtimes;
mod settings;
mod tls;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use options::{Request, Values};
use reload::Reload;
use settings::Settings;

/// How long open requests may go on after a request to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Runs the daemon until it is told to stop.
pub fn main(program: &str, args: &[String]) -> ExitCode {
    let outcome = match options::parse(args) {
        Ok(Request::Help) => {
            print!("{}", options::help(program));
            Ok(())
        }
        Ok(Request::Version) => {
            println!("Gantry version {}, build {}", env!("CARGO_PKG_VERSION"), engine::BUILD);
            Ok(())
        }
        Ok(Request::Run(values)) => run(program, args, values),
        Err(message) => Err(anyhow!("{message}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(program: &str, args: &[String], mut values: Values) -> Result<()> {
    read_config_file(&mut values)?;
    values.check().map_err(|message| anyhow!(message))?;
    let settings = settings::read(program, &values).map_err(|message| anyhow!(message))?;
    if values.switch("validate", false) {
        println!("configuration OK");
        return Ok(());
    }
    let set_level = logging::start(&settings.logging);
    for note in values.notes() {
        tracing::warn!("{note}");
    }
    preflight::check().map_err(|message| anyhow!(message))?;
    if std::env::var_os(crate::autostart::DETACHED).is_some() {
        rustix::process::setsid().context("leave the client's session")?;
    }
    raise_file_limit();
    if let Some(adjustment) = &settings.oom_score_adjust {
        fs::write("/proc/self/oom_score_adj", adjustment).context("adjust the daemon's score for lack of memory")?;
    }
    let _pidfile = pidfile::Pidfile::write(&settings.pidfile)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .max_blocking_threads(64)
        .thread_keep_alive(Duration::from_secs(2))
        .build()
        .context("start the async runtime")?;
    let reload = Reload { program: program.to_owned(), args: args.to_vec(), values, set_level };
    let outcome = runtime.block_on(serve(settings, reload));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// A container needs a few descriptors of the daemon's; the usual soft limit would end at some hundred containers.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

fn read_config_file(values: &mut Values) -> Result<()> {
    let named = values.text("config-file").map(str::to_owned);
    let path = named.clone().unwrap_or_else(|| "/etc/docker/daemon.json".into());
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // dockerd: a default file that is missing is fine, one that was named is not.
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(anyhow!("unable to configure the Docker daemon with file {path}: {error}")),
    };
    values
        .merge_file(&text)
        .map_err(|message| anyhow!("unable to configure the Docker daemon with file {path}: {message}"))
}

async fn serve(settings: Settings, reload: Reload) -> Result<()> {
    let listeners = server::listen(&settings.hosts, settings.group.as_deref(), settings.tls.as_ref());
    let listeners = listeners.await.map_err(|error| anyhow!("{error}"))?;
    let metrics = match &settings.metrics {
        Some(address) => {
            let listener = server::listen_for_metrics(address).await;
            Some(listener.with_context(|| format!("failed to start metrics server: listen on {address}"))?)
        }
        None => None,
    };
    let engine = engine::Engine::open(settings.engine).await.map_err(|fault| anyhow!("{fault}"))?;
    if let Some(listener) = metrics {
        let engine = engine.clone();
        tokio::spawn(server::serve_metrics(listener, move || engine.metrics()));
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(wait_for_signal(stop, engine.clone(), reload));
    notify::ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), hosts = ?settings.hosts, "daemon is ready");
    server::serve(engine.clone(), listeners, stopped, LAST_REQUESTS).await.map_err(|error| anyhow!("{error}"))?;
    notify::stopping();
    let live_restore = engine.outlived();
    engine.close().await;
    let containers = if live_restore { "running containers go on" } else { "its containers have, too" };
    tracing::info!("daemon has stopped; {containers}");
    Ok(())
}

/// Reads the configuration again at SIGHUP. Sets the flag at SIGTERM or SIGINT; a third signal ends the process at once, as dockerd does.
async fn wait_for_signal(stop: watch::Sender<bool>, engine: engine::Engine, mut reload: Reload) {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(signal) else {
        tracing::error!("signals cannot be received");
        return;
    };
    let mut count = 0;
    loop {
        let number = tokio::select! {
            _ = terminate.recv() => 15,
            _ = interrupt.recv() => 2,
            _ = hangup.recv() => {
                reload.again(&engine);
                continue;
            }
        };
        count += 1;
        tracing::info!(signal = number, "told to stop");
        let _ = stop.send(true);
        if count == 3 {
            std::process::exit(128 + number);
        }
    }
}
