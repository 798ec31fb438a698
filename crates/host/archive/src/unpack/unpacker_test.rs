//! What layers become on disk.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::{Device, Entry, Kind, LayerError, Limits, TarWriter, Unpacked, unpack_layer};

/// A temporary directory that holds the root of a layer and nothing else.
pub(super) struct Layer {
    pub directory: tempfile::TempDir,
}

impl Layer {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("root")).unwrap();
        Self { directory }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join("root").join(name)
    }

    pub fn unpack(&self, archive: &[u8]) -> Result<Unpacked, LayerError> {
        self.unpack_within(archive, Limits::default())
    }

    pub fn unpack_within(&self, archive: &[u8], limits: Limits) -> Result<Unpacked, LayerError> {
        let root = fs::File::open(self.path("")).unwrap();
        unpack_layer(archive, root.as_fd(), limits)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

pub(super) fn entry(path: &str, kind: Kind) -> Entry {
    Entry {
        path: path.into(),
        link: Vec::new(),
        kind,
        size: 0,
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: 1_000_000_000,
        mtime_nanoseconds: 0,
        xattrs: Vec::new(),
    }
}

pub(super) fn link(path: &str, kind: Kind, target: &str) -> Entry {
    Entry { link: target.into(), ..entry(path, kind) }
}

/// An archive; each file has its own name as content.
pub(super) fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new());
    for one in entries {
        let content = if one.kind == Kind::File { one.path.clone() } else { Vec::new() };
        let one = Entry { size: content.len() as u64, ..one.clone() };
        tar.append(&one, content.as_slice()).unwrap();
    }
    tar.finish().unwrap()
}

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = [0; 64];
    let length = rustix::fs::lgetxattr(path, name, &mut value[..]).ok()?;
    Some(value[..length].to_vec())
}

#[test]
fn all_kinds_arrive_with_owner_mode_and_time() {
    let layer = Layer::new();
    let capability = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    let entries = [
        Entry { mode: 0o700, ..entry("./", Kind::Directory) },
        Entry { mode: 0o2775, gid: 8, ..entry("mail/", Kind::Directory) },
        entry("mail/file", Kind::File),
        Entry { mode: 0o4711, uid: 1, gid: 2, ..entry("su", Kind::File) },
        Entry {
            mode: 0o777,
            mtime_nanoseconds: 5,
            xattrs: vec![
                (b"security.capability".to_vec(), capability.clone()),
                (b"user.note".to_vec(), b"x".to_vec()),
                (b"trusted.overlay.opaque".to_vec(), b"y".to_vec()),
                (b"user.overlay.opaque".to_vec(), b"y".to_vec()),
            ],
            ..entry("implied/by/name/file", Kind::File)
        },
        Entry { uid: 5, ..link("link", Kind::Symlink, "/nowhere") },
        link("su2", Kind::Hardlink, "/su"),
        Entry { mode: 0o666, ..entry("null", Kind::Character(Device { major: 1, minor: 3 })) },
        Entry { mode: 0o660, gid: 6, ..entry("disk", Kind::Block(Device { major: 8, minor: 1 })) },
        Entry { mode: 0o622, ..entry("pipe", Kind::Fifo) },
    ];
    let unpacked = layer.unpack(&archive(&entries)).unwrap();
    assert_eq!(
        unpacked.bytes,
        ("mail/file".len() + "su".len() + "implied/by/name/file".len() + "/nowhere".len()) as u64
    );

    let look = |name: &str| {
        let meta = fs::symlink_metadata(layer.path(name)).unwrap();
        (meta.mode() & 0o7777, meta.uid(), meta.gid(), meta.mtime(), meta.mtime_nsec())
    };
    let time = 1_000_000_000;
    assert_eq!(look(""), (0o700, 0, 0, time, 0));
    assert_eq!(look("mail"), (0o2775, 0, 8, time, 0));
    assert_eq!(look("mail/file"), (0o755, 0, 0, time, 0), "the group of its directory is not taken over");
    assert_eq!(look("su"), (0o4711, 1, 2, time, 0));
    assert_eq!(look("su2"), look("su"));
    assert_eq!(look("implied/by/name/file"), (0o777, 0, 0, time, 5));
    assert_eq!(look("implied").0, 0o755);
    assert_eq!((look("link").1, look("link").3), (5, time));
    assert_eq!(look("null"), (0o666, 0, 0, time, 0));
    assert_eq!(fs::symlink_metadata(layer.path("null")).unwrap().rdev(), rustix::fs::makedev(1, 3));
    assert!(fs::symlink_metadata(layer.path("disk")).unwrap().file_type().is_block_device());
    assert!(fs::symlink_metadata(layer.path("pipe")).unwrap().file_type().is_fifo());

    let file = layer.path("implied/by/name/file");
    assert_eq!(xattr(&file, "security.capability"), Some(capability));
    assert_eq!(xattr(&file, "user.note"), Some(b"x".to_vec()));
    assert_eq!(xattr(&file, "trusted.overlay.opaque"), None);
    assert_eq!(xattr(&file, "user.overlay.opaque"), None);
}

