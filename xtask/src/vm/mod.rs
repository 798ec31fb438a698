//! Runs what this machine's kernel cannot show, above all version 2 control groups alone, on Debian's kernel in a
//! virtual machine. Processors are emulated, so neither root nor hardware support is needed.

mod kernel;
mod machine;
mod programs;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::Line;
use kernel::Kernel;

/// What can be run inside: tests by their target's name, and the script `vm/smoke`.
const PARTS: [&str; 4] = ["cgroup", "runtime", "container", "smoke"];

/// Boots the machine and runs the parts that are named, or all.
pub fn vm(root: &Path, words: &[String]) -> Result<()> {
    let parts = parts(words)?;
    let missing = machine::missing_programs();
    if !missing.is_empty() {
        bail!("the virtual machine needs programs that are not installed:\n  {}", missing.join("\n  "));
    }
    let cache = root.join("target/vm");
    fs::create_dir_all(&cache).with_context(|| format!("create {}", cache.display()))?;
    let kernel = Kernel::fetch(&cache)?;
    let tree = fill(root, &cache, &kernel, &parts)?;
    let archive = machine::pack(&tree, &cache)?;
    let disk = machine::make_disk(&cache)?;
    match machine::boot(&kernel.image, &archive, &disk, &cache)? {
        0 => Ok(()),
        failed => bail!("{failed} of {} parts failed in the virtual machine", parts.len()),
    }
}

fn parts(words: &[String]) -> Result<Vec<&'static str>> {
    for word in words {
        if !PARTS.contains(&word.as_str()) {
            bail!("no part is named {word}; there are: {}", PARTS.join(" "));
        }
    }
    let wanted = |part: &&str| words.is_empty() || words.iter().any(|word| word == part);
    Ok(PARTS.into_iter().filter(wanted).collect())
}

/// Makes the folder that becomes the machine's root: busybox, our programs without their symbols, the kernel's modules.
fn fill(root: &Path, cache: &Path, kernel: &Kernel, parts: &[&str]) -> Result<PathBuf> {
    let tree = cache.join("root");
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("remove {}", tree.display()))?;
    }
    for folder in ["bin", "etc", "lib/modules", "tests", "vm"] {
        let folder = tree.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    }
    for program in programs::build(root, parts)? {
        Line::new(&["strip", "-o", &text(&tree.join(&program.place)), &text(&program.file)]).run(root)?;
    }
    let copies = [
        (Path::new(machine::BUSYBOX), "bin/busybox"),
        (&kernel.modules, "lib/modules"),
        (&root.join("vm/init"), "init"),
        (&root.join("vm/guest"), "vm"),
        (&root.join("vm/smoke"), "vm"),
    ];
    for (from, to) in copies {
        Line::new(&["cp", "-R", &text(from), &text(&tree.join(to))]).run(root)?;
    }
    write_files(&tree, parts)?;
    Ok(tree)
}

fn write_files(tree: &Path, parts: &[&str]) -> Result<()> {
    let parts = parts.join("\n");
    let files = [
        ("vm/parts", parts.as_str()),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"),
        ("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
        ("etc/hosts", "127.0.0.1 localhost vm\n"),
        ("etc/resolv.conf", ""),
    ];
    files.iter().try_for_each(|(name, text)| fs::write(tree.join(name), text).with_context(|| format!("write {name}")))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_chosen_by_name() {
        assert_eq!(parts(&[]).unwrap(), PARTS);
        assert_eq!(parts(&["smoke".to_owned(), "cgroup".to_owned()]).unwrap(), ["cgroup", "smoke"]);
        let error = parts(&["nothing".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("nothing") && error.contains("smoke"), "{error}");
    }
}
