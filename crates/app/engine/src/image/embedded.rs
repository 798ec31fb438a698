//! The image that the binary carries: `hello`, so that a first container needs neither registry nor network.
//!
//! Its one program is the stage program, which prints the greeting when it is called `hello`.

use sha2::{Digest, Sha256};

/// The embedded image's repository name.
pub const NAME: &str = "hello";

/// Makes a docker-archive (as `docker save` writes it) of the image. The same program gives the same image id.
pub fn archive(program: &[u8]) -> std::io::Result<Vec<u8>> {
    let layer = tar(&[("hello", program, 0o755)])?;
    let diff_id = hex::encode(Sha256::digest(&layer));
    let config = serde_json::json!({
        "architecture": architecture(),
        "config": { "Cmd": ["/hello"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
        "created": "1970-01-01T00:00:00Z",
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "COPY hello /", "comment": "part of gantry" }],
        "os": "linux",
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff_id}")] },
    });
    let config = config.to_string().into_bytes();
    let config_name = format!("{}.json", hex::encode(Sha256::digest(&config)));
    let layer_name = format!("{diff_id}/layer.tar");
    let manifest =
        serde_json::json!([{ "Config": config_name, "RepoTags": [format!("{NAME}:latest")], "Layers": [layer_name] }]);
    tar(&[
        (&config_name, &config, 0o644),
        (&layer_name, &layer, 0o644),
        ("manifest.json", manifest.to_string().as_bytes(), 0o644),
    ])
}

/// Go's name of this machine's architecture.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn tar(files: &[(&str, &[u8], u32)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content, mode) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        archive.append_data(&mut header, name, *content)?;
    }
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_archive_is_the_same_each_time_and_names_the_image() {
        let archive = super::archive(b"program").unwrap();
        assert_eq!(archive, super::archive(b"program").unwrap());
        let mut reader = tar::Archive::new(archive.as_slice());
        let names: Vec<String> =
            reader.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(names.last().unwrap(), "manifest.json");
        assert_eq!(names.len(), 3);
    }
}
