//! Copies files into a container.

use std::io::{self, BufReader};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use ::archive::{Codec, Into, Limits, ReadError, Reader, UnpackError, Unpacker};
use container::lifecycle::{self, Verb};
use fault::{Fault, Kind, Result};
use rustix::fs::{AtFlags, OFlags, StatVfsMountFlags, StatxFlags, fstatvfs, statx};
use rustix::io::Errno;
use tokio_util::io::SyncIoBridge;

use super::path::Wanted;
use super::view::{How, see};
use super::{Handle, account};
use crate::inner::Inner;
use crate::request::{ContainerExtract, ContainerPath};

/// Copies files into a directory of a container, whether it runs or not.
pub async fn extract(engine: &Arc<Inner>, request: ContainerExtract) -> Result<()> {
    let ContainerExtract { into, keeps_kinds, to_user, body } = request;
    let wanted = Wanted::parse(&into.path)?;
    let handle = engine.containers.find(&into.target)?;
    let view = handle.view();
    let record = &view.stored.record;
    lifecycle::admit(&record.state, record.id.as_str(), &record.name, Verb::Update)?;
    if record.host_config.readonly_rootfs && !record.state.phase.is_alive() {
        return Err(read_only_root());
    }
    let owner = if to_user { owner(engine, &handle)? } else { None };
    let body = SyncIoBridge::new(body);
    see(engine, &handle, How::Write, move |root| {
        check_directory(root, &wanted, &into)?;
        let source = BufReader::with_capacity(256 << 10, body);
        let source = Codec::decode(source).map_err(|error| Fault::invalid(fault::chain(&error)))?;
        let mut archive = Reader::new(BufReader::with_capacity(256 << 10, source), Limits::default());
        let path = wanted.path.as_os_str().as_bytes();
        Unpacker::into(root, Into { path, keeps_kinds, owner })
            .and_then(|unpacker| unpacker.unpack(&mut archive))
            .map(drop)
            .map_err(|error| refusal(&error))
    })
    .await?;
    engine.events.emit("container", "extract-to-dir", record.id.as_str(), view.stored.attributes());
    Ok(())
}

/// The numbers of the container's user; none for root, to whom an archive's numbers mean something.
fn owner(engine: &Inner, handle: &Handle) -> Result<Option<(u32, u32)>> {
    let view = handle.view();
    let record = &view.stored.record;
    if record.config.user.is_empty() {
        return Ok(None);
    }
    let layers = engine.images.container_layers(&record.id, &record.image_id)?;
    let user = account::find(&layers, &record.config.user, &[])?;
    Ok(Some((user.user.uid, user.user.gid)))
}

/// The directory must be there, and must be one that can be written to.
fn check_directory(root: BorrowedFd<'_>, wanted: &Wanted, into: &ContainerPath) -> Result<()> {
    let path = if wanted.path.as_os_str().is_empty() { std::path::Path::new(".") } else { &wanted.path };
    let directory = match sys::path::open(root, path, OFlags::PATH | OFlags::DIRECTORY) {
        Ok(directory) => directory,
        Err(Errno::NOTDIR) if sys::path::open(root, path, OFlags::PATH).is_ok() => {
            return Err(Fault::invalid("extraction point is not a directory"));
        }
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => {
            let ContainerPath { target, path } = into;
            return Err(Fault::not_found(format!("Could not find the file {path} in container {target}")));
        }
        Err(error) => {
            let error = std::io::Error::from(error);
            return Err(Fault::from_error(Kind::System, &error).at(format_args!("open {}", into.path)));
        }
    };
    if !fstatvfs(&directory).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY)) {
        return Ok(());
    }
    let mount = |fd: BorrowedFd<'_>| statx(fd, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).map(|stat| stat.stx_mnt_id);
    match mount(directory.as_fd()).ok() == mount(root).ok() {
        true => Err(read_only_root()),
        false => Err(Fault::forbidden("mounted volume is marked read-only")),
    }
}

fn read_only_root() -> Fault {
    Fault::forbidden("container rootfs is marked read-only")
}

/// What is the archive's fault is the client's.
fn refusal(error: &UnpackError) -> Fault {
    let kind = match error {
        // It breaks off, or its client did.
        UnpackError::Read(ReadError::Stream(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Kind::InvalidParameter
        }
        UnpackError::Step { source, .. } if source.kind() == io::ErrorKind::NotFound => Kind::NotFound,
        UnpackError::Read(ReadError::Stream(_)) | UnpackError::Step { .. } => Kind::System,
        UnpackError::Read(_) | UnpackError::Refused { .. } => Kind::InvalidParameter,
    };
    Fault::from_error(kind, error)
}
