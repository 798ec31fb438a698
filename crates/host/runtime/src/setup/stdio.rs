//! Standard streams.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use oci::runtime::User;
use rustix::fs::{self, FileType, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;
use rustix::process::ioctl_tiocsctty;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};

use crate::Error;
use crate::error::Step;
use crate::request::Io;

/// Puts the process's ends of its streams to 0, 1 and 2; where a terminal is to come, nothing until then.
pub(crate) fn install(io: &Io) -> Result<(), Error> {
    let null;
    let [first, second, third] = match io {
        Io::Inherit => return Ok(()),
        Io::Pipes { stdin, stdout, stderr } => [stdin, stdout, stderr],
        Io::Terminal => {
            null = fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).step("open `/dev/null`")?;
            [&null, &null, &null]
        }
    };
    // Away from the targets first, as one stream may sit where another has to go.
    let away = |fd: &OwnedFd| rustix::io::fcntl_dupfd_cloexec(fd, 3).step("duplicate descriptor");
    let streams = [away(first)?, away(second)?, away(third)?];
    to_standard(streams.each_ref().map(AsFd::as_fd))
}

fn to_standard([first, second, third]: [BorrowedFd<'_>; 3]) -> Result<(), Error> {
    dup2_stdin(first).and_then(|()| dup2_stdout(second)).and_then(|()| dup2_stderr(third)).step("set standard streams")
}

/// Makes the terminal, where there is one, the controlling one of this session and all three streams.
pub(crate) fn attach_terminal(terminal: Option<OwnedFd>) -> Result<(), Error> {
    let Some(terminal) = terminal else { return Ok(()) };
    ioctl_tiocsctty(&terminal).step("terminal: take control")?;
    to_standard([terminal.as_fd(); 3])
}

/// Replaces streams that are the host's null device by the container's own: root in the container could change mode and
/// owner of the host's node through `/proc/self/fd`. To be called when `/` is the container's root.
pub(crate) fn own_null() -> Result<(), Error> {
    let replace = [is_null(stdin())?, is_null(stdout())?, is_null(stderr())?];
    if replace == [false; 3] {
        return Ok(());
    }
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let own = fs::open("/dev/null", flags, Mode::empty()).step("open `/dev/null` of the container")?;
    if !is_null(own.as_fd())? {
        return Err(Error::invalid("open `/dev/null` of the container: it is not the null device"));
    }
    let [first, second, third] = replace;
    let set =
        |wanted: bool, set: fn(BorrowedFd<'_>) -> Result<(), Errno>| if wanted { set(own.as_fd()) } else { Ok(()) };
    set(first, |fd| dup2_stdin(fd))
        .and_then(|()| set(second, |fd| dup2_stdout(fd)))
        .and_then(|()| set(third, |fd| dup2_stderr(fd)))
        .step("set standard streams")
}

fn is_null(fd: BorrowedFd<'_>) -> Result<bool, Error> {
    Ok(is_null_device(&fs::fstat(fd).step("stat standard stream")?))
}

fn is_null_device(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == fs::makedev(1, 3)
}

/// Gives the streams to the user, who could not open `/dev/stdout` else.
pub(crate) fn give_to(user: &User) -> Result<(), Error> {
    give_to_with(user, None)
}

/// The same with a terminal that is not on the streams yet.
pub(crate) fn give_to_with(user: &User, terminal: Option<&OwnedFd>) -> Result<(), Error> {
    let streams = [stdin(), stdout(), stderr()];
    for fd in streams.into_iter().chain(terminal.map(AsFd::as_fd)) {
        give(fd, Uid::from_raw(user.uid))?;
    }
    Ok(())
}

fn give(fd: BorrowedFd<'_>, uid: Uid) -> Result<(), Error> {
    let stat = fs::fstat(fd).step("stat standard stream")?;
    if stat.st_uid == uid.as_raw() || is_null_device(&stat) {
        return Ok(());
    }
    match fs::fchown(fd, Some(uid), None) {
        // An id that is not mapped, a stream that has no owner, a file that cannot be changed: the user can live with it.
        Ok(()) | Err(Errno::INVAL | Errno::PERM | Errno::ROFS) => Ok(()),
        Err(error) => Err(error).step("give standard stream to user"),
    }
}
