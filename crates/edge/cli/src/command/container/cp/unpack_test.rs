//! Archives as daemons send them, and as attackers would.

use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use tar::{Builder, EntryType, Header};

/// An archive under construction.
struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn new() -> Archive {
        Archive(Builder::new(Vec::new()))
    }

    /// Adds an entry whose name is taken as it is, which a well-behaved program would refuse to write.
    fn add(mut self, kind: EntryType, name: &str, link: &str, data: &str) -> Archive {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(if kind == EntryType::Directory { 0o555 } else { 0o4755 });
        header.set_mtime(1_000_000_000);
        header.set_size(data.len() as u64);
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.append(&header, data.as_bytes()).unwrap();
        self
    }

    fn file(self, name: &str, data: &str) -> Archive {
        self.add(EntryType::Regular, name, "", data)
    }

    fn directory(self, name: &str) -> Archive {
        self.add(EntryType::Directory, name, "", "")
    }

    fn symlink(self, name: &str, target: &str) -> Archive {
        self.add(EntryType::Symlink, name, target, "")
    }

    fn link(self, name: &str, target: &str) -> Archive {
        self.add(EntryType::Link, name, target, "")
    }
}

/// A destination `in` beside a file `out/secret` that nobody may touch.
struct Field(tempfile::TempDir);

impl Field {
    fn new() -> Field {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("in")).unwrap();
        fs::create_dir_all(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("out/secret"), "safe").unwrap();
        Field(folder)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn unpack(&self, archive: Archive, source: &str, name: Option<&str>) -> Result<(), String> {
        let bytes = archive.0.into_inner().unwrap();
        let result = unpack(&*bytes, &self.at("in"), &Names::new(source, name.map(String::from)));
        assert_eq!(fs::read_to_string(self.at("out/secret")).unwrap(), "safe");
        assert_eq!(fs::read_dir(self.at("out")).unwrap().count(), 1, "nothing new outside");
        assert_eq!(fs::metadata(self.at("out/secret")).unwrap().mode() & 0o7777, 0o644);
        result.map_err(|why| why.replace(&self.0.path().display().to_string(), ""))
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }
}

