//! Attributes of the calling process that rustix has no calls for.

use std::io;

/// Sets the execution domain and its flags: personality(2).
pub fn set_personality(persona: u32) -> io::Result<()> {
    // SAFETY: personality(2) takes one integer and touches no memory.
    super::check(unsafe { libc::personality(persona.into()) }.into()).map(drop)
}

/// Sets class and level of I/O priority of the calling thread: ioprio_set(2). `class` is 1 to 3, `level` 0 to 7.
pub fn set_io_priority(class: u32, level: u32) -> io::Result<()> {
    const WHO_PROCESS: libc::c_int = 1;
    const CLASS_SHIFT: u32 = 13;
    let priority = (class << CLASS_SHIFT) | level;
    // SAFETY: ioprio_set(2) takes three integers; 0 stands for the calling thread.
    super::check(unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, priority) }).map(drop)
}

/// A scheduling policy: sched_setattr(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheduling {
    /// `SCHED_*`: sched(7).
    pub policy: u32,
    /// `SCHED_FLAG_*`.
    pub flags: u64,
    /// For the ordinary policies.
    pub nice: i32,
    /// For the real-time policies, 1–99.
    pub priority: u32,
    /// For the deadline policy, in nanoseconds.
    pub runtime: u64,
    /// For the deadline policy, in nanoseconds.
    pub deadline: u64,
    /// For the deadline policy, in nanoseconds.
    pub period: u64,
}

/// `struct sched_attr` in its first version.
#[repr(C)]
struct SchedAttr {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Sets the scheduling policy of the calling thread.
pub fn set_scheduling(scheduling: Scheduling) -> io::Result<()> {
    let Scheduling { policy, flags, nice, priority, runtime, deadline, period } = scheduling;
    let size = size_of::<SchedAttr>() as u32;
    let attr = SchedAttr { size, policy, flags, nice, priority, runtime, deadline, period };
    // SAFETY: the structure has the kernel's layout and the size that it tells, and is only read; 0 stands for the
    // calling thread.
    super::check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_values_can_be_set_and_nonsense_cannot() {
        set_personality(0).unwrap();
        set_io_priority(2, 4).unwrap();
        set_scheduling(Scheduling::default()).unwrap();
        assert!(set_io_priority(5, 0).is_err());
        assert!(set_scheduling(Scheduling { policy: 77, ..Scheduling::default() }).is_err());
    }
}
