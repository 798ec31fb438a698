//! Hostile layers. The verdict is by canary: whatever the unpacker says, nothing outside the root may change.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::unpacker_test::{Layer, archive, entry, link};
use crate::{Device, Entry, Kind, Limits, TarWriter};

/// What one path looks like: kind and mode, owner, group, time, links, size, and its content.
type Looks = (u32, u32, u32, i64, u64, u64, Vec<u8>);

fn survey(directory: &Path, seen: &mut BTreeMap<std::path::PathBuf, Looks>) {
    for found in fs::read_dir(directory).unwrap() {
        let path = found.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        let content = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        if meta.is_dir() {
            survey(&path, seen);
        }
        let looks = (meta.mode(), meta.uid(), meta.gid(), meta.mtime(), meta.nlink(), meta.size(), content);
        seen.insert(path, looks);
    }
}

/// Unpacks beside a canary and checks that the canary lives. Says whether the layer was taken.
fn attack(name: &str, archive: &[u8]) -> (Layer, bool) {
    let layer = Layer::new();
    let canary = layer.directory.path().join("canary");
    fs::create_dir_all(canary.join("dir/inner")).unwrap();
    fs::write(canary.join("file"), "alive").unwrap();
    fs::write(canary.join("dir/inner/file"), "alive").unwrap();
    drop(UnixListener::bind(canary.join("socket")).unwrap());
    let look = || {
        let mut seen = BTreeMap::new();
        survey(&canary, &mut seen);
        seen
    };
    let before = look();
    let taken = layer.unpack_within(archive, Limits { entries: 10_000, ..Limits::default() }).is_ok();
    assert_eq!(look(), before, "{name}");
    let beside: Vec<_> =
        fs::read_dir(layer.directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 2, "{name}: {beside:?}");
    (layer, taken)
}

#[test]
fn no_path_leads_out_of_the_layer() {
    let canary = "../canary";
    let deep = "../../../../../../../../../..";
    let dir = || Kind::Directory;
    let cases: Vec<(&str, Vec<Entry>)> = vec![
        ("parent", vec![entry("../canary/new", Kind::File)]),
        ("parent behind a name", vec![entry("a/../../canary/file", Kind::File)]),
        ("absolute parent", vec![entry("/../canary/file", Kind::File)]),
        ("link, then through it", vec![link("a", Kind::Symlink, canary), entry("a/file", Kind::File)]),
        (
            "absolute link, then through it",
            vec![link("a", Kind::Symlink, "/"), entry("a/canary-of-attack", Kind::File)],
        ),
        ("link over itself", vec![link("a", Kind::Symlink, canary), entry("a", dir()), entry("a/new", Kind::File)]),
        (
            "chain of links",
            vec![link("a", Kind::Symlink, "b/.."), link("b", Kind::Symlink, ".."), entry("a/canary/file", Kind::File)],
        ),
        ("hard link to outside", vec![link("x", Kind::Hardlink, "../canary/file"), entry("x", Kind::File)]),
        (
            "hard link through a link",
            vec![
                link("a", Kind::Symlink, canary),
                link("x", Kind::Hardlink, "a/file"),
                Entry { mode: 0o777, ..entry("x", Kind::File) },
            ],
        ),
        (
            "hard link to a link, then a mode (CVE-2021-32760)",
            vec![
                link("a", Kind::Symlink, "../canary/file"),
                Entry { mode: 0o4777, uid: 7, ..link("b", Kind::Hardlink, "a") },
            ],
        ),
        ("link to procfs", vec![link("p", Kind::Symlink, "/proc/self/root"), entry("p/canary-of-attack", Kind::File)]),
        (
            "link to a descriptor",
            vec![link("p", Kind::Symlink, "/proc/self/cwd"), entry("p/canary-of-attack", Kind::File)],
        ),
        (
            "directory replaced by a link, then its time",
            vec![
                entry("d/sub/", dir()),
                entry("d", Kind::File),
                link("d", Kind::Symlink, canary),
                entry("d/dir/", dir()),
            ],
        ),
        (
            "cached parent replaced by a link",
            vec![
                entry("d/", dir()),
                entry("d/one", Kind::File),
                link("d", Kind::Symlink, canary),
                entry("d/two", Kind::File),
            ],
        ),
        ("removal through a link", vec![link("d", Kind::Symlink, canary), entry("d/dir", Kind::File)]),
        ("whiteout through a link", vec![link("d", Kind::Symlink, canary), entry("d/.wh.file", Kind::File)]),
        ("opaque through a link", vec![link("d", Kind::Symlink, canary), entry("d/.wh..wh..opq", Kind::File)]),
        ("whiteout of a link to a directory", vec![link("d", Kind::Symlink, canary), entry(".wh.d", Kind::File)]),
        ("whiteout of parent", vec![entry("a/.wh...", Kind::File)]),
        ("whiteout of self", vec![entry("a/.wh..", Kind::File)]),
        ("whiteout on an escaped path", vec![entry("../canary/.wh.file", Kind::File)]),
        ("device on an escaped path", vec![entry("../canary/n", Kind::Character(Device { major: 1, minor: 3 }))]),
        ("many parents", vec![entry(&format!("{deep}/tmp/canary-of-attack"), Kind::File)]),
        ("link of many parents", vec![link("a", Kind::Symlink, deep), entry("a/canary-of-attack", Kind::File)]),
    ];
    for (name, entries) in cases {
        attack(name, &archive(&entries));
        assert!(!Path::new("/canary-of-attack").exists(), "{name}");
        assert!(!Path::new("/tmp/canary-of-attack").exists(), "{name}");
    }
}

