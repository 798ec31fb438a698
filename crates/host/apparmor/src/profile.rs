//! The default profile of containers.

/// What the profile permits and forbids, by the grammar of apparmor.d(5).
///
/// It is broad: name spaces, capabilities and the system call filter do the fine work. What is forbidden is what those
/// leave open: mounting, writing where procfs and sysfs reach the whole host even if something of the runtime's own masks
/// were missing, and AF_ALG, which a 32-bit program can reach by socketcall(2), whose arguments no filter can see
/// (CVE-2026-31431). A rule that denies wins over any that allows.
const RULES: &str = r"
  network,
  unix,
  file,
  umount,
  capability,

  deny network alg,
  deny mount,

  # The engine and the runtime, which are not confined, may signal; so may the container's processes among themselves.
  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send, receive) peer=@{NAME},
  ptrace (trace, read, tracedby, readby) peer=@{NAME},

  # Files right below /proc, and all folders there but those of processes (numbers) and sys.
  deny /proc/* w,
  deny /proc/{[^1-9s],[^1-9s]*,s,s[^y]*,sy,sy[^s]*,sys?*}/** w,
  # Of /proc/sys only kernel/shm* can be written, which belongs to the IPC namespace.
  deny /proc/sys/[^k]** w,
  deny /proc/sys/k[^e]** w,
  deny /proc/sys/kernel/{?,??,[^s]**,s[^h]**,sh[^m]**} w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,

  # Of /sys only the control groups can be written, where they are mounted so.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
";

/// The whole text of the profile under a name.
pub fn text(name: &str) -> String {
    format!("profile {name} flags=(attach_disconnected, mediate_deleted) {{{}}}\n", RULES.replace("@{NAME}", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_in_its_place() {
        let text = text("x-y");
        assert!(text.starts_with("profile x-y flags="));
        assert!(text.contains("peer=x-y,") && !text.contains("@{"));
        assert!(text.ends_with("}\n"));
    }
}
