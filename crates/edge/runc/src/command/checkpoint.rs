//! `checkpoint`: writes a running container to files, from which `restore` makes it again.

use std::path::Path;

use criu::{Criu, Kind, Options, PageServer};
use oci::runtime::Spec;
use oci::state::Status;

use super::{Command, ONE, delete};
use crate::container::Container;
use crate::error::{Error, Step as _};
use crate::flag::{switch, value};
use crate::global::Global;
use crate::image::{self, Images};
use crate::parse::Parsed;
use crate::store;

pub const COMMAND: Command = Command {
    name: "checkpoint",
    about: "write a running container to files",
    usage: "[command options] <container-id>",
    flags: &[
        image::IMAGE_PATH,
        image::WORK_PATH,
        value("parent-path", "folder of an earlier checkpoint, from the folder of this one"),
        switch("leave-running", "let it run on"),
        image::TCP_ESTABLISHED,
        switch("tcp-skip-in-flight", "leave out TCP connections that are being made"),
        switch("link-remap", "give files without a name one"),
        image::EXT_UNIX_SK,
        image::SHELL_JOB,
        image::LAZY_PAGES,
        value("status-fd", "descriptor that gets a zero byte when pages of memory can be fetched"),
        value("page-server", "ADDRESS:PORT to which pages of memory go"),
        image::FILE_LOCKS,
        switch("pre-dump", "write what is in memory, and let it run on"),
        image::MANAGE_CGROUPS,
        image::EMPTY_NS,
        image::AUTO_DEDUP,
    ],
    run: checkpoint,
    ..ONE
};

fn checkpoint(global: &Global, parsed: &Parsed) -> Result<u8, Error> {
    let failed = |error: Error| error.during("checkpoint failed");
    let container = Container::find(global, parsed.id())?;
    let status = container.status();
    if !matches!(status, Status::Running | Status::Paused) {
        return Err(Error::new(format!("Container cannot be checkpointed in {} state", status.word())));
    }
    let folder = store::open(&global.root, parsed.id())?;
    let spec = store::spec(&global.root, parsed.id())?;
    let program = Criu::find(&global.criu).map_err(|error| failed(Error::new(error.to_string())))?;
    let pre_dump = parsed.switch("pre-dump");
    let images = Images::make(parsed)?;
    let options = options(&container, &spec, parsed, &images)?;
    if !pre_dump {
        images.write_descriptors(container.record.init_process_pid)?;
    }
    let kind = if pre_dump { Kind::PreDump } else { Kind::Dump };
    let criu = Criu::start(&program, &[], || Ok(()));
    let done = criu.and_then(|criu| criu.run(kind, options, |_, _| Ok(())));
    done.map_err(|error| failed(images.explain(error)))?;
    drop(folder);
    if !pre_dump && !parsed.switch("leave-running") {
        delete::take_away(global, &container, Some(&spec))?;
    }
    Ok(0)
}

fn options(container: &Container, spec: &Spec, parsed: &Parsed, images: &Images) -> Result<Options, Error> {
    let record = &container.record;
    let pid = record.init_process_pid;
    let pre_dump = parsed.switch("pre-dump");
    let parent = parsed.text("parent-path").map(|parent| check_parent(images, parent)).transpose()?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut external = Vec::new();
    if !pre_dump {
        let outside = image::outside(spec, &record.gantry.bundle);
        external.extend(outside.iter().map(|(target, _)| format!("mnt[{0}]:{0}", target.display())));
        let masked = image::masked(spec, pid)?;
        external.extend(masked.iter().map(|path| format!("mnt[{}]:/dev/null", path.display())));
        for (file, key, _) in image::joined(spec) {
            let number = image::number(Path::new(&format!("/proc/{pid}/ns/{file}")))?;
            external.push(format!("{file}[{number}]:{key}"));
        }
    }
    // By it processes are stopped all at once, also those of a container that is paused.
    let freezer = record.cgroup_paths.get("freezer").or_else(|| record.cgroup_paths.get(""));
    Ok(Options {
        pid: Some(pid),
        root: Some(text(&record.config.rootfs)),
        leave_running: Some(parsed.switch("leave-running") || pre_dump),
        track_mem: Some(pre_dump || parent.is_some()),
        parent_img: parent,
        link_remap: Some(parsed.switch("link-remap")),
        tcp_skip_in_flight: Some(parsed.switch("tcp-skip-in-flight")),
        status_fd: parsed.number("status-fd")?.filter(|&fd: &i32| fd >= 0),
        page_server: parsed.text("page-server").map(page_server).transpose()?,
        freeze_cgroup: freezer.map(|path| text(path)),
        external,
        ..images.options(parsed)?
    })
}

/// The kernel's notes lead from one folder to the other.
fn check_parent(images: &Images, parent: &str) -> Result<String, Error> {
    if parent.starts_with('/') {
        return Err(Error::new(format!("--parent-path {parent}: it must be relative to the checkpoint's folder")));
    }
    let path = images.path.join(parent);
    std::fs::read_dir(&path).step(format_args!("--parent-path {parent}: open `{}`", path.display()))?;
    Ok(parent.to_owned())
}

fn page_server(text: &str) -> Result<PageServer, Error> {
    let invalid = || Error::new(format!("--page-server {text}: it must be ADDRESS:PORT"));
    let (address, port) = text.rsplit_once(':').filter(|(address, _)| !address.is_empty()).ok_or_else(invalid)?;
    let port = port.parse::<u16>().map_err(|_| invalid())?;
    Ok(PageServer { address: Some(address.to_owned()), port: Some(port.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_server_has_an_address_and_a_port() {
        let server = page_server("::1:27").unwrap();
        assert_eq!((server.address.as_deref(), server.port), (Some("::1"), Some(27)));
        for bad in ["", "x", ":1", "x:", "x:99999"] {
            assert!(page_server(bad).is_err(), "{bad}");
        }
    }
}
