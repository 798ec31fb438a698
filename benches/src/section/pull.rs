//! Pull and unpack of a Debian image from a registry on loopback.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::column::interleave;
use crate::debian::Debian;
use crate::registry::{ADDRESS, Registry};
use crate::shell::run;
use crate::stand::{Stand, titles};
use crate::table::{Bar, Table};

/// What goes on after the image before was removed is over by then.
const PAUSE: Duration = Duration::from_millis(500);

pub fn measure(stand: &Stand) -> Result<Vec<Table>> {
    let image = Debian::make()?;
    let folder = stand.scratch.path().join("registry");
    fs::create_dir_all(&folder)?;
    let registries = stand.engines().map(|engine| Registry::start(engine, &folder));
    let _registries = registries.into_iter().collect::<Result<Vec<_>>>()?;
    let reference = format!("{ADDRESS}/debian:python");
    let source = format!("oci:{}:python", image.layout.display());
    let target = format!("docker://{reference}");
    let push = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "--format=v2s2", &source, &target];
    run(&mut stand.docker.in_network(&push)).context("push the Debian image")?;

    let columns = stand.columns();
    let (compressed, plain) = image.sizes;
    let title = format!(
        "Pull of a Debian image: 3 layers, {:.0} MB of gzip, {:.0} MB unpacked (ms)",
        compressed as f64 / 1e6,
        plain as f64 / 1e6
    );
    let mut table = Table::new(&title, titles(&columns));
    let (wall, cpu) = interleave(&columns, stand.rounds(4), |column, _| {
        // There is none before the first.
        let _ = column.engine.ask(&["rmi", "-f", &reference]);
        std::thread::sleep(PAUSE);
        column.run(&["pull", "--quiet", &reference])
    })?;
    table.row_with_bar("`pull`", wall, Bar::Times(3.0));
    table.row("processor time", cpu);
    Ok(vec![table])
}
