//! The engines without their clients: requests over one connection that is kept.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::api::Api;
use crate::engine::Engine;
use crate::samples::Samples;
use crate::stand::Stand;
use crate::table::Table;

const STEPS: [&str; 5] = ["create, start, wait, delete", "create", "start", "wait", "delete"];

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let mut table = Table::new("API alone (ms)", ["gantry", "docker.io"]);
    let ping = interleave(stand, 50, |api| Ok(vec![timed(|| api.call("GET", "/_ping", None))?.1]))?;
    ping.into_iter().for_each(|samples| table.row("`GET /_ping`", samples));
    for network in ["bridge", "none"] {
        let steps = interleave(stand, 15, |api| cycle(api, network))?;
        for (step, samples) in STEPS.iter().zip(steps) {
            table.row(format!("{network}: {step}"), samples);
        }
    }
    Ok(vec![table])
}

/// The times of the steps, their sum first.
fn cycle(api: &mut Api, network: &str) -> Result<Vec<f64>> {
    let body = json!({ "Image": "busybox", "Cmd": ["true"], "HostConfig": { "NetworkMode": network } });
    let (made, create) = timed(|| api.call("POST", "/containers/create", Some(&body)))?;
    let made: Value = serde_json::from_slice(&made)?;
    let id = made["Id"].as_str().context("create a container: no id")?;
    let (_, start) = timed(|| api.call("POST", &format!("/containers/{id}/start"), None))?;
    let (_, wait) = timed(|| api.call("POST", &format!("/containers/{id}/wait"), None))?;
    let (_, delete) = timed(|| api.call("DELETE", &format!("/containers/{id}?force=1"), None))?;
    Ok(vec![create + start + wait + delete, create, start, wait, delete])
}

/// For each of the values that `visit` gives, the samples of both engines.
fn interleave(
    stand: &Stand,
    usual: usize,
    mut visit: impl FnMut(&mut Api) -> Result<Vec<f64>>,
) -> Result<Vec<Vec<Samples>>> {
    let connect = |engine: &Engine| Api::connect(engine.socket());
    let mut engines = stand.engines().into_iter().map(connect).collect::<Result<Vec<_>>>()?;
    let mut all: Vec<Vec<Samples>> = Vec::new();
    for round in 0..=stand.rounds(usual) {
        for (place, api) in engines.iter_mut().enumerate() {
            let values = visit(api)?;
            all.resize(values.len(), vec![Samples::default(); 2]);
            if round > 0 {
                values.into_iter().zip(&mut all).for_each(|(value, samples)| samples[place].push(value));
            }
        }
    }
    Ok(all)
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let begun = Instant::now();
    let result = work()?;
    Ok((result, begun.elapsed().as_secs_f64() * 1e3))
}
