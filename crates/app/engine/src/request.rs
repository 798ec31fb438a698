//! What the engine is asked.

use std::pin::Pin;

use api::auth::AuthConfig;
use api::container::{ContainerConfig, ContainerCreateRequest, Edit, HostConfig, WaitCondition};
use api::exec::ExecCreateRequest;
use api::filters::Filters;
use tokio::io::AsyncRead;

/// Bytes from the client, such as a tar archive.
pub type Body = Pin<Box<dyn AsyncRead + Send>>;

/// Which events are wanted. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventsRequest {
    /// Also past ones, from there.
    pub since: Option<i64>,
    /// The stream ends there; where that is past, after the past ones.
    pub until: Option<i64>,
    /// Of these only.
    pub filters: Filters,
}

/// Which lists of what takes room are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskUsageRequest {
    /// Containers.
    pub containers: bool,
    /// Images.
    pub images: bool,
    /// Volumes.
    pub volumes: bool,
    /// What builders keep.
    pub build_cache: bool,
}

/// A new container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerCreate {
    /// As given: without or with a slash in front; none for one that is made up.
    pub name: Option<String>,
    /// `os[/architecture[/variant]]`; none for the host's.
    pub platform: Option<String>,
    /// The rest.
    pub body: ContainerCreateRequest,
}

/// Which containers are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerList {
    /// Also those that do not run.
    pub all: bool,
    /// The newest so many, running or not.
    pub limit: Option<usize>,
    /// Compute their sizes.
    pub size: bool,
    /// Of these only.
    pub filters: Filters,
}

/// One container to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerLook {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Compute its sizes.
    pub size: bool,
}

/// One container to stop or restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerStop {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Instead of the container's own stop signal.
    pub signal: Option<String>,
    /// Seconds before SIGKILL, instead of the container's own; below 0 for never.
    pub timeout: Option<i64>,
}

/// A file or directory in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPath {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// From the container's root. What ends with `/` or `/.` is a directory, or a link to one that is followed.
    pub path: String,
}

/// Files to put into a container.
pub struct ContainerExtract {
    /// The directory that they are put into.
    pub into: ContainerPath,
    /// A directory is never replaced by anything else, and nothing else by a directory.
    pub keeps_kinds: bool,
    /// They belong to the container's user, whatever the archive says.
    pub to_user: bool,
    /// The archive, compressed or not.
    pub body: Body,
}

/// An image to be made of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageCommit {
    /// Name, id, or the beginning of an id.
    pub container: String,
    /// The image's repository; none for an image without a name.
    pub repository: Option<String>,
    /// Its tag; none for `latest`.
    pub tag: Option<String>,
    /// Who made it.
    pub author: String,
    /// A comment.
    pub comment: String,
    /// Freeze the container meanwhile.
    pub pause: bool,
    /// Instructions of a Dockerfile that alter its configuration.
    pub changes: Vec<String>,
    /// Instead of the container's own configuration, which fills in what is not said here.
    pub config: Option<ContainerConfig>,
}

/// One container to rename.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRename {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// The new name, without or with a slash in front.
    pub name: String,
}

/// One container to change.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerUpdate {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// New limits and restart policy; 0 and empty change nothing, and everything else does not count.
    pub change: HostConfig,
    /// What is added and taken away.
    pub edit: Edit,
}

/// One container whose processes are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerTop {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Arguments of ps(1), separated by blanks; empty for `-ef`.
    pub arguments: String,
}

/// One container whose use of resources is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerStats {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Again every second, until the client goes away or the container is gone.
    pub stream: bool,
    /// At once, without an earlier sample to compare with.
    pub one_shot: bool,
}

/// One container to signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerKill {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Name with or without `SIG`, or number; none for SIGKILL.
    pub signal: Option<String>,
}

/// One container to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerWait {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// What to wait for.
    pub condition: WaitCondition,
}

/// One container to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRemove {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Kill it first.
    pub force: bool,
    /// Also its anonymous volumes.
    pub volumes: bool,
    /// Not the container, but the legacy link of that name.
    pub link: bool,
}

/// Which part of a container's log is wanted. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsRequest {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// Also what is logged from now on, until the container ends.
    pub follow: bool,
    /// From there.
    pub since: Option<i64>,
    /// Until there.
    pub until: Option<i64>,
    /// The last so many lines; none for all.
    pub tail: Option<u64>,
}

/// Streams to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachRequest {
    /// Name, id, or the beginning of an id.
    pub target: String,
    /// Bytes to the process.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// First what is logged already.
    pub logs: bool,
    /// Then what comes; without it the stream ends after the log.
    pub stream: bool,
}

/// A terminal's new size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resize {
    /// A container, or an exec's id.
    pub target: String,
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// A further process in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecCreate {
    /// Name, id, or the beginning of an id of the container.
    pub target: String,
    /// What to run.
    pub body: ExecCreateRequest,
}

/// An exec to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecStart {
    /// The exec's id.
    pub id: String,
    /// Join nothing.
    pub detach: bool,
    /// The client believes that it has a terminal.
    pub tty: bool,
    /// The terminal's size: rows, columns.
    pub console_size: Option<(u16, u16)>,
}

/// An image to pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePull {
    /// As given: a name, maybe with a tag or digest.
    pub from_image: String,
    /// A tag or digest beside it; with neither all tags are meant.
    pub tag: Option<String>,
    /// `os[/architecture[/variant]]`; none for the host's.
    pub platform: Option<String>,
    /// Credentials for its registry.
    pub auth: Option<AuthConfig>,
}

/// An image to be made from a root file system.
pub struct ImageImport {
    /// `-` (the body), or a URL.
    pub from_src: String,
    /// Its name; none for an image without one.
    pub repository: Option<String>,
    /// Its tag.
    pub tag: Option<String>,
    /// Text of the commit.
    pub message: Option<String>,
    /// Instructions of a Dockerfile to be applied to its configuration.
    pub changes: Vec<String>,
    /// `os[/architecture[/variant]]`; none for the host's.
    pub platform: Option<String>,
    /// The archive.
    pub body: Body,
}

/// Which images are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageList {
    /// Also those that other images are built upon.
    pub all: bool,
    /// Compute what is shared.
    pub shared_size: bool,
    /// Of these only.
    pub filters: Filters,
}

/// One image to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLook {
    /// Name or id.
    pub name: String,
    /// `{"os":…,"architecture":…}` as given; none for the host's.
    pub platform: Option<String>,
}

/// A further name of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageTag {
    /// Name or id of the image.
    pub name: String,
    /// The new name, maybe with a tag.
    pub repository: String,
    /// The new tag; none for the one in `repository`, or `latest`.
    pub tag: Option<String>,
}

/// An image, or a name of it, to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRemove {
    /// Name or id.
    pub name: String,
    /// Also where stopped containers use it, or it has several names.
    pub force: bool,
    /// Keep nameless images that it was built upon.
    pub no_prune: bool,
}

/// Images in an archive to take in.
pub struct ImageLoad {
    /// Without lines for each layer.
    pub quiet: bool,
    /// Only these platforms, as given.
    pub platforms: Vec<String>,
    /// The archive.
    pub body: Body,
}

/// Images to put into an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSave {
    /// Names or ids, at least one.
    pub names: Vec<String>,
    /// Only these platforms, as given.
    pub platforms: Vec<String>,
}

/// Which networks are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkList {
    /// Of these only.
    pub filters: Filters,
}
