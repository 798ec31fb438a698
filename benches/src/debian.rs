//! A Debian image with python3 in three layers of gzip, made of Debian's packages.
//!
//! It is kept beside the builds, as an OCI image layout, since making it takes longer than measuring with it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::shell::{command, output, run, script};

/// The layers: what `tar` takes into each. The rest of the system, its data, and Python.
const LAYERS: [&[&str]; 3] = [
    &["--exclude=./dev/*", "--exclude=./usr/share", "--exclude=./usr/lib/python3*", "."],
    &["./usr/share"],
    &["./usr/lib/python3", "./usr/lib/python3.11"],
];

/// The image.
#[derive(Debug)]
pub struct Debian {
    /// The image layout.
    pub layout: PathBuf,
    /// Bytes of all layers, compressed and not.
    pub sizes: (u64, u64),
}

impl Debian {
    /// Makes the image, where an earlier run has not.
    pub fn make() -> Result<Self> {
        let own = std::env::current_exe().context("find our own file")?;
        let layout = own.parent().and_then(Path::parent).context("find the folder of builds")?.join("bench/debian");
        if !layout.join("index.json").exists() {
            eprintln!("making the Debian image (once) …");
            build(&layout).context("make the Debian image")?;
        }
        let sizes = fs::read_to_string(layout.join("sizes.json")).context("read sizes.json")?;
        let sizes: Value = serde_json::from_str(&sizes)?;
        let size = |name: &str| sizes[name].as_u64().with_context(|| format!("sizes.json: no {name}"));
        Ok(Self { sizes: (size("compressed")?, size("plain")?), layout })
    }
}

fn build(layout: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(layout);
    fs::create_dir_all(layout.join("blobs/sha256"))?;
    let root = tempfile::tempdir().context("make a folder")?;
    bootstrap(root.path())?;
    let layers = LAYERS.iter().map(|what| Layer::make(layout, root.path(), what)).collect::<Result<Vec<_>>>()?;
    let total = |size: fn(&Layer) -> u64| layers.iter().map(size).sum::<u64>();
    let sizes = json!({ "compressed": total(|layer| layer.compressed), "plain": total(|layer| layer.plain) });
    fs::write(layout.join("sizes.json"), sizes.to_string())?;
    write_index(layout, &layers)
}

/// The host's own release, from the host's own mirror.
fn bootstrap(root: &Path) -> Result<()> {
    let suite = output(&mut script(". /etc/os-release; echo $VERSION_CODENAME", [""; 0]))?;
    let mut make = command(["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3", &suite]);
    run(make.arg(root).args(mirror()?))
}

/// The mirror that the machine's own sources name, where they do.
pub fn mirror() -> Result<Option<String>> {
    let mirror = "awk '/^URIs:/ {print $2; exit} /^deb / {print $2; exit}' /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true";
    let mirror = output(&mut script(mirror, [""; 0]))?;
    Ok(mirror.lines().next().map(str::to_owned))
}

struct Layer {
    digest: String,
    diff_id: String,
    compressed: u64,
    plain: u64,
}

impl Layer {
    fn make(layout: &Path, root: &Path, what: &[&str]) -> Result<Self> {
        let plain = layout.join("layer.tar");
        let mut pack = command(["tar", "--sort=name", "--numeric-owner", "--ignore-failed-read", "-cf"]);
        run(pack.arg(&plain).arg("-C").arg(root).args(what))?;
        let (size, diff_id) = (fs::metadata(&plain)?.len(), digest(&plain)?);
        run(command(["gzip", "-6", "--no-name", "--force"]).arg(&plain))?;
        let (digest, compressed) = keep(layout, &layout.join("layer.tar.gz"))?;
        Ok(Self { digest, diff_id, compressed, plain: size })
    }
}

fn write_index(layout: &Path, layers: &[Layer]) -> Result<()> {
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    let config = json!({
        "architecture": if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" },
        "os": "linux",
        "config": { "Cmd": ["python3"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let descriptors: Vec<Value> =
        layers.iter().map(|layer| descriptor("layer.v1.tar+gzip", &layer.digest, layer.compressed)).collect();
    let (digest, size) = keep_json(layout, &config)?;
    let manifest =
        json!({ "schemaVersion": 2, "config": descriptor("config.v1+json", &digest, size), "layers": descriptors });
    let (digest, size) = keep_json(layout, &manifest)?;
    let mut entry = descriptor("manifest.v1+json", &digest, size);
    entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "python" });
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    fs::write(layout.join("index.json"), json!({ "schemaVersion": 2, "manifests": [entry] }).to_string())?;
    Ok(())
}

fn descriptor(kind: &str, digest: &str, size: u64) -> Value {
    json!({ "mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest, "size": size })
}

fn keep_json(layout: &Path, value: &Value) -> Result<(String, u64)> {
    let file = layout.join("value.json");
    fs::write(&file, value.to_string())?;
    keep(layout, &file)
}

/// Moves a file to its place among the blobs.
fn keep(layout: &Path, file: &Path) -> Result<(String, u64)> {
    let digest = digest(file)?;
    let size = fs::metadata(file)?.len();
    fs::rename(file, layout.join("blobs").join(digest.replace(':', "/")))?;
    Ok((digest, size))
}

fn digest(file: &Path) -> Result<String> {
    let line = output(command(["sha256sum"]).arg(file))?;
    Ok(format!("sha256:{}", line.split(' ').next().unwrap_or_default()))
}
