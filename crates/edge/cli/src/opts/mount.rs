//! `--mount type=bind,source=…,target=…`.

use super::volume::absolute;
use crate::flag::Kind;
use api::container::{BindOptions, DriverConfig, ImageOptions, Mount, TmpfsOptions, VolumeOptions};

/// The flag's type.
pub const KIND: Kind = Kind::CheckedList("mount", |value| read(value).map(drop));

/// The options as they are collected, before it is known which of them belong to the type.
#[derive(Default)]
struct Collected {
    mount: Mount,
    bind: Option<BindOptions>,
    volume: Option<VolumeOptions>,
    image: Option<ImageOptions>,
    tmpfs: Option<TmpfsOptions>,
    recursion_needs_private: bool,
}

/// Reads one mount.
pub fn read(value: &str) -> Result<Mount, String> {
    let mut collected =
        Collected { mount: Mount { kind: "volume".into(), ..Mount::default() }, ..Collected::default() };
    for field in fields(value)? {
        let (name, text) = field.split_once('=').map_or((&*field, None), |(name, text)| (name, Some(text)));
        let name = name.to_lowercase();
        match text {
            None => collected.switch(&name, &field)?,
            Some(text) => collected.set(&name, text, &field)?,
        }
    }
    collected.finish()
}

impl Collected {
    /// Options that need no value.
    fn switch(&mut self, name: &str, field: &str) -> Result<(), String> {
        match name {
            "readonly" | "ro" => self.mount.read_only = true,
            "volume-nocopy" => self.volume.get_or_insert_default().no_copy = true,
            "bind-nonrecursive" => self.bind.get_or_insert_default().non_recursive = true,
            _ => return Err(format!("invalid field '{field}' must be a key=value pair")),
        }
        Ok(())
    }

    fn set(&mut self, name: &str, text: &str, field: &str) -> Result<(), String> {
        let flag = || human::parse_bool(text).map_err(|_| format!("invalid value for {name}: {text}"));
        match name {
            "type" => self.mount.kind = text.to_lowercase(),
            "source" | "src" => {
                let relative = text.starts_with("./") || text.starts_with("../") || text == "." || text == "..";
                self.mount.source = if relative { absolute(text) } else { text.into() };
            }
            "target" | "dst" | "destination" => self.mount.target = text.into(),
            "readonly" | "ro" => self.mount.read_only = flag()?,
            "consistency" => self.mount.consistency = text.to_lowercase(),
            "bind-propagation" => self.bind.get_or_insert_default().propagation = text.to_lowercase(),
            "bind-nonrecursive" => self.bind.get_or_insert_default().non_recursive = flag()?,
            "bind-recursive" => self.recursive(text)?,
            "volume-subpath" => self.volume.get_or_insert_default().subpath = text.into(),
            "volume-nocopy" => self.volume.get_or_insert_default().no_copy = flag()?,
            "volume-label" => {
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                self.volume.get_or_insert_default().labels.get_or_insert_default().insert(name.into(), value.into());
            }
            "volume-driver" => self.driver().name = text.into(),
            "volume-opt" => {
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                self.driver().options.get_or_insert_default().insert(name.into(), value.into());
            }
            "image-subpath" => self.image.get_or_insert_default().subpath = text.into(),
            "tmpfs-size" => {
                let size = human::parse_binary_size(text).map_err(|_| format!("invalid value for {name}: {text}"))?;
                self.tmpfs.get_or_insert_default().size_bytes = size;
            }
            "tmpfs-mode" => {
                let mode = human::parse_uint(text, 8, 32).map_err(|_| format!("invalid value for {name}: {text}"))?;
                self.tmpfs.get_or_insert_default().mode = mode as u32;
            }
            _ => return Err(format!("unexpected key '{name}' in '{field}'")),
        }
        Ok(())
    }

    fn driver(&mut self) -> &mut DriverConfig {
        self.volume.get_or_insert_default().driver_config.get_or_insert_default()
    }

