//! What is said to the program and by it: criu's `images/rpc.proto`, the part that is of use here.

use prost::Message;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Kind {
    /// Nothing.
    Empty = 0,
    /// Write processes to files.
    Dump = 1,
    /// Make processes from files.
    Restore = 2,
    /// Write what is in their memory, and let them run on.
    PreDump = 4,
    /// Of requests: a notice was dealt with. Of answers: a notice.
    Notify = 6,
}

/// What is done with control groups at a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum CgroupMode {
    /// Nothing.
    Ignore = 0,
    /// They must be there, and stay as they are.
    None = 1,
    /// They must be there, and get their properties.
    Props = 2,
    /// Those that are missing are made, with their properties.
    Soft = 3,
    /// All get their properties.
    Full = 4,
    /// None may be there.
    Strict = 5,
}

/// Where pages of memory go.
#[derive(Clone, PartialEq, Message)]
pub struct PageServer {
    /// A host.
    #[prost(string, optional, tag = "1")]
    pub address: Option<String>,
    /// Its port.
    #[prost(int32, optional, tag = "2")]
    pub port: Option<i32>,
}

/// A descriptor of the program's own that stands in for one of the processes'.
#[derive(Clone, PartialEq, Message)]
pub struct InheritFd {
    /// As `pipe:[1]`.
    #[prost(string, required, tag = "1")]
    pub key: String,
    /// Its number.
    #[prost(int32, required, tag = "2")]
    pub fd: i32,
}

/// Where a hierarchy's groups of the processes begin.
#[derive(Clone, PartialEq, Message)]
pub struct CgroupRoot {
    /// The hierarchy's controllers.
    #[prost(string, optional, tag = "1")]
    pub controllers: Option<String>,
    /// Below the hierarchy's root.
    #[prost(string, required, tag = "2")]
    pub path: String,
}

/// How it is to be done.
#[derive(Clone, PartialEq, Message)]
pub struct Options {
    /// The folder of the files.
    #[prost(int32, required, tag = "1")]
    pub images_dir_fd: i32,
    /// The first of the processes.
    #[prost(int32, optional, tag = "2")]
    pub pid: Option<i32>,
    /// They run on after a dump.
    #[prost(bool, optional, tag = "3")]
    pub leave_running: Option<bool>,
    /// Unix sockets may lead outside.
    #[prost(bool, optional, tag = "4")]
    pub ext_unix_sk: Option<bool>,
    /// TCP connections may be open.
    #[prost(bool, optional, tag = "5")]
    pub tcp_established: Option<bool>,
    /// Devices need not have their old names.
    #[prost(bool, optional, tag = "6")]
    pub evasive_devices: Option<bool>,
    /// The session's leader and its terminal may be outside.
    #[prost(bool, optional, tag = "7")]
    pub shell_job: Option<bool>,
    /// Files may be locked.
    #[prost(bool, optional, tag = "8")]
    pub file_locks: Option<bool>,
    /// From 0 to 4.
    #[prost(int32, optional, tag = "9")]
    pub log_level: Option<i32>,
    /// In the folder of work.
    #[prost(string, optional, tag = "10")]
    pub log_file: Option<String>,
    /// Where pages of memory go.
    #[prost(message, optional, tag = "11")]
    pub page_server: Option<PageServer>,
    /// Notices are wanted.
    #[prost(bool, optional, tag = "12")]
    pub notify_scripts: Option<bool>,
    /// The root file system.
    #[prost(string, optional, tag = "13")]
    pub root: Option<String>,
    /// The folder of an earlier dump, from the folder of this one.
    #[prost(string, optional, tag = "14")]
    pub parent_img: Option<String>,
    /// What changes in memory from now on is noted.
    #[prost(bool, optional, tag = "15")]
    pub track_mem: Option<bool>,
    /// What a later dump has again is punched out of the earlier one.
    #[prost(bool, optional, tag = "16")]
    pub auto_dedup: Option<bool>,
    /// The folder of logs.
    #[prost(int32, optional, tag = "17")]
    pub work_dir_fd: Option<i32>,
    /// Files without a name may get one.
    #[prost(bool, optional, tag = "18")]
    pub link_remap: Option<bool>,
    /// Where the processes' groups begin.
    #[prost(message, repeated, tag = "25")]
    pub cgroup_roots: Vec<CgroupRoot>,
    /// The first of the processes becomes a child of ours, not of the program's.
    #[prost(bool, optional, tag = "26")]
    pub rst_sibling: Option<bool>,
    /// What stands in for descriptors.
    #[prost(message, repeated, tag = "27")]
    pub inherit_fds: Vec<InheritFd>,
    /// What is done with control groups.
    #[prost(enumeration = "CgroupMode", optional, tag = "34")]
    pub cgroup_mode: Option<i32>,
    /// What comes from outside: `mnt[KEY]:VALUE` and others of the option `--external`.
    #[prost(string, repeated, tag = "37")]
    pub external: Vec<String>,
    /// Namespaces that are made empty: bits of clone(2).
    #[prost(uint32, optional, tag = "38")]
    pub empty_ns: Option<u32>,
    /// The control group by which the processes are frozen.
    #[prost(string, optional, tag = "44")]
    pub freeze_cgroup: Option<String>,
    /// TCP connections that are being made are left out.
    #[prost(bool, optional, tag = "46")]
    pub tcp_skip_in_flight: Option<bool>,
    /// Pages of memory are fetched when they are touched.
    #[prost(bool, optional, tag = "48")]
    pub lazy_pages: Option<bool>,
    /// A descriptor that gets a zero byte when pages can be fetched.
    #[prost(int32, optional, tag = "49")]
    pub status_fd: Option<i32>,
    /// A terminal whose other end was outside is made, and handed out with a notice.
    #[prost(bool, optional, tag = "50")]
    pub orphan_pts_master: Option<bool>,
    /// Another profile of a security module, `TYPE:NAME`.
    #[prost(string, optional, tag = "53")]
    pub lsm_profile: Option<String>,
    /// Another context for mounts.
    #[prost(string, optional, tag = "55")]
    pub lsm_mount_context: Option<String>,
}