#[test]
fn a_directory_arrives_with_modes_times_and_links() {
    let field = Field::new();
    let archive = Archive::new()
        .directory("d/")
        .file("d/f", "one")
        .link("d/hard", "d/f")
        .symlink("d/soft", "f")
        .symlink("d/absolute", "/etc")
        .add(EntryType::Fifo, "d/pipe", "", "");
    field.unpack(archive, "d", Some("new")).unwrap();
    assert_eq!(field.text("in/new/soft"), "one");
    let (file, hard) = (fs::metadata(field.at("in/new/f")).unwrap(), fs::metadata(field.at("in/new/hard")).unwrap());
    assert_eq!((file.ino(), file.nlink(), file.mode() & 0o7777, file.mtime()), (hard.ino(), 2, 0o4755, 1_000_000_000));
    let directory = fs::metadata(field.at("in/new")).unwrap();
    assert_eq!((directory.mode() & 0o7777, directory.mtime()), (0o555, 1_000_000_000));
    assert_eq!(fs::read_link(field.at("in/new/absolute")).unwrap(), Path::new("/etc"));
    // The owner's, so that the folder can be removed.
    fs::set_permissions(field.at("in/new"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn content_goes_into_what_is_there_and_replaces_files() {
    let field = Field::new();
    fs::write(field.at("in/g"), "old").unwrap();
    fs::hard_link(field.at("in/g"), field.at("in/other")).unwrap();
    let before = fs::metadata(field.at("in")).unwrap().mode();
    field.unpack(Archive::new().directory("./").file("./g", "new"), ".", None).unwrap();
    assert_eq!((field.text("in/g"), field.text("in/other")), ("new".into(), "old".into()));
    assert_eq!(fs::metadata(field.at("in")).unwrap().mode(), before, "the destination itself stays as it is");
}

#[test]
fn directories_and_files_do_not_take_each_others_place() {
    let field = Field::new();
    fs::create_dir_all(field.at("in/a")).unwrap();
    fs::write(field.at("in/x"), "old").unwrap();
    assert_eq!(
        field.unpack(Archive::new().file("a", "new"), "a", None).unwrap_err(),
        "cannot overwrite directory \"/in/a\" with non-directory \"/in\""
    );
    assert_eq!(
        field.unpack(Archive::new().directory("x/"), "x", None).unwrap_err(),
        "cannot overwrite non-directory \"/in/x\" with directory \"/in\""
    );
    assert_eq!(field.text("in/x"), "old");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for (name, why) in [
        ("../out/secret", "\"../out/secret\" is outside of \"/in\""),
        ("d/../../out/secret", "\"d/../../out/secret\" is outside of \"/in\""),
        ("/etc/gantry-cp-test", "\"/etc/gantry-cp-test\" in the archive is not what was asked for"),
        (".bashrc", "\".bashrc\" in the archive is not what was asked for"),
    ] {
        let field = Field::new();
        assert_eq!(field.unpack(Archive::new().file(name, "evil"), "d", None).unwrap_err(), why);
        assert_eq!(fs::read_dir(field.at("in")).unwrap().count(), 0);
    }
    // Where the content of a directory is asked for, an absolute name is one below the destination.
    let field = Field::new();
    field.unpack(Archive::new().file("/etc/passwd", "theirs"), "/", None).unwrap();
    assert_eq!(field.text("in/etc/passwd"), "theirs");
}

#[test]
fn links_that_lead_out_are_refused() {
    let field = Field::new();
    let why = field.unpack(Archive::new().directory("d/").symlink("d/up", "../../out"), "d", None).unwrap_err();
    assert_eq!(why, "invalid symlink \"/in/d/up\" -> \"../../out\"");
    for target in ["../out/secret", "d/../../out/secret", "/etc/passwd"] {
        let field = Field::new();
        let archive = Archive::new().directory("d/").link("d/hard", target).file("d/hard", "evil");
        field.unpack(archive, "d", None).unwrap_err();
    }
}

#[test]
fn nothing_goes_through_a_link() {
    // An absolute link may be made, as docker does, but no later entry goes through it (CVE-2018-15664).
    let field = Field::new();
    let out = field.at("out").display().to_string();
    for (later, is_directory) in [("d/way/secret", false), ("d/way/new/", true), ("d/way/deep/er/x", false)] {
        let archive = Archive::new().directory("d/").symlink("d/way", &out);
        let archive = if is_directory { archive.directory(later) } else { archive.file(later, "evil") };
        assert_eq!(field.unpack(archive, "d", None).unwrap_err(), "\"/in/d/way\" is no directory of the copy");
    }
    // A directory that turns into a link does not help.
    let archive = Archive::new().directory("d/").symlink("d", &out).file("d/secret", "evil");
    assert!(field.unpack(archive, "d", None).unwrap_err().starts_with("cannot overwrite directory"));
    // Neither does a link in the user's own directory, or a file in the way.
    symlink(&out, field.at("in/mine")).unwrap();
    assert!(field.unpack(Archive::new().file("mine/secret", "evil"), "mine", None).is_err());
    assert!(field.unpack(Archive::new().file("f", "x").file("f/g", "evil"), "f", None).is_err());
}

#[test]
fn a_link_is_replaced_and_not_written_through() {
    let field = Field::new();
    let secret = field.at("out/secret").display().to_string();
    let archive = Archive::new().directory("d/").symlink("d/f", &secret).file("d/f", "new");
    field.unpack(archive, "d", None).unwrap();
    assert_eq!(field.text("in/d/f"), "new");
    assert!(!fs::symlink_metadata(field.at("in/d/f")).unwrap().is_symlink());
    // A hard link to such a link is one to the link, not to what it points at.
    let archive = Archive::new().directory("e/").symlink("e/l", &secret).link("e/hard", "e/l");
    field.unpack(archive, "e", None).unwrap();
    assert!(fs::symlink_metadata(field.at("in/e/hard")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&secret).unwrap().nlink(), 1);
}

#[test]
fn a_broken_archive_is_an_error() {
    let field = Field::new();
    let mut bytes = Archive::new().file("d", "some text").0.into_inner().unwrap();
    bytes.truncate(515);
    let why = unpack(&*bytes, &field.at("in"), &Names::new("d", None)).unwrap_err();
    assert!(why.contains("unexpected EOF") || why.contains("failed to read entire block"), "{why}");
    assert!(unpack(&b"no archive at all"[..], &field.at("in"), &Names::new("d", None)).is_err());
}
