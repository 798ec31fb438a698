//! Runs what this machine's kernel cannot show on Debian's kernel in a virtual machine: above all version 2 control
//! groups alone, systemd as the first process, and AppArmor. Processors are emulated, so no hardware support is needed.

mod debian;
mod kernel;
mod machine;
mod part;
mod programs;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::Line;
use kernel::Kernel;
use part::{Chosen, System};
use programs::Program;

/// What of the folder `vm` is in both systems.
const SCRIPTS: [&str; 5] = ["debian", "guest", "parts", "service", "smoke"];

/// Boots the machine and runs the parts that are named, or all.
pub fn vm(root: &Path, words: &[String]) -> Result<()> {
    let parts = part::choose(words)?;
    let on = |system| parts.iter().filter(|chosen| chosen.part.system == system).collect::<Vec<_>>();
    let (small, on_debian) = (on(System::Small), on(System::Debian));
    let missing = machine::missing_programs();
    if !missing.is_empty() {
        bail!("the virtual machine needs programs that are not installed:\n  {}", missing.join("\n  "));
    }
    let cache = root.join("target/vm");
    fs::create_dir_all(&cache).with_context(|| format!("create {}", cache.display()))?;
    let kernel = Kernel::fetch(&cache)?;
    let tree = fill_small(root, &cache, &kernel, &small)?;
    let archive = machine::pack(&tree, &cache)?;
    let debian = if on_debian.is_empty() { None } else { Some(fill_debian(root, &cache, &kernel, &on_debian)?) };
    let disk = machine::make_disk(&cache, debian.as_deref())?;
    match machine::boot(&kernel.image, &archive, &disk, &cache)? {
        0 => Ok(()),
        failed => bail!("{failed} of {} parts failed in the virtual machine", parts.len()),
    }
}

/// Makes the folder that becomes the first root: busybox, our programs without their symbols, the kernel's modules.
fn fill_small(root: &Path, cache: &Path, kernel: &Kernel, parts: &[&Chosen]) -> Result<PathBuf> {
    let tree = cache.join("root");
    empty(&tree)?;
    for folder in ["bin", "etc", "lib/modules"] {
        create(&tree.join(folder))?;
    }
    fill(root, &tree, kernel, parts)?;
    copy(Path::new(machine::BUSYBOX), &tree.join("bin/busybox"))?;
    copy(&root.join("vm/init"), &tree.join("init"))?;
    let files = [
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"),
        ("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
        ("etc/hosts", "127.0.0.1 localhost vm\n"),
        ("etc/resolv.conf", ""),
    ];
    files.iter().try_for_each(|(name, text)| write(&tree.join(name), text))?;
    Ok(tree)
}

/// Puts ours into the folder of the Debian system. The tests find our binaries where cargo has built them, and the files
/// beside their sources.
fn fill_debian(root: &Path, cache: &Path, kernel: &Kernel, parts: &[&Chosen]) -> Result<PathBuf> {
    let tree = debian::fetch(cache)?;
    empty(&tree.join("usr/lib/modules"))?;
    let below =
        |path: &Path| Ok::<_, anyhow::Error>(tree.join(path.strip_prefix("/").context("a path is not absolute")?));
    let programs = fill(root, &tree, kernel, parts)?;
    for program in programs.iter().filter(|program| !program.test) {
        let place = below(&program.file)?;
        create(&place.with_file_name(""))?;
        let _ = fs::remove_file(&place);
        symlink(format!("/bin/{}", program.name), &place).with_context(|| format!("link {}", place.display()))?;
    }
    // The image of tests on real input, which is made where there is a network, by the same tests.
    for test in programs.iter().filter(|program| program.test) {
        let kept = test.file.ancestors().nth(3).map(|target| target.join("tmp/debian-with-python"));
        if let Some(kept) = kept.filter(|kept| kept.exists()) {
            let place = below(&kept)?;
            empty(&place)?;
            copy(&kept, &place.with_file_name(""))?;
        }
    }
    let sources = below(root)?;
    for folder in ["bin", "crates"] {
        empty(&sources.join(folder))?;
        copy(&root.join(folder), &sources)?;
    }
    copy(&root.join("vm/service"), &tree.join("etc/systemd/system/vm.service"))?;
    Ok(tree)
}

/// Puts in what both systems have.
fn fill(root: &Path, tree: &Path, kernel: &Kernel, parts: &[&Chosen]) -> Result<Vec<Program>> {
    for folder in ["tests", "vm"] {
        empty(&tree.join(folder))?;
    }
    let programs = programs::build(root, parts)?;
    for program in &programs {
        let place = if program.test { "tests" } else { "bin" };
        let place = tree.join(place).join(&program.name);
        Line::new(&["strip", "-o", &text(&place), &text(&program.file)]).run(root)?;
    }
    copy(&kernel.modules, &tree.join("lib/modules"))?;
    for script in SCRIPTS {
        copy(&root.join("vm").join(script), &tree.join("vm"))?;
    }
    let list: String = parts.iter().map(|chosen| format!("{} {}\n", chosen.part.name, chosen.line())).collect();
    write(&tree.join("vm/list"), &list)?;
    Ok(programs)
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    create(folder)
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    Line::new(&["cp", "-R", &text(from), &text(to)]).run(from.parent().unwrap_or(Path::new("/")))
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