#[test]
fn a_real_whiteout_node_and_overlay_attributes_change_only_the_layer() {
    let node = entry("etc", Kind::Character(Device { major: 0, minor: 0 }));
    let (layer, taken) = attack("char 0:0", &archive(&[node, entry("etc/x", Kind::File)]));
    assert!(taken);
    assert!(layer.path("etc/x").exists());
    let redirect = Entry {
        xattrs: vec![(b"trusted.overlay.redirect".to_vec(), b"/../canary".to_vec())],
        ..entry("d/", Kind::Directory)
    };
    let (layer, _) = attack("redirect", &archive(&[redirect]));
    let mut value = [0; 16];
    assert!(rustix::fs::lgetxattr(layer.path("d"), "trusted.overlay.redirect", &mut value[..]).is_err());
}

/// A plain header, changed, with its sum put right.
fn raw(change: impl FnOnce(&mut tar::Header)) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path("name").unwrap();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    change(&mut header);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn with_content(mut header: Vec<u8>, content: &[u8]) -> Vec<u8> {
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(512), 0);
    header
}

#[test]
fn malformed_archives_are_refused() {
    let pax = |records: &[u8]| {
        with_content(raw(|h| (h.set_entry_type(tar::EntryType::XHeader), h.set_size(records.len() as u64)).1), records)
    };
    let file = || raw(|_| {});
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("negative size", raw(|h| h.as_old_mut().size = [0xff; 12])),
        ("size beyond an offset", raw(|h| h.as_old_mut().size = [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])),
        ("garbage size", raw(|h| h.as_old_mut().size = *b"12x456789012")),
        ("size without content", raw(|h| h.set_size(1 << 40))),
        ("owner -1", raw(|h| h.as_old_mut().uid = [0xff; 8])),
        ("unknown type", raw(|h| h.set_entry_type(tar::EntryType::new(b'Z')))),
        ("half a header", file()[..300].to_vec()),
        ("not an archive", vec![b'x'; 2048]),
        ("lone zero block", [vec![0; 512], file()].concat()),
        ("PAX size -1", [pax(b"11 size=-1\n"), file()].concat()),
        ("PAX size without content", [pax(b"18 size=100000000\n"), file()].concat()),
        ("PAX length lies", [pax(b"99 path=x\n"), file()].concat()),
        ("PAX name with NUL", [pax(b"12 path=a\0b\n"), file()].concat()),
        ("huge PAX header", raw(|h| (h.set_entry_type(tar::EntryType::XHeader), h.set_size(1 << 33)).1)),
        ("huge GNU name", raw(|h| (h.set_entry_type(tar::EntryType::GNULongName), h.set_size(1 << 33)).1)),
        ("file as root", raw(|h| h.as_old_mut().name = [0; 100])),
        (
            "sparse map beyond its content",
            [
                pax(b"22 GNU.sparse.major=0\n22 GNU.sparse.minor=1\n"),
                pax(b"21 GNU.sparse.size=9\n23 GNU.sparse.map=0,999\n"),
                file(),
            ]
            .concat(),
        ),
        ("hard link to the root", archive(&[link("x", Kind::Hardlink, "/")])),
        ("hard link to nothing", archive(&[link("x", Kind::Hardlink, "nothing")])),
        ("hard link to a directory", archive(&[entry("d/", Kind::Directory), link("x", Kind::Hardlink, "d")])),
        ("file as directory", archive(&[entry("a", Kind::File), entry("a/b", Kind::File)])),
        ("dangling link as directory", archive(&[link("a", Kind::Symlink, "b"), entry("a/b", Kind::File)])),
        ("loop of links as directory", archive(&[link("a", Kind::Symlink, "a"), entry("a/b", Kind::File)])),
        ("5,000-byte name", archive(&[entry(&"a/".repeat(2500), Kind::File)])),
        ("300-byte component", archive(&[entry(&"a".repeat(300), Kind::File)])),
    ];
    for (name, bytes) in cases {
        let (_, taken) = attack(name, &bytes);
        assert!(!taken, "{name}");
    }
}

