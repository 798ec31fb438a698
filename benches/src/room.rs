//! A mount namespace in which a runtime is measured.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};

use crate::shell::script;

/// Takes the nearly empty version 2 half of a hybrid host away, which crun refuses to work with. Where `$2` names a tree
/// of Debian's packages it becomes the root, with the machine's own file systems and the folder `$1` in it. Then says so
/// and waits until somebody ends it, with the busybox of the folder, since such a tree may have no programs of its own.
const FURNISH: &str = r#"
    umount /sys/fs/cgroup/unified 2>/dev/null || true
    if [ -n "$2" ]; then
        mount --bind "$2" "$2"
        cd "$2"
        for folder in proc sys dev; do mkdir -p $folder; mount --rbind /$folder $folder; done
        mkdir -p ".$1" old
        mount --bind "$1" ".$1"
        pivot_root . old
        exec "$1/rootfs/bin/busybox" sh -ec 'b=$1/rootfs/bin/busybox; $b umount -l /old; echo ready; exec $b sleep 100000' sh "$1"
    fi
    echo ready
    exec sleep 100000
"#;

/// A mount namespace that is there until this is dropped.
#[derive(Debug)]
pub struct Room {
    keeper: Child,
}

impl Room {
    /// Makes one with the machine's own root, or with `tree` as its root; `scratch` is at the same place in both.
    pub fn furnish(scratch: &Path, tree: Option<&Path>) -> Result<Self> {
        let furnish = script(FURNISH, [scratch, tree.unwrap_or(Path::new(""))]);
        let mut line = crate::shell::command(["unshare", "--mount", "--propagation", "private", "--"]);
        line.arg(furnish.get_program()).args(furnish.get_args()).stdout(Stdio::piped());
        let mut room = Self { keeper: line.spawn().context("make a mount namespace")? };
        let mut said = String::new();
        let answer = room.keeper.stdout.take().context("the namespace's keeper has no output")?;
        BufReader::new(answer).read_line(&mut said).context("wait for a mount namespace")?;
        ensure!(said == "ready\n", "the mount namespace could not be furnished");
        Ok(room)
    }

    /// A process in it.
    pub fn pid(&self) -> u32 {
        self.keeper.id()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
