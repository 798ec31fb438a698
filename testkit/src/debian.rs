//! The real image: Debian with python3, made from Debian's packages in three layers, and kept for the next run.
//!
//! ```text
//!   base     mmdebstrap's smallest variant
//!   python   what installing python3 with apt adds
//!   app      the program of the test
//! ```
//!
//! The first two take the better part of a minute, so they are kept as archives below the target folder.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use crate::{Image, Job, Layer};

/// Runs in mmdebstrap with the tree as `$1`: keeps the base, installs, and keeps what is newer than the base.
const HOOK: &str = r#"set -eu
keep() { tar --create --numeric-owner --directory="$tree" --no-recursion --null --file="$1" --files-from=-; }
tree=$1
skip="-path ./dev -o -path ./proc -o -path ./sys -o -path ./var/lib/apt/lists -o -path ./var/cache/apt"
(cd "$tree" && find . \( $skip \) -prune -o -print0) | keep "$KEPT/base.part"
touch "$KEPT/mark" && sleep 0.1
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get --yes --no-install-recommends -o DPkg::Chroot-Directory="$tree" install python3
(cd "$tree" && find . \( $skip \) -prune -o -cnewer "$KEPT/mark" -print0) | keep "$KEPT/python.part"
"#;

/// The image with `/srv/app.py` as its command. Layers that take long are kept in `target`.
pub fn debian_with_python(target: &Path, app: &str) -> Image {
    let kept = target.join("debian-with-python");
    fs::create_dir_all(&kept).expect("make the folder for kept layers");
    let lock = File::create(kept.join("lock")).expect("open the lock of kept layers");
    flock(&lock, FlockOperation::LockExclusive).expect("lock the kept layers");
    let (base, python) = (kept.join("base.tar"), kept.join("python.tar"));
    if !base.exists() || !python.exists() {
        build(&kept);
        fs::rename(kept.join("base.part"), &base).expect("keep a layer");
        fs::rename(kept.join("python.part"), &python).expect("keep a layer");
    }
    let scratch = tempfile::tempdir().expect("make a folder for a layer");
    let app = Layer::from_files(scratch.path(), "app", &[("srv/app.py", 0o644, app.as_bytes())]);
    let config = json!({
        "Cmd": ["python3", "/srv/app.py"], "WorkingDir": "/srv", "ExposedPorts": {"8000/tcp": {}},
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE=1"],
    });
    Image::new(&[Layer::from_tar(&base), Layer::from_tar(&python), app], &config)
}

fn build(kept: &Path) {
    let mut command = Command::new("mmdebstrap");
    command.args(["--mode=root", "--variant=minbase", "--format=null", "--quiet"]).arg("--customize-hook").arg(HOOK);
    command.arg(codename()).arg("-").args(mirror()).env("KEPT", kept);
    let output = command.output().expect("run mmdebstrap");
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// The release of the machine, whose keys and mirror are known to work.
fn codename() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .unwrap_or("stable")
        .trim_matches('"')
        .to_owned()
}

/// The mirror that apt uses for that release on this machine; without one, mmdebstrap has its own default.
fn mirror() -> Option<String> {
    let format = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)";
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", format]);
    let release = codename();
    let text = Job::spawn(command).finish().stdout;
    let wanted = format!("{release} main Packages");
    text.lines().find_map(|line| line.strip_suffix(&wanted)?.strip_suffix(' ').map(str::to_owned))
}
