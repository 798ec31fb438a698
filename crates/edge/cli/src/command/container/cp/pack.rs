//! A local file or directory as an archive.

use super::path::split;
use super::plan::End;
use crate::exit::go_error;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

/// The capabilities that a program gets when it is executed; without them a copy would not work as the original does.
const CAPABILITIES: &str = "security.capability";
/// How extended attributes are called in the headers of an archive.
const ATTRIBUTE: &str = "SCHILY.xattr.";

/// Bytes that are read from a file, and sent, at once.
const PIECE: usize = 64 << 10;

/// The archive of a source whose topmost entry is called `name`, made by a thread while it is sent; and how many bytes
/// of it were sent. A file that cannot be read breaks it off.
pub fn pack(source: &End, name: &str) -> (mpsc::Receiver<io::Result<Bytes>>, Arc<AtomicU64>) {
    let (sender, receiver) = mpsc::channel(4);
    let count = Arc::new(AtomicU64::new(0));
    let (directory, last) = split(&source.path);
    let (path, name) = (Path::new(&directory).join(last), PathBuf::from(name));
    let writer = Sender { chunks: sender.clone(), count: count.clone() };
    std::thread::spawn(move || {
        // Small writes are put together to chunks.
        let mut packer =
            Packer { builder: Builder::new(io::BufWriter::with_capacity(PIECE, writer)), links: HashMap::new() };
        let made = packer.add(&path, &name).and_then(|()| packer.builder.into_inner()?.flush());
        if let Err(error) = made {
            let _ = sender.blocking_send(Err(error));
        }
    });
    (receiver, count)
}

struct Sender {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    count: Arc<AtomicU64>,
}