#[test]
fn whiteouts_become_those_of_overlayfs_and_spare_their_own_layer() {
    let layer = Layer::new();
    let entries = [
        entry("a/.wh.gone", Kind::File),
        entry("kept", Kind::File),
        entry(".wh.kept", Kind::File),
        entry("opaque/.wh..wh..opq", Kind::File),
        entry("opaque/child", Kind::File),
        entry(".wh.again", Kind::File),
        entry("again/", Kind::Directory),
        entry(".wh.implied", Kind::File),
        entry("implied/file", Kind::File),
        entry("hidden/", Kind::Directory),
        entry(".wh.hidden", Kind::File),
        entry(".wh..wh.plnk", Kind::File),
        entry(".wh.file", Kind::File),
        entry("file", Kind::File),
    ];
    let unpacked = layer.unpack(&archive(&entries)).unwrap();
    assert!(!unpacked.is_opaque);
    let gone = fs::symlink_metadata(layer.path("a/gone")).unwrap();
    assert!(gone.file_type().is_char_device() && gone.rdev() == 0);
    assert_eq!(layer.text("kept"), "kept");
    assert_eq!(layer.text("file"), "file");
    assert_eq!(layer.text("implied/file"), "implied/file");
    for name in ["opaque", "again", "implied", "hidden"] {
        assert_eq!(xattr(&layer.path(name), "trusted.overlay.opaque"), Some(b"y".to_vec()), "{name}");
    }
    for name in [".wh..wh.plnk", "opaque/.wh..wh..opq", "a/.wh.gone"] {
        assert!(fs::symlink_metadata(layer.path(name)).is_err(), "{name}");
    }
    let layer = Layer::new();
    assert!(layer.unpack(&archive(&[entry(".wh..wh..opq", Kind::File)])).unwrap().is_opaque);
}

#[test]
fn a_later_entry_takes_the_place_of_an_earlier_one() {
    let layer = Layer::new();
    let entries = [
        entry("a", Kind::File),
        entry("a/", Kind::Directory),
        entry("a/b/c", Kind::File),
        entry("dir/", Kind::Directory),
        entry("dir/x", Kind::File),
        entry("dir", Kind::File),
        link("l", Kind::Symlink, "a"),
        entry("l", Kind::File),
        link("m", Kind::Symlink, "a"),
        entry("m/", Kind::Directory),
        entry("m/in-m", Kind::File),
        entry("merged/one", Kind::File),
        Entry { mode: 0o711, ..entry("merged/", Kind::Directory) },
        entry("merged/two", Kind::File),
        link("self", Kind::Hardlink, "self"),
    ];
    layer.unpack(&archive(&entries)).unwrap();
    assert_eq!(layer.text("a/b/c"), "a/b/c");
    assert_eq!(layer.text("dir"), "dir");
    assert_eq!(layer.text("l"), "l");
    assert_eq!(layer.text("m/in-m"), "m/in-m");
    assert!(!layer.path("a/in-m").exists());
    assert_eq!(layer.text("merged/one"), "merged/one");
    let merged = fs::metadata(layer.path("merged")).unwrap();
    assert_eq!((merged.mode() & 0o777, merged.mtime()), (0o711, 1_000_000_000));
}