#[test]
fn odd_names_are_names() {
    let names = ["new\nline", "-rf", "~", "a b", "\u{1b}[2J", ".wh", "..."];
    let entries: Vec<_> = names.iter().map(|name| entry(name, Kind::File)).collect();
    let (layer, taken) = attack("odd names", &archive(&entries));
    assert!(taken);
    assert!(names.iter().all(|name| layer.path(name).is_file()));
}

#[test]
fn where_pax_and_ustar_disagree_on_the_size_pax_is_right() {
    // A reader that took the ustar size would find a second entry inside the first one's content.
    let hidden = archive(&[entry("hidden", Kind::File)]);
    let record = format!("{} size={}\n", 7 + 2 + hidden.len().to_string().len(), hidden.len());
    let head = raw(|h| (h.set_entry_type(tar::EntryType::XHeader), h.set_size(record.len() as u64)).1);
    let bytes = [with_content(head, record.as_bytes()), with_content(raw(|_| {}), &hidden), vec![0; 1024]].concat();
    let (layer, taken) = attack("size", &bytes);
    assert!(taken);
    assert!(!layer.path("hidden").exists());
    assert_eq!(fs::read(layer.path("name")).unwrap(), hidden);
}

#[test]
fn bombs_stop_at_their_limits() {
    let layer = Layer::new();
    let limits = Limits { entries: 1000, stream: 10 << 20, ..Limits::default() };
    let refused = |bytes: &[u8], what: &str| {
        let error = layer.unpack_within(bytes, limits).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    // Zeros: in a file, and behind the end of the archive.
    let zeros = Entry { size: 1 << 30, ..entry("zeros", Kind::File) };
    let mut tar = TarWriter::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best()));
    tar.append(&zeros, std::io::repeat(0)).unwrap();
    refused(&tar.finish().unwrap().finish().unwrap(), "more than 10485760 bytes");
    assert!(!layer.path("zeros").exists(), "nothing of it is written");
    let mut tail = zstd::Encoder::new(Vec::new(), 1).unwrap();
    tail.write_all(&archive(&[])).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 100 << 20), &mut tail).unwrap();
    refused(&tail.finish().unwrap(), "more than 10485760 bytes");
    // Names.
    let names: Vec<_> = (0..1001).map(|_| entry("name", Kind::File)).collect();
    refused(&archive(&names), "more than 1000 entries");
}
