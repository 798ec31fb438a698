use super::*;

const HEX: &str = "7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa";

fn with_rootfs(rest: &str) -> String {
    format!(r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:{HEX}"]}}{rest}}}"#)
}

#[track_caller]
fn refuse(document: &str, message: &str) {
    let error = ImageConfig::read(document.as_bytes()).expect_err("taken");
    let text = match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    assert!(text.contains(message), "{text}\nis not\n{message}");
}

#[test]
fn reads_what_docker_writes() {
    let text = with_rootfs(
        r#","config":{"Hostname":"","User":"1000:1000","AttachStdin":false,"ExposedPorts":{"80/tcp":{},"53/udp":{}},
        "Env":["PATH=/bin"],"Cmd":["sh"],"Healthcheck":{"Test":["CMD","true"],"Interval":5000000000,"Retries":3},
        "ArgsEscaped":true,"Image":"sha256:x","Volumes":{"/data":{}},"WorkingDir":"/w","Entrypoint":null,"OnBuild":["RUN x"],
        "Labels":{"a":"b"},"StopSignal":"SIGQUIT","StopTimeout":7,"Shell":["/bin/ash","-c"]},
        "created":"2026-01-01T00:00:00Z","docker_version":"20.10","container":"abc","container_config":{"Cmd":null},
        "history":[{"created":"2026-01-01T00:00:00Z","created_by":"ADD x"},{"created_by":"CMD","empty_layer":true}]"#,
    );
    let image = ImageConfig::read(text.as_bytes()).unwrap();
    let config = &image.config;
    assert_eq!(config.exposed_ports, Some(["53/udp".to_owned(), "80/tcp".to_owned()].into()));
    assert_eq!(config.volumes, Some(["/data".to_owned()].into()));
    assert_eq!(config.cmd, Some(vec!["sh".to_owned()]));
    assert_eq!(config.entrypoint, None);
    assert_eq!(config.healthcheck.as_ref().map(|check| (check.interval, check.retries)), Some((5_000_000_000, 3)));
    assert_eq!((config.stop_signal.as_str(), config.stop_timeout, config.args_escaped), ("SIGQUIT", Some(7), true));
    assert_eq!(image.history.iter().map(|step| step.empty_layer).collect::<Vec<_>>(), [false, true]);
    assert_eq!(image.platform().unwrap().to_string(), "linux/amd64");
    let again = ImageConfig::read(&serde_json::to_vec(&image).unwrap()).unwrap();
    assert_eq!(again, image);
}

#[test]
fn nulls_are_empty_as_in_go() {
    let text = with_rootfs(
        r#","author":null,"history":null,"config":{"User":null,"ExposedPorts":null,"Env":null,"Volumes":null,"Labels":null,"OnBuild":null}"#,
    );
    let image = ImageConfig::read(text.as_bytes()).unwrap();
    assert_eq!(image.config, ContainerConfig::default());
    let image = ImageConfig::read(with_rootfs(r#","config":null"#).as_bytes()).unwrap();
    assert_eq!(image.config, ContainerConfig::default());
}

#[test]
fn the_manifest_must_have_the_same_layers() {
    let image = ImageConfig::read(with_rootfs("").as_bytes()).unwrap();
    let descriptor = format!(r#"{{"size":7,"digest":"sha256:{HEX}"}}"#);
    let manifest = |layers: &str| -> Manifest {
        serde_json::from_str(&format!(r#"{{"schemaVersion":2,"config":{descriptor},"layers":[{layers}]}}"#)).unwrap()
    };
    assert!(image.check_layers(&manifest(&descriptor)).is_ok());
    let error = image.check_layers(&manifest("")).unwrap_err();
    assert_eq!(error.to_string(), "layers from manifest don't match image configuration");
}

#[test]
fn what_is_no_image_is_refused() {
    refuse("{}", "unsupported rootfs type \"\"");
    refuse(r#"{"rootfs":{"type":"bundle"}}"#, "unsupported rootfs type \"bundle\"");
    refuse(r#"{"rootfs":{"type":"layers","diff_ids":["../x"]}}"#, "invalid checksum digest format");
    refuse("[", "malformed");
}

#[test]
fn sizes_are_bounded() {
    refuse(&(with_rootfs("") + &" ".repeat(MAX_CONFIG)), "more than the 8388608 that are allowed");
    let history = vec!["{}"; 1_000_000].join(",");
    refuse(&with_rootfs(&format!(r#","history":[{history}]"#)), "a list of at most 16384 elements");
    let layers = vec![format!("\"sha256:{HEX}\""); 501].join(",");
    refuse(&format!(r#"{{"rootfs":{{"type":"layers","diff_ids":[{layers}]}}}}"#), "a list of at most 500 elements");
    let deep = with_rootfs(&format!(r#","x":{}"#, "[".repeat(1 << 20)));
    refuse(&deep, "malformed");
}