#[test]
fn links_inside_the_layer_are_followed_inside_it() {
    let layer = Layer::new();
    let entries = [
        entry("usr/lib/", Kind::Directory),
        link("lib", Kind::Symlink, "/usr/lib"),
        entry("lib/file", Kind::File),
        link("up", Kind::Symlink, "../../../../usr"),
        entry("up/other", Kind::File),
        link("copy", Kind::Hardlink, "lib/file"),
    ];
    layer.unpack(&archive(&entries)).unwrap();
    assert_eq!(layer.text("usr/lib/file"), "lib/file");
    assert_eq!(layer.text("usr/other"), "up/other");
    assert_eq!(layer.text("copy"), "lib/file");
}

#[test]
fn a_sparse_file_of_gnu_tar_keeps_its_holes_in_every_format() {
    for format in ["--format=gnu", "--format=posix", "--sparse-version=0.0", "--sparse-version=0.1"] {
        let source = tempfile::tempdir().unwrap();
        let path = source.path().join("sparse");
        let file = fs::File::create(&path).unwrap();
        use std::os::unix::fs::FileExt;
        // Enough runs of data for the old format's further blocks.
        for run in 0..30_u64 {
            file.write_all_at(b"data", run << 20).unwrap();
        }
        file.set_len(100 << 20).unwrap();
        let mut tar = std::process::Command::new("tar");
        if format.starts_with("--sparse") {
            tar.arg("--format=posix");
        }
        let tar = tar.args([format, "-S", "-cf", "-", "-C"]).arg(source.path()).arg("sparse").output().unwrap();
        assert!(tar.status.success());

        let layer = Layer::new();
        layer.unpack(&tar.stdout).unwrap();
        let there = fs::metadata(layer.path("sparse")).unwrap();
        assert_eq!(there.len(), 100 << 20, "{format}");
        assert!(there.blocks() * 512 < 4 << 20, "{format}");
        assert!(fs::read(layer.path("sparse")).unwrap() == fs::read(&path).unwrap(), "{format}");
    }
}

#[test]
fn what_the_packer_writes_unpacks_to_the_same_upper() {
    let layer = Layer::new();
    let entries = [
        entry("d/", Kind::Directory),
        entry("d/.wh.gone", Kind::File),
        entry("d/sub/.wh..wh..opq", Kind::File),
        Entry { mode: 0o4711, uid: 1, ..entry("d/su", Kind::File) },
        link("d/su2", Kind::Hardlink, "d/su"),
        link("link", Kind::Symlink, "/x"),
        entry(&format!("{}/end", vec!["x".repeat(200); 5].join("/")), Kind::File),
    ];
    layer.unpack(&archive(&entries)).unwrap();
    let pack = |layer: &Layer| {
        let root = fs::File::open(layer.path("")).unwrap();
        let mut tar = TarWriter::new(Vec::new());
        crate::Packer::of_upper(root.as_fd()).pack(&mut tar).unwrap();
        tar.finish().unwrap()
    };
    let packed = pack(&layer);
    let again = Layer::new();
    again.unpack(&packed).unwrap();
    let su = fs::metadata(again.path("d/su")).unwrap();
    assert_eq!((su.mode() & 0o7777, su.uid(), su.nlink()), (0o4711, 1, 2));
    assert!(fs::symlink_metadata(again.path("d/gone")).unwrap().file_type().is_char_device());
    assert_eq!(xattr(&again.path("d/sub"), "trusted.overlay.opaque"), Some(b"y".to_vec()));
    assert!(pack(&again) == packed, "equal trees give equal archives");
}

#[test]
fn the_diff_id_is_of_the_whole_uncompressed_stream() {
    use sha2::{Digest, Sha256};
    let mut bytes = archive(&[entry("a", Kind::File)]);
    bytes.extend_from_slice(b"and what follows the end");
    let expected: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(Layer::new().unpack(&bytes).unwrap().diff_id, expected);
    let compressed = zstd::encode_all(bytes.as_slice(), 1).unwrap();
    assert_eq!(Layer::new().unpack(&compressed).unwrap().diff_id, expected);
}