/// What is said to the program.
#[derive(Clone, PartialEq, Message)]
pub struct Request {
    /// What is to be done.
    #[prost(enumeration = "Kind", required, tag = "1")]
    pub kind: i32,
    /// How.
    #[prost(message, optional, tag = "2")]
    pub options: Option<Options>,
    /// Whether a notice was dealt with.
    #[prost(bool, optional, tag = "3")]
    pub notify_success: Option<bool>,
}

/// What has been made.
#[derive(Clone, PartialEq, Message)]
pub struct Restored {
    /// The first of the processes.
    #[prost(int32, required, tag = "1")]
    pub pid: i32,
}

/// Where the program has got to.
#[derive(Clone, PartialEq, Message)]
pub struct Notice {
    /// The moment, by the names that scripts of `--action-script` know.
    #[prost(string, optional, tag = "1")]
    pub script: Option<String>,
    /// The first of the processes.
    #[prost(int32, optional, tag = "2")]
    pub pid: Option<i32>,
}

/// What the program says.
#[derive(Clone, PartialEq, Message)]
pub struct Response {
    /// To what.
    #[prost(enumeration = "Kind", required, tag = "1")]
    pub kind: i32,
    /// Whether it went well.
    #[prost(bool, required, tag = "2")]
    pub success: bool,
    /// What has been made.
    #[prost(message, optional, tag = "4")]
    pub restored: Option<Restored>,
    /// Where it has got to.
    #[prost(message, optional, tag = "5")]
    pub notice: Option<Notice>,
    /// Why not: errno(3).
    #[prost(int32, optional, tag = "7")]
    pub errno: Option<i32>,
    /// Why not, in words.
    #[prost(string, optional, tag = "9")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_numbers_of_the_protocol() {
        let options = Options { images_dir_fd: 5, external: vec!["mnt[/a]:/a".into()], ..Options::default() };
        let request = Request { kind: Kind::Dump.into(), options: Some(options), notify_success: None };
        // Protocol buffers, "Message Structure": (number << 3 | type), length, value.
        let expect = [&[8, 1, 18, 15, 8, 5, 0xaa, 0x02, 10][..], b"mnt[/a]:/a"].concat();
        assert_eq!(request.encode_to_vec(), expect);
        let answer = Response::decode(&[8, 6, 16, 1, 42, 5, 10, 1, b'x', 16, 9][..]).unwrap();
        let notice = Notice { script: Some("x".into()), pid: Some(9) };
        assert_eq!((answer.kind(), answer.success, answer.notice), (Kind::Notify, true, Some(notice)));
    }
}
