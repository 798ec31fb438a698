//! What can be run inside: tests by their target's name, and scripts of the folder `vm`.

use anyhow::{Result, bail};

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The name of its test target, or of its script.
    pub name: &'static str,
    /// On what.
    pub system: System,
    /// What cargo builds for it, after `cargo test --no-run`, or after `cargo build` for a script.
    pub build: &'static [&'static str],
    /// Whether it is a script of the folder `vm`, not a test.
    pub script: bool,
}

/// What is in the machine beside the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// busybox and our programs.
    Small,
    /// Debian, with systemd as its first process and the peers that the tests call.
    Debian,
}

/// In the order in which they run: the small system goes over to Debian, and there is no way back.
static PARTS: [Part; 8] = [
    test("cgroup", System::Small, &["--package", "cgroup", "--lib"]),
    test("runtime", System::Small, &["--package", "runtime", "--lib"]),
    test("container", System::Small, &["--package", "runtime", "--test", "container"]),
    Part { name: "smoke", system: System::Small, build: &["--package", "gantry", "--bin", "gantry"], script: true },
    test("runc", System::Debian, &["--package", "stage", "--test", "runc"]),
    test("foreign", System::Debian, &["--package", "gantry", "--test", "foreign"]),
    test("security", System::Debian, &["--package", "gantry", "--test", "security"]),
    test("end_to_end", System::Debian, &["--package", "gantry", "--test", "end_to_end"]),
];

/// A part that is to run, and which of its tests: those whose names have this in them.
#[derive(Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The part.
    pub part: &'static Part,
    /// Empty for all.
    pub filter: String,
}

impl Chosen {
    /// Its command line in the machine. Tests that other machines leave out are for Debian.
    pub fn line(&self) -> String {
        let folder = if self.part.script { "vm" } else { "tests" };
        let ignored = if self.part.system == System::Debian { " --include-ignored" } else { "" };
        format!("/{folder}/{}{ignored} {}", self.part.name, self.filter).trim_end().to_owned()
    }
}

const fn test(name: &'static str, system: System, build: &'static [&'static str]) -> Part {
    Part { name, system, build, script: false }
}

/// The parts that are named, or all: `PART`, or `PART=FILTER` for some of its tests.
pub fn choose(words: &[String]) -> Result<Vec<Chosen>> {
    let words: Vec<(&str, &str)> = words.iter().map(|word| word.split_once('=').unwrap_or((word, ""))).collect();
    let known = || PARTS.iter().map(|part| part.name);
    for &(name, _) in &words {
        if !known().any(|known| known == name) {
            bail!("no part is named {name}; there are: {}", known().collect::<Vec<_>>().join(" "));
        }
    }
    let wanted = |part: &'static Part| match words.iter().find(|(name, _)| *name == part.name) {
        Some((_, filter)) => Some(Chosen { part, filter: (*filter).to_owned() }),
        None => words.is_empty().then(|| Chosen { part, filter: String::new() }),
    };
    Ok(PARTS.iter().filter_map(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_chosen_by_name() {
        let names = |words: &[&str]| -> Vec<&str> {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            choose(&words).unwrap().iter().map(|chosen| chosen.part.name).collect()
        };
        assert_eq!(names(&[]).len(), PARTS.len());
        assert_eq!(names(&["smoke", "cgroup"]), ["cgroup", "smoke"]);
        let some = choose(&["runc=life::".to_owned()]).unwrap();
        assert_eq!(some[0].line(), "/tests/runc --include-ignored life::");
        let error = choose(&["nothing".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("nothing") && error.contains("smoke"), "{error}");
    }

    #[test]
    fn the_small_system_s_parts_come_first() {
        let last = PARTS.iter().rposition(|part| part.system == System::Small).unwrap();
        assert!(PARTS[..last].iter().all(|part| part.system == System::Small));
    }
}
