//! Names of entries, made safe, and what they mean.

use super::error::UnpackError;

/// Marks a name of the lower layers as removed (image specification, "Whiteouts").
const WHITEOUT: &[u8] = b".wh.";
/// Marks the directory it stands in as replacing those of the lower layers.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Other files with this prefix are bookkeeping of an old union file system and mean nothing here.
const BOOKKEEPING: &[u8] = b".wh..wh.";

/// A name relative to the root: components without `.`, `..` and empty ones, joined by single slashes. The root itself is
/// the empty name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(Vec<u8>);

impl Name {
    /// Cleans a name as the original engine does: `a/../b` is `b`, a leading slash means nothing; one that climbs out of
    /// the root is refused.
    pub fn clean(name: &[u8]) -> Result<Self, UnpackError> {
        if name.contains(&0) {
            return Err(UnpackError::refused(name, "NUL in the name"));
        }
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in name.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." if parts.pop().is_none() => {
                    return Err(UnpackError::refused(name, "the name leads out of the layer"));
                }
                b".." => {}
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join(&b'/')))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same name below a directory.
    pub fn below(self, directory: &Self) -> Self {
        match (directory.0.is_empty(), self.0.is_empty()) {
            (true, _) => self,
            (_, true) => directory.clone(),
            _ => Self([&directory.0, &self.0].map(Vec::as_slice).join(&b'/')),
        }
    }

    /// The parent and the last component; `None` for the root.
    pub fn split(&self) -> Option<(&[u8], &[u8])> {
        split(&self.0)
    }

    /// What an entry of this name means.
    pub fn meaning(&self) -> Result<Meaning<'_>, UnpackError> {
        let Some((parent, last)) = self.split() else { return Ok(Meaning::Root) };
        match last {
            OPAQUE => Ok(Meaning::Opaque { directory: parent }),
            _ if last.starts_with(BOOKKEEPING) => Ok(Meaning::Nothing),
            _ => match last.strip_prefix(WHITEOUT) {
                None => Ok(Meaning::Plain { parent, last }),
                Some(b"" | b"." | b"..") => Err(UnpackError::refused(&self.0, "a whiteout of nothing")),
                Some(hidden) => Ok(Meaning::Whiteout { parent, hidden }),
            },
        }
    }
}

/// The parent and the last component of a clean name.
pub(crate) fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    match name.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => Some((&name[..slash], &name[slash + 1..])),
        None if name.is_empty() => None,
        None => Some((b"", name)),
    }
}

/// What an entry means by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'n> {
    /// The root of the layer.
    Root,
    /// A file of some kind.
    Plain { parent: &'n [u8], last: &'n [u8] },
    /// `hidden` of the lower layers is gone.
    Whiteout { parent: &'n [u8], hidden: &'n [u8] },
    /// The directory hides those of the lower layers.
    Opaque { directory: &'n [u8] },
    /// Nothing.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: Option<&str>) {
        let clean = Name::clean(name.as_bytes()).ok();
        assert_eq!(clean.as_ref().map(Name::bytes), expect.map(str::as_bytes), "{name:?}");
    }

    #[test]
    fn names_are_cleaned_and_never_lead_out() {
        check("a/b", Some("a/b"));
        check("./a//b/", Some("a/b"));
        check("/a", Some("a"));
        check("a/../b", Some("b"));
        check("", Some(""));
        check("./", Some(""));
        check("a\nb", Some("a\nb"));
        for out in ["..", "../x", "/../x", "a/../../x", "./..", "a\0b"] {
            check(out, None);
        }
    }

    #[test]
    fn whiteouts_are_told_from_files() {
        let meaning =
            |name: &str| Name::clean(name.as_bytes()).unwrap().meaning().map(|meaning| format!("{meaning:?}"));
        assert!(meaning("a/.wh.b").unwrap().starts_with("Whiteout"));
        assert!(meaning("a/.wh..wh..opq").unwrap().starts_with("Opaque"));
        assert_eq!(meaning("a/.wh..wh.plnk").unwrap(), "Nothing");
        assert!(meaning("a/.whx").unwrap().starts_with("Plain"));
        assert!(meaning(".wh.a/b").unwrap().starts_with("Plain"));
        assert_eq!(meaning("./").unwrap(), "Root");
        for bad in [".wh.", "a/.wh..", "a/.wh..."] {
            assert!(meaning(bad).is_err(), "{bad}");
        }
    }
}
