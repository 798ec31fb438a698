//! Media types of manifests, configurations and layers.

/// An OCI index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An OCI manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A plain OCI layer; `+gzip` and `+zstd` follow when it is compressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A gzip-compressed OCI layer.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A zstd-compressed OCI layer.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// Docker's manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's gzip-compressed layer.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's manifest, schema 1: recognised in order to be refused.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// The same with a signature.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/// What a client asks a registry for: every kind of manifest that [`super::Parsed`] reads.
pub const MANIFESTS: [&str; 4] = [DOCKER_MANIFEST, DOCKER_LIST, OCI_INDEX, OCI_MANIFEST];

/// How a layer is packed, as its media type says. The bytes themselves decide when it is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar archive.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// The compression that the media type of a layer states; `None` for what is no file-system layer.
pub fn layer_compression(media_type: &str) -> Option<Compression> {
    let docker = media_type.strip_prefix("application/vnd.docker.image.rootfs.");
    let oci = media_type.strip_prefix("application/vnd.oci.image.layer.");
    match docker.or(oci)?.trim_start_matches("foreign.").trim_start_matches("nondistributable.") {
        "diff.tar" | "v1.tar" => Some(Compression::None),
        "diff.tar.gzip" | "v1.tar+gzip" => Some(Compression::Gzip),
        "diff.tar.zstd" | "v1.tar+zstd" => Some(Compression::Zstd),
        _ => None,
    }
}

/// The media type in a `Content-Type` header, without its parameters and in lower case.
pub fn essence(header: &str) -> String {
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_state_their_compression() {
        assert_eq!(layer_compression(DOCKER_LAYER), Some(Compression::Gzip));
        assert_eq!(layer_compression(OCI_LAYER), Some(Compression::None));
        assert_eq!(layer_compression(OCI_LAYER_ZSTD), Some(Compression::Zstd));
        assert_eq!(
            layer_compression("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
            Some(Compression::Gzip)
        );
        assert_eq!(
            layer_compression("application/vnd.oci.image.layer.nondistributable.v1.tar"),
            Some(Compression::None)
        );
        assert_eq!(layer_compression("application/vnd.in-toto+json"), None);
        assert_eq!(layer_compression(OCI_MANIFEST), None);
    }

    #[test]
    fn parameters_of_a_header_do_not_count() {
        assert_eq!(essence("Application/JSON; charset=utf-8"), "application/json");
        assert_eq!(essence(""), "");
    }
}
