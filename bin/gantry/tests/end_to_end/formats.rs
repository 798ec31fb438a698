//! One image in each form that a registry may hold it in.

use std::path::Path;

use testkit::{Daemon, Distributor, Host, busybox};

use crate::GANTRY;

#[test]
fn every_form_of_an_image_runs() {
    let host = Host::new();
    let registry = Distributor::start(&host);
    let image = busybox();
    let daemon = Daemon::start(&host, GANTRY);
    let forms: &[(&str, &[&str])] = &[
        ("oci:gzip", &["--format", "oci"]),
        ("oci:zstd", &["--format", "oci", "--dest-compress-format", "zstd"]),
        ("schema2:gzip", &["--format", "v2s2"]),
    ];
    for (name, options) in forms {
        let full = registry.push_with(image.path(), name, options);
        for client in [daemon.gantry(), daemon.docker()] {
            assert_eq!(client.ok(&["run", "--rm", &full, "echo", name]), *name);
            client.ok(&["rmi", &full]);
        }
    }
    assert_eq!(layers(&daemon.data_root()), 0, "removed images leave no layer");
}

fn layers(data_root: &Path) -> usize {
    std::fs::read_dir(data_root.join("layers")).map(Iterator::count).unwrap_or_default()
}