impl Write for Sender {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let chunk = Bytes::copy_from_slice(data);
        self.chunks.blocking_send(Ok(chunk)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.count.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Packer<W: Write> {
    builder: Builder<W>,
    /// The first name of each file that has several.
    links: HashMap<(u64, u64), PathBuf>,
}

impl<W: Write> Packer<W> {
    /// Adds a file, or a directory with everything in it in the order of its names.
    fn add(&mut self, path: &Path, name: &Path) -> io::Result<()> {
        let told = |step: &str, error: io::Error| io::Error::other(go_error(step, path, &error));
        let found = fs::symlink_metadata(path).map_err(|error| told("lstat", error))?;
        let kind = found.file_type();
        if kind.is_dir() {
            self.builder.append_data(&mut header(&found, EntryType::Directory), name, io::empty())?;
            let listed = fs::read_dir(path).and_then(|list| list.map(|entry| Ok(entry?.file_name())).collect());
            let mut children: Vec<std::ffi::OsString> = listed.map_err(|error| told("open", error))?;
            children.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
            return children.iter().try_for_each(|child| self.add(&path.join(child), &name.join(child)));
        }
        if kind.is_symlink() {
            let target = fs::read_link(path).map_err(|error| told("readlink", error))?;
            return self.builder.append_link(&mut header(&found, EntryType::Symlink), name, target);
        }
        if found.nlink() > 1
            && let Some(first) = self.links.get(&(found.dev(), found.ino()))
        {
            return self.builder.append_link(&mut header(&found, EntryType::Link), name, first);
        }
        self.links.insert((found.dev(), found.ino()), name.into());
        match special(kind) {
            Some(_) if kind.is_socket() => Err(told("archive", io::Error::other("sockets cannot be copied"))),
            Some(kind) => self.builder.append_data(&mut device(&found, kind)?, name, io::empty()),
            None => self.add_file(path, name, &told),
        }
    }

    fn add_file(&mut self, path: &Path, name: &Path, told: &impl Fn(&str, io::Error) -> io::Error) -> io::Result<()> {
        let file = File::open(path).map_err(|error| told("open", error))?;
        let found = file.metadata().map_err(|error| told("stat", error))?;
        let mut buffer = [0; 256];
        // Most files have none, and many file systems cannot have any.
        if let Ok(length) = rustix::fs::fgetxattr(&file, CAPABILITIES, &mut buffer) {
            let key = format!("{ATTRIBUTE}{CAPABILITIES}");
            self.builder.append_pax_extensions([(key.as_str(), &buffer[..length])])?;
        }
        let mut header = header(&found, EntryType::Regular);
        header.set_size(found.len());
        let data = io::BufReader::with_capacity(PIECE, Exactly { file, left: found.len() });
        self.builder.append_data(&mut header, name, data).map_err(|error| told("read", error))
    }
}

/// What is neither file nor directory nor link.
fn special(kind: FileType) -> Option<EntryType> {
    match kind {
        kind if kind.is_fifo() => Some(EntryType::Fifo),
        kind if kind.is_char_device() => Some(EntryType::Char),
        kind if kind.is_block_device() => Some(EntryType::Block),
        kind if kind.is_socket() => Some(EntryType::Regular),
        _ => None,
    }
}

fn header(found: &Metadata, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(found.mode() & 0o7777);
    header.set_uid(found.uid().into());
    header.set_gid(found.gid().into());
    header.set_mtime(u64::try_from(found.mtime()).unwrap_or(0));
    header.set_size(0);
    header
}

fn device(found: &Metadata, kind: EntryType) -> io::Result<Header> {
    let mut header = header(found, kind);
    header.set_device_major(rustix::fs::major(found.rdev()))?;
    header.set_device_minor(rustix::fs::minor(found.rdev()))?;
    Ok(header)
}

/// As many bytes of a file as its header says; it may grow or shrink while it is read.
struct Exactly {
    file: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        if count == 0 && most > 0 {
            return Err(io::Error::other("the file became shorter while it was read"));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn list(source: &str, name: &str) -> io::Result<Vec<String>> {
        let end = End { path: source.into(), ..End::default() };
        let (mut receiver, count) = pack(&end, name);
        let mut bytes = Vec::new();
        while let Some(chunk) = receiver.blocking_recv() {
            bytes.extend_from_slice(&chunk?);
        }
        assert_eq!(bytes.len() as u64, count.load(Ordering::Relaxed));
        let mut archive = tar::Archive::new(&*bytes);
        let mut found = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            let link = entry.link_name()?.map(|link| format!(" -> {}", link.display())).unwrap_or_default();
            found.push(format!("{:?} {}{link} {text}", entry.header().entry_type(), entry.path()?.display()));
        }
        Ok(found)
    }

    #[test]
    fn directories_are_walked_in_order_and_links_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("sub/b"), "two").unwrap();
        fs::write(at("a"), "one").unwrap();
        fs::hard_link(at("a"), at("z")).unwrap();
        symlink("../out", at("l")).unwrap();
        let path = folder.path().to_str().unwrap();
        let expect = [
            "Directory new ",
            "Regular new/a one",
            "Symlink new/l -> ../out ",
            "Directory new/sub ",
            "Regular new/sub/b two",
            "Link new/z -> new/a ",
        ];
        assert_eq!(list(path, "new").unwrap(), expect);
        assert_eq!(list(&format!("{path}/a"), "x").unwrap(), ["Regular x one"]);
        assert_eq!(list(&format!("{path}/."), ".").unwrap()[1], "Regular a one");
    }

    #[test]
    fn long_names_survive() {
        let folder = tempfile::tempdir().unwrap();
        let name = "n".repeat(200);
        fs::write(folder.path().join(&name), "x").unwrap();
        let path = folder.path().join(&name).to_str().unwrap().to_string();
        assert_eq!(list(&path, &name).unwrap(), [format!("Regular {name} x")]);
    }

    #[test]
    fn what_cannot_be_read_breaks_the_archive_off() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = list(socket.to_str().unwrap(), "s").unwrap_err();
        assert_eq!(error.to_string(), format!("archive {}: sockets cannot be copied", socket.display()));
    }

    #[test]
    fn a_file_that_shrinks_is_noticed() {
        let file = tempfile::tempfile().unwrap();
        let mut buffer = [0; 8];
        let error = Exactly { file, left: 5 }.read(&mut buffer).unwrap_err();
        assert_eq!(error.to_string(), "the file became shorter while it was read");
    }
}
