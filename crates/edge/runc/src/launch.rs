//! What create and run have in common: from a bundle to a container that waits.

use std::os::fd::OwnedFd;

use cgroup::{Site, Unit};
use oci::runtime::Spec;
use runtime::{Create, Created, Extras, Gate, Io, RootFs};

use crate::bundle::Bundle;
use crate::container::process;
use crate::error::Error;
use crate::flag::{Flag, switch, value};
use crate::global::Global;
use crate::parse::Parsed;
use crate::preserve::Preserved;
use crate::record::Record;
use crate::store::{self, Folder};
use crate::{console, pidfile};

/// The flags that create and run share.
pub const BUNDLE: Flag = value("bundle", "folder of the bundle; the working directory if none is given").or("b");
/// Where the terminal goes.
pub const CONSOLE_SOCKET: Flag = value("console-socket", "unix socket that gets the terminal's other end");
/// Where the process id goes.
pub const PID_FILE: Flag = value("pid-file", "file for the process id");
/// For roots in an initramfs.
pub const NO_PIVOT: Flag = switch("no-pivot", "change the root without pivot_root, as for one in an initramfs");
/// For sharing keys.
pub const NO_NEW_KEYRING: Flag = switch("no-new-keyring", "keep the caller's session keyring");
/// For handing descriptors on.
pub const PRESERVE_FDS: Flag = value("preserve-fds", "how many descriptors from 3 on the program gets");

/// Whether the caller stays with the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// It is started by another process.
    No,
    /// It is started by this process, which then ends.
    UntilStart,
    /// This process waits for its end.
    ToTheEnd,
}

/// A container that waits, with its folder locked.
#[derive(Debug)]
pub struct Waiting {
    /// Its folder.
    pub folder: Folder,
    /// What is written there.
    pub record: Record,
    /// What it was made from.
    pub spec: Spec,
    /// The container.
    pub created: Created,
    /// The other end of its terminal, where nobody else has it.
    pub master: Option<OwnedFd>,
}

/// Makes a container. Where that fails nothing is left of it.
pub fn launch(global: &Global, parsed: &Parsed, stay: Stay) -> Result<Waiting, Error> {
    let mut bundle = Bundle::read(parsed.value("bundle"))?;
    let process = bundle.spec.process.as_mut().ok_or_else(|| Error::new("process: missing in the specification"))?;
    let socket = parsed.text("console-socket");
    console::check(process.terminal, stay != Stay::ToTheEnd, socket)?;
    let terminal = process.terminal;
    let preserved = Preserved::read(parsed.number("preserve-fds")?)?;
    process.env.extend(preserved.env.iter().cloned());
    let socket = socket.map(console::connect).transpose()?;
    let rootfs = bundle.rootfs()?;

    let folder = store::make(&global.root, parsed.id())?;
    let made = Maker { global, parsed, bundle: &bundle, preserved: &preserved, terminal, stay }.make(&folder, rootfs);
    let (record, mut created) = match made {
        Ok(made) => made,
        Err(error) => {
            folder.remove()?;
            return Err(error);
        }
    };
    for warning in created.warnings() {
        global.log.warn(warning);
    }
    let master = created.take_console();
    let told = match (&socket, &master) {
        (Some(socket), Some(master)) => console::send(socket, master),
        _ => Ok(()),
    };
    let told = told.and_then(|()| parsed.text("pid-file").map_or(Ok(()), |path| pidfile::write(path, created.pid())));
    if let Err(error) = told {
        let _ = created.destroy();
        folder.remove()?;
        return Err(error);
    }
    let master = master.filter(|_| socket.is_none());
    Ok(Waiting { folder, record, spec: bundle.spec, created, master })
}

struct Maker<'a> {
    global: &'a Global,
    parsed: &'a Parsed,
    bundle: &'a Bundle,
    preserved: &'a Preserved,
    terminal: bool,
    stay: Stay,
}

impl Maker<'_> {
    fn make(&self, folder: &Folder, rootfs: std::path::PathBuf) -> Result<(Record, Created), Error> {
        let (spec, path) = (&self.bundle.spec, self.bundle.path.as_path());
        let id = self.parsed.id();
        let site = site(self.global, id, spec)?;
        let mut record = Record::new(id, spec, path, &rootfs, self.global.rootless);
        // Before they are made: whatever kills this process, a later one knows what to take away.
        let site = if self.global.rootless { site.optional() } else { site };
        record.set_cgroups(&site);
        folder.write(&record)?;
        let filter = runtime::compile_filter(spec)?;
        if self.stay != Stay::ToTheEnd || !self.parsed.switch("no-subreaper") {
            folder.keep_spec(&self.bundle.text)?;
            filter.as_deref().map_or(Ok(()), |filter| folder.keep_filter(filter))?;
        }
        let extras = Extras {
            gate: (self.stay == Stay::No).then(|| Gate::make(folder.path())).transpose()?,
            preserve: self.preserved.count,
            no_pivot: self.parsed.switch("no-pivot"),
            no_keyring: self.parsed.switch("no-new-keyring"),
            site: Some(site),
        };
        let created = runtime::create(Create {
            id,
            spec,
            bundle: path,
            rootfs: RootFs::Directory { path: rootfs },
            io: if self.terminal { Io::Terminal } else { Io::Inherit },
            netns: None,
            filter: filter.as_deref(),
            extras,
        })
        .map_err(|error| Error::from(error).during("unable to start container process"))?;
        let start = process(created.pid()).map(|found| found.start);
        record.set_init(created.pid(), start.ok_or_else(|| Error::new("container init has ended at once"))?);
        record.keep_cgroups(created.paths());
        folder.write(&record)?;
        Ok((record, created))
    }
}

/// Where its control groups are to be.
pub fn site(global: &Global, id: &str, spec: &Spec) -> Result<Site, Error> {
    let given = spec.linux.as_ref().and_then(|linux| linux.cgroups_path.as_deref()).filter(|path| !path.is_empty());
    if global.systemd_cgroup {
        return Ok(Site::systemd(Unit::read(given, id, &spec.annotations, global.rootless)?)?);
    }
    Ok(Site::find(given.unwrap_or(&format!("/{id}")))?)
}
