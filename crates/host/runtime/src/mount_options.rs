//! Mount options of the specification, sorted by what they act on.

use rustix::mount::MountPropagationFlags;
use sys::mount::{Attributes, attr};

/// Mount options, sorted by what they act on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MountOptions {
    /// Whether `bind` or `rbind` is among them.
    pub bind: bool,
    /// Whether `rbind` is.
    pub recursive_bind: bool,
    /// For the mount itself.
    pub set: u64,
    /// For the mount itself.
    pub clear: u64,
    /// For the mount and all below it (`rro` and its kin).
    pub set_all: u64,
    /// For the mount and all below it.
    pub clear_all: u64,
    /// Propagation type, and whether for all below as well.
    pub propagation: Option<MountPropagationFlags>,
    /// Whether owners are shown under other ids, and for all below as well (`idmap`, `ridmap`).
    pub map_ids: Option<bool>,
    /// Whether what the mount hides is copied into it first.
    pub copy_up: bool,
    /// Options of the file system: key, and value where there is one.
    pub data: Vec<(String, Option<String>)>,
}

/// Attributes by name; the second is whether the name sets (or clears) them.
const ATTRIBUTES: [(&str, u64, bool); 15] = [
    ("ro", attr::RDONLY, true),
    ("rw", attr::RDONLY, false),
    ("nosuid", attr::NOSUID, true),
    ("suid", attr::NOSUID, false),
    ("nodev", attr::NODEV, true),
    ("dev", attr::NODEV, false),
    ("noexec", attr::NOEXEC, true),
    ("exec", attr::NOEXEC, false),
    ("nodiratime", attr::NODIRATIME, true),
    ("diratime", attr::NODIRATIME, false),
    ("nosymfollow", attr::NOSYMFOLLOW, true),
    ("symfollow", attr::NOSYMFOLLOW, false),
    ("noatime", attr::NOATIME, true),
    ("strictatime", attr::STRICTATIME, true),
    ("relatime", 0, true),
];

/// Names that mean nothing here: what they ask for is so anyway, or is the mount program's own business.
const IGNORED: [&str; 8] = ["defaults", "remount", "async", "nomand", "silent", "loud", "noiversion", "auto"];

impl MountOptions {
    /// Reads options; unknown ones are the file system's.
    pub fn read(options: &[String]) -> Self {
        let mut this = Self::default();
        options.iter().for_each(|option| this.add(option));
        this
    }

    fn add(&mut self, option: &str) {
        match option {
            "bind" => self.bind = true,
            "rbind" => (self.bind, self.recursive_bind) = (true, true),
            "idmap" | "ridmap" => self.map_ids = Some(option == "ridmap"),
            "tmpcopyup" => self.copy_up = true,
            _ if IGNORED.contains(&option) => {}
            _ => {
                if !(self.add_propagation(option) || self.add_attribute(option)) {
                    self.add_data(option);
                }
            }
        }
    }

    fn add_propagation(&mut self, option: &str) -> bool {
        let found = propagation(option);
        self.propagation = found.or(self.propagation);
        found.is_some()
    }

    fn add_attribute(&mut self, option: &str) -> bool {
        let find = |name: &str| ATTRIBUTES.iter().find(|(known, ..)| *known == name);
        let (found, all) = match (find(option), option.strip_prefix('r').and_then(find)) {
            (Some(found), _) => (found, false),
            (None, Some(found)) => (found, true),
            (None, None) => return false,
        };
        let &(name, bits, sets) = found;
        let (set, clear) =
            if all { (&mut self.set_all, &mut self.clear_all) } else { (&mut self.set, &mut self.clear) };
        if name.ends_with("atime") && !name.ends_with("diratime") {
            // The three policies exclude one another and share a field.
            *clear |= attr::ATIME;
            *set &= !attr::ATIME;
            *set |= bits;
        } else if sets {
            *set |= bits;
            *clear &= !bits;
        } else {
            *clear |= bits;
            *set &= !bits;
        }
        true
    }

    fn add_data(&mut self, option: &str) {
        let (key, value) = match option.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (option, None),
        };
        self.data.push((key.to_owned(), value));
    }

    /// The changes to the mount itself.
    pub fn own(&self) -> Attributes {
        Attributes::new(self.set, self.clear, 0)
    }

    /// The changes to the mount and all below it.
    pub fn all(&self) -> Attributes {
        Attributes::new(self.set_all, self.clear_all, 0)
    }
}

/// All names that mean something here, in order.
pub(crate) fn known() -> Vec<String> {
    let attributes = ATTRIBUTES.iter().map(|(name, ..)| *name);
    let own = ["idmap", "ridmap", "tmpcopyup"].map(str::to_owned);
    let kinds = ["private", "shared", "slave", "unbindable", "bind"];
    let twice = attributes.chain(kinds).flat_map(|name| [name.to_owned(), format!("r{name}")]);
    let mut all: Vec<String> = twice.chain(own).chain(IGNORED.map(str::to_owned)).collect();
    all.sort();
    all
}

/// The propagation type of that name: `private`, `rslave` …
pub(crate) fn propagation(name: &str) -> Option<MountPropagationFlags> {
    let plain = |name| match name {
        "private" => Some(MountPropagationFlags::PRIVATE),
        "slave" => Some(MountPropagationFlags::DOWNSTREAM),
        "shared" => Some(MountPropagationFlags::SHARED),
        "unbindable" => Some(MountPropagationFlags::UNBINDABLE),
        _ => None,
    };
    plain(name).or_else(|| Some(plain(name.strip_prefix('r')?)? | MountPropagationFlags::REC))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> MountOptions {
        MountOptions::read(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_act_on_mount_tree_and_file_system() {
        let options = read("rbind,ro,rprivate,rnosuid,size=65536k,noswap");
        assert!(options.bind && options.recursive_bind);
        assert_eq!((options.set, options.set_all), (attr::RDONLY, attr::NOSUID));
        assert_eq!(options.propagation, Some(MountPropagationFlags::PRIVATE | MountPropagationFlags::REC));
        let data = [("size".to_owned(), Some("65536k".to_owned())), ("noswap".to_owned(), None)];
        assert_eq!(options.data, data);
    }

    #[test]
    fn the_last_of_a_pair_wins_and_recursive_read_only_is_not_read_write() {
        assert_eq!(read("ro,rw").own(), Attributes::new(0, attr::RDONLY, 0));
        assert_eq!(read("rro").all(), Attributes::new(attr::RDONLY, 0, 0));
        assert_eq!(read("noatime,strictatime").own(), Attributes::new(attr::STRICTATIME, attr::ATIME, 0));
        assert_eq!(read("relatime").own(), Attributes::new(0, attr::ATIME, 0));
        assert_eq!((read("bind,idmap").map_ids, read("ridmap").map_ids), (Some(false), Some(true)));
    }
}