    fn recursive(&mut self, text: &str) -> Result<(), String> {
        if text == "enabled" {
            return Ok(());
        }
        let bind = self.bind.get_or_insert_default();
        match text {
            "disabled" => bind.non_recursive = true,
            "writable" => bind.read_only_non_recursive = true,
            "readonly" => {
                bind.read_only_force_recursive = true;
                self.recursion_needs_private = true;
            }
            _ => {
                return Err(format!(
                    "invalid value for bind-recursive: {text} (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")"
                ));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Mount, String> {
        let kind = self.mount.kind.as_str();
        if kind.is_empty() {
            return Err("type is required".into());
        }
        if self.mount.target.is_empty() {
            return Err("target is required".into());
        }
        for (present, family, owner) in [
            (self.volume.is_some(), "volume-*", "volume"),
            (self.bind.is_some(), "bind-*", "bind"),
            (self.tmpfs.is_some(), "tmpfs-*", "tmpfs"),
            (self.image.is_some(), "image-*", "image"),
        ] {
            if present && kind != owner && !(owner == "volume" && kind == "cluster") {
                return Err(format!("cannot mix '{family}' options with mount type '{kind}'"));
            }
        }
        if let Some(bind) = &self.bind {
            let needs = |option: &str| {
                Err(format!("option 'bind-recursive={option}' requires 'readonly' to be specified in conjunction"))
            };
            if bind.read_only_non_recursive && !self.mount.read_only {
                return needs("writable");
            }
            if bind.read_only_force_recursive {
                if !self.mount.read_only {
                    return needs("readonly");
                }
                if self.recursion_needs_private && bind.propagation != "rprivate" {
                    return Err("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction".into());
                }
            }
        }
        Ok(Mount {
            bind_options: self.bind,
            volume_options: self.volume,
            image_options: self.image,
            tmpfs_options: self.tmpfs,
            ..self.mount
        })
    }
}

/// The fields of one line of comma-separated values, with quotes as in RFC 4180; errors are Go's.
pub fn fields(line: &str) -> Result<Vec<String>, String> {
    if line.is_empty() {
        return Err("EOF".into());
    }
    let (mut all, mut at) = (Vec::new(), 0);
    loop {
        let rest = &line[at..];
        let field;
        if rest.starts_with('"') {
            let (text, used) = quoted(line, at)?;
            (field, at) = (text, used);
        } else {
            let end = rest.find(',').map_or(line.len(), |comma| at + comma);
            field = line[at..end].to_string();
            if let Some(quote) = field.find('"') {
                return Err(format!("parse error on line 1, column {}: bare \" in non-quoted-field", at + quote + 1));
            }
            at = end;
        }
        all.push(field);
        if at == line.len() {
            return Ok(all);
        }
        at += 1;
    }
}

fn quoted(line: &str, start: usize) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut letters = line[start + 1..].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '"' {
            text.push(letter);
            continue;
        }
        match letters.peek() {
            Some((_, '"')) => {
                text.push('"');
                letters.next();
            }
            None | Some((_, ',')) => return Ok((text, start + 1 + at + 1)),
            Some(_) => break,
        }
    }
    let column = line.len() + 1;
    Err(format!("parse error on line 1, column {column}: extraneous or missing \" in quoted-field"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_every_type() {
        let bind = read("type=bind,src=/a,dst=/b,ro,bind-propagation=rshared").unwrap();
        assert_eq!((&*bind.kind, &*bind.source, &*bind.target, bind.read_only), ("bind", "/a", "/b", true));
        assert_eq!(bind.bind_options.unwrap().propagation, "rshared");
        let volume = read("src=v,dst=/d,volume-nocopy,volume-label=a=b,volume-driver=local,volume-opt=x=y").unwrap();
        let options = volume.volume_options.unwrap();
        assert!(options.no_copy);
        assert_eq!(options.driver_config.unwrap().name, "local");
        let tmpfs = read("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=755").unwrap().tmpfs_options.unwrap();
        assert_eq!((tmpfs.size_bytes, tmpfs.mode), (1 << 20, 0o755));
        assert_eq!(read("\"dst=/a,b\"").unwrap().target, "/a,b");
    }

    #[test]
    fn refusals_are_dockers() {
        for (value, expect) in [
            ("", "EOF"),
            ("type=bind", "target is required"),
            ("foo", "invalid field 'foo' must be a key=value pair"),
            ("bogus=1", "unexpected key 'bogus' in 'bogus=1'"),
            ("type=bind,target=/x,readonly=maybe", "invalid value for readonly: maybe"),
            ("type=volume,target=/x,bind-propagation=shared", "cannot mix 'bind-*' options with mount type 'volume'"),
            ("type=bind,\"", "parse error on line 1, column 12: extraneous or missing \" in quoted-field"),
            ("type=tmpfs,target=/x,tmpfs-size=foo", "invalid value for tmpfs-size: foo"),
            ("type=tmpfs,target=/x,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"),
            (
                "type=bind,src=/a,dst=/b,bind-propagation=rshared,bind-recursive=readonly,readonly",
                "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
            ),
        ] {
            assert_eq!(read(value).unwrap_err(), expect, "{value}");
        }
    }
}
