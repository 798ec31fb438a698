//! Archives that no honest program writes, and honest ones around them.

use std::io::Write;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use testkit::registry::digest_of;

/// An archive, entry by entry, with names and links that are written as they are given.
#[derive(Clone, Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    /// An archive of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file.
    pub fn file(self, name: &str, mode: u32, content: &[u8]) -> Self {
        self.entry(b'0', name, "", mode, content)
    }

    /// A directory.
    pub fn directory(self, name: &str) -> Self {
        self.entry(b'5', name, "", 0o755, b"")
    }

    /// A symbolic link.
    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name, target, 0o777, b"")
    }

    /// A hard link.
    pub fn link(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name, target, 0o644, b"")
    }

    /// An attribute of the entry that follows, as GNU tar and others write it.
    pub fn attribute(self, name: &str, value: &str) -> Self {
        let rest = format!(" SCHILY.xattr.{name}={value}\n");
        let digits = (rest.len() + 2).to_string().len();
        let record = format!("{}{rest}", rest.len() + digits);
        self.entry(b'x', "pax", "", 0o644, record.as_bytes())
    }

    /// An entry of any kind.
    pub fn entry(mut self, kind: u8, name: &str, link: &str, mode: u32, content: &[u8]) -> Self {
        for (long, flag) in [(name, b'L'), (link, b'K')] {
            if long.len() > 100 {
                self = self.entry(flag, "././@LongLink", "", 0o644, long.as_bytes());
            }
        }
        self.bytes.extend(header(kind, name, link, mode, content.len() as u64));
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// The whole archive.
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 1024, 0);
        self.bytes
    }
}

/// A header of one entry, with the sum that belongs to it.
pub fn header(kind: u8, name: &str, link: &str, mode: u32, size: u64) -> [u8; 512] {
    let mut header = [0; 512];
    let mut put = |at: usize, bytes: &[u8], most: usize| {
        let bytes = &bytes[..bytes.len().min(most)];
        header[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, name.as_bytes(), 100);
    put(100, format!("{mode:07o}").as_bytes(), 8);
    put(108, b"0000000", 8);
    put(116, b"0000000", 8);
    match size < 1 << 33 {
        true => put(124, format!("{size:011o}").as_bytes(), 12),
        // What does not fit is in base 256 (star(5)).
        false => put(124, &[&[0x80, 0, 0, 0], size.to_be_bytes().as_slice()].concat(), 12),
    }
    put(136, b"00000000000", 12);
    put(148, b"        ", 8);
    put(156, &[kind], 1);
    put(157, link.as_bytes(), 100);
    put(257, b"ustar\x0000", 8);
    // Numbers of a device: 0:0, the whiteout of overlayfs.
    put(329, b"0000000\x000000000", 16);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A layer with Debian's static busybox under all its names.
pub fn busybox() -> Vec<u8> {
    static LAYER: OnceLock<Vec<u8>> = OnceLock::new();
    LAYER.get_or_init(write_busybox).clone()
}

fn write_busybox() -> Vec<u8> {
    let program = std::fs::read("/bin/busybox").expect("read /bin/busybox (Debian: busybox-static)");
    let list = std::process::Command::new("/bin/busybox").arg("--list").output().expect("run busybox").stdout;
    let mut tar = Tar::new().directory("bin/").file("bin/busybox", 0o755, &program);
    for name in String::from_utf8_lossy(&list).lines().filter(|name| *name != "busybox") {
        tar = tar.symlink(&format!("bin/{name}"), "busybox");
    }
    let passwd = b"root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n";
    let group = b"root:x:0:\nuser:x:1000:\nextra:x:2000:user\n";
    tar = tar.file("etc/passwd", 0o644, passwd).file("etc/group", 0o644, group);
    tar.entry(b'5', "tmp/", "", 0o1777, b"").end()
}

/// An archive as `docker save` writes it.
pub fn saved(name: &str, layers: &[Vec<u8>], config: Value) -> Vec<u8> {
    let diff_ids: Vec<String> = layers.iter().map(|layer| digest_of(layer).to_string()).collect();
    saved_as(name, layers, &configuration(&diff_ids, config))
}

/// The same, with a configuration as it is.
pub fn saved_as(name: &str, layers: &[Vec<u8>], config: &[u8]) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len()).map(|number| format!("{number}/layer.tar")).collect();
    let manifest = json!([{"Config": "config.json", "RepoTags": [format!("{name}:latest")], "Layers": names}]);
    let mut tar = Tar::new();
    for (name, layer) in names.iter().zip(layers) {
        tar = tar.file(name, 0o644, layer);
    }
    tar.file("config.json", 0o644, config).file("manifest.json", 0o644, manifest.to_string().as_bytes()).end()
}

/// The document of an image: its layers, and how it runs.
pub fn configuration(diff_ids: &[String], mut config: Value) -> Vec<u8> {
    if config.get("Cmd").is_none() && config.get("Entrypoint").is_none() {
        config["Cmd"] = json!(["sh"]);
    }
    config["Env"] = json!(["PATH=/bin"]);
    let rootfs = json!({"type": "layers", "diff_ids": diff_ids});
    json!({"architecture": names::Platform::host().architecture(), "os": "linux", "config": config, "rootfs": rootfs})
        .to_string()
        .into_bytes()
}

/// Compressed.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("compress");
    encoder.finish().expect("compress")
}
