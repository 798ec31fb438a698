//! Images made here: layers, a configuration, and an OCI layout that skopeo takes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// A layer: an uncompressed archive on disk.
#[derive(Clone, Debug)]
pub struct Layer {
    file: PathBuf,
    digest: String,
    size: u64,
}

/// An image in a folder of its own, under the tag `latest`.
#[derive(Debug)]
pub struct Image {
    folder: TempDir,
}

impl Layer {
    /// Takes an archive that is there.
    pub fn from_tar(file: &Path) -> Self {
        let mut hasher = Hasher(Sha256::new());
        let size = io::copy(&mut File::open(file).expect("open the layer"), &mut hasher).expect("read the layer");
        Self { file: file.to_owned(), digest: hasher.digest(), size }
    }

    /// Makes an archive of regular files, given by path, mode and content, below `folder`.
    pub fn from_files(folder: &Path, name: &str, files: &[(&str, u32, &[u8])]) -> Self {
        let path = folder.join(format!("{name}.tar"));
        let mut archive = tar::Builder::new(File::create(&path).expect("create a layer"));
        for (name, mode, content) in files {
            append(&mut archive, name, *mode, content);
        }
        archive.into_inner().expect("write a layer");
        Self::from_tar(&path)
    }
}

fn append(archive: &mut tar::Builder<File>, name: &str, mode: u32, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(content.len() as u64);
    header.set_cksum();
    archive.append_data(&mut header, name, content).expect("write a layer");
}

impl Image {
    /// Makes an image of layers, the lowest first, and of what its configuration says about running it.
    pub fn new(layers: &[Layer], config: &Value) -> Self {
        let image = Self { folder: tempfile::tempdir().expect("make a folder for an image") };
        fs::create_dir_all(image.path().join("blobs/sha256")).expect("make a folder for blobs");
        for layer in layers {
            let place = image.path().join("blobs/sha256").join(&layer.digest);
            let _ = fs::remove_file(&place);
            fs::hard_link(&layer.file, &place)
                .or_else(|_| fs::copy(&layer.file, &place).map(drop))
                .expect("add a layer");
        }
        image.write_documents(layers, config);
        image
    }

    /// The folder of the layout.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write_documents(&self, layers: &[Layer], config: &Value) {
        let kind = |rest: &str| format!("application/vnd.oci.image.{rest}");
        let diff_ids: Vec<String> = layers.iter().map(|layer| format!("sha256:{}", layer.digest)).collect();
        let history: Vec<Value> =
            (1..=layers.len()).map(|number| json!({"created_by": format!("layer {number}")})).collect();
        let config = self.add(&json!({
            "architecture": architecture(), "os": "linux", "created": "2024-01-02T03:04:05Z", "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history,
        }));
        let layers: Vec<Value> =
            layers.iter().map(|layer| descriptor(&kind("layer.v1.tar"), &layer.digest, layer.size)).collect();
        let manifest = self.add(&json!({
            "schemaVersion": 2, "mediaType": kind("manifest.v1+json"),
            "config": descriptor(&kind("config.v1+json"), &config.0, config.1), "layers": layers,
        }));
        let mut named = descriptor(&kind("manifest.v1+json"), &manifest.0, manifest.1);
        named["annotations"] = json!({"org.opencontainers.image.ref.name": "latest"});
        let index = json!({"schemaVersion": 2, "manifests": [named]});
        fs::write(self.path().join("index.json"), index.to_string()).expect("write an image's index");
        fs::write(self.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("write a layout");
    }

    /// Adds a document; gives its digest and size.
    fn add(&self, document: &Value) -> (String, u64) {
        let bytes = document.to_string().into_bytes();
        let digest = hex(&Sha256::digest(&bytes));
        fs::write(self.path().join("blobs/sha256").join(&digest), &bytes).expect("write a document of an image");
        (digest, bytes.len() as u64)
    }
}

/// An image with Debian's static busybox and all its names, user `root`, and `sh` as its command.
pub fn busybox() -> Image {
    let scratch = tempfile::tempdir().expect("make a folder for layers");
    let file = scratch.path().join("busybox.tar");
    write_busybox(&file).expect("make a layer of busybox (Debian: busybox-static)");
    Image::new(&[Layer::from_tar(&file)], &json!({"Cmd": ["sh"], "Env": ["PATH=/bin"]}))
}

fn write_busybox(file: &Path) -> io::Result<()> {
    let names = std::process::Command::new("/bin/busybox").arg("--list").output()?.stdout;
    let mut archive = tar::Builder::new(File::create(file)?);
    append(&mut archive, "bin/busybox", 0o755, &fs::read("/bin/busybox")?);
    for name in String::from_utf8_lossy(&names).lines().filter(|name| *name != "busybox") {
        let mut link = tar::Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_mode(0o777);
        link.set_size(0);
        archive.append_link(&mut link, format!("bin/{name}"), "busybox")?;
    }
    append(&mut archive, "etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
    append(&mut archive, "etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n");
    for (name, mode) in [("tmp/", 0o1777), ("root/", 0o700)] {
        let mut folder = tar::Header::new_gnu();
        folder.set_entry_type(tar::EntryType::Directory);
        folder.set_mode(mode);
        folder.set_size(0);
        folder.set_cksum();
        archive.append_data(&mut folder, name, io::empty())?;
    }
    archive.into_inner().map(drop)
}

fn descriptor(kind: &str, digest: &str, size: u64) -> Value {
    json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size})
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hasher(Sha256);

impl Hasher {
    fn digest(self) -> String {
        hex(&self.0.finalize())
    }
}

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_index_names_is_there() {
        let image = busybox();
        let read =
            |path: &str| -> Value { serde_json::from_slice(&fs::read(image.path().join(path)).unwrap()).unwrap() };
        let place = |digest: &Value| format!("blobs/{}", digest.as_str().unwrap().replace(':', "/"));
        let manifest = read(&place(&read("index.json")["manifests"][0]["digest"]));
        let config = read(&place(&manifest["config"]["digest"]));
        let layer = &manifest["layers"][0];
        assert_eq!(config["rootfs"]["diff_ids"][0], layer["digest"]);
        let size = fs::metadata(image.path().join(place(&layer["digest"]))).unwrap().len();
        assert_eq!(layer["size"], size);
    }
}
