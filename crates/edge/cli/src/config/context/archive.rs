//! Contexts in files: a tar archive of `meta.json` and `tls/<endpoint>/<file>`; a zip archive is read too.

use super::{ContextError, Material, Meta, zip};
use std::io::{self, Read, Write};

/// The longest archive that is read, in bytes; docker's bound.
pub const LIMIT: u64 = 10 << 20;

/// Writes a context.
pub fn export(meta: &Meta, material: &Material, to: impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(to);
    // Maps of strings are always serialisable.
    append(&mut archive, "meta.json", Some(&serde_json::to_vec(meta).unwrap_or_default()), 0o644)?;
    append(&mut archive, "tls", None, 0o700)?;
    for (endpoint, files) in material {
        append(&mut archive, &format!("tls/{endpoint}"), None, 0o700)?;
        for (file, text) in files {
            append(&mut archive, &format!("tls/{endpoint}/{file}"), Some(text), 0o600)?;
        }
    }
    archive.into_inner()?.flush()
}

fn append<W: Write>(archive: &mut tar::Builder<W>, name: &str, text: Option<&[u8]>, mode: u32) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(mode);
    header.set_size(text.map_or(0, |text| text.len() as u64));
    header.set_entry_type(if text.is_some() { tar::EntryType::Regular } else { tar::EntryType::Directory });
    archive.append_data(&mut header, name, text.unwrap_or_default())
}

/// Reads an archive; the context keeps no name.
pub fn import(from: impl Read) -> Result<(Meta, Material), ContextError> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ContextError::Archive("unexpected EOF".into()),
        _ => ContextError::Archive(error.to_string()),
    };
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > LIMIT {
        return Err(ContextError::Archive(format!("cannot read more than {LIMIT} bytes")));
    }
    let files = if bytes.starts_with(b"PK\x03\x04") { zip::files(&bytes) } else { tar_files(&bytes) };
    assemble(files.map_err(refused)?)
}

type Files = Vec<(String, Vec<u8>)>;

fn tar_files(bytes: &[u8]) -> io::Result<Files> {
    if !bytes.is_empty() && bytes.len() < 512 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut files = Vec::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let mut text = Vec::new();
        entry.read_to_end(&mut text)?;
        files.push((name, text));
    }
    Ok(files)
}

/// Names lead nowhere but to a file of an endpoint: each part is a plain one.
fn assemble(files: Files) -> Result<(Meta, Material), ContextError> {
    let (mut meta, mut material) = (None, Material::new());
    for (name, text) in files {
        let parts: Vec<&str> = name.split('/').collect();
        let plain = parts.iter().all(|part| !matches!(*part, "" | "." | "..") && !part.contains('\0'));
        match parts[..] {
            ["meta.json"] => {
                let read: Meta = api::json::from_slice(&text).map_err(|e| ContextError::Archive(e.to_string()))?;
                meta = Some(read);
            }
            ["tls", endpoint, file] if plain => {
                material.entry(endpoint.to_owned()).or_default().insert(file.to_owned(), text);
            }
            _ => return Err(ContextError::Archive(format!("{name}: unexpected context file"))),
        }
    }
    let meta = meta.ok_or_else(|| ContextError::Archive("invalid context: no metadata found".into()))?;
    Ok((meta, material))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_is_imported() {
        let meta = Meta::new("one", "tcp://h:1", true);
        let files = [("ca.pem".to_owned(), b"ca".to_vec())].into();
        let material: Material = [("docker".to_owned(), files)].into();
        let mut bytes = Vec::new();
        export(&meta, &material, &mut bytes).unwrap();
        assert_eq!(import(&bytes[..]).unwrap(), (meta.clone(), material.clone()));
        // Docker's own archives lack the end.
        assert_eq!(import(&bytes[..bytes.len() - 1024]).unwrap(), (meta, material));
    }

    #[test]
    fn what_is_no_context_is_refused() {
        let refusal = |bytes: &[u8]| import(bytes).unwrap_err().to_string();
        assert_eq!(refusal(b""), "invalid context: no metadata found");
        assert_eq!(refusal(b"junk"), "unexpected EOF");
        for name in ["other", "tls/ca.pem", "tls/../x", "tls/a/b/c", "../meta.json", "tls/docker/.."] {
            let said = assemble(vec![(name.into(), Vec::new())]).unwrap_err().to_string();
            assert_eq!(said, format!("{name}: unexpected context file"));
        }
        assert!(assemble(vec![("meta.json".into(), b"[".to_vec())]).is_err());
        assert!(import(io::repeat(0)).is_err());
    }
}
