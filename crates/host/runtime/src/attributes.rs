//! Scheduling, priorities, processors and execution domain of a process, checked and in the kernel's terms.

use oci::runtime::{IoPriority, Personality, Process, Scheduler};
use rustix::thread::{CpuSet, sched_setaffinity};
use sys::attribute::{Scheduling, set_io_priority, set_personality, set_scheduling};

use crate::Error;
use crate::error::Step;

/// `SCHED_*` of linux/sched.h.
const POLICIES: [(&str, u32); 6] = [
    ("SCHED_OTHER", 0),
    ("SCHED_FIFO", 1),
    ("SCHED_RR", 2),
    ("SCHED_BATCH", 3),
    ("SCHED_IDLE", 5),
    ("SCHED_DEADLINE", 6),
];

/// The same policy as the kernel's headers call it.
const ISO: (&str, u32) = ("SCHED_ISO", 4);

/// `SCHED_FLAG_*` of linux/sched.h.
const FLAGS: [(&str, u64); 7] = [
    ("SCHED_FLAG_RESET_ON_FORK", 0x01),
    ("SCHED_FLAG_RECLAIM", 0x02),
    ("SCHED_FLAG_DL_OVERRUN", 0x04),
    ("SCHED_FLAG_KEEP_POLICY", 0x08),
    ("SCHED_FLAG_KEEP_PARAMS", 0x10),
    ("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
    ("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
];

/// Classes of ioprio_set(2).
const CLASSES: [(&str, u32); 3] = [("IOPRIO_CLASS_RT", 1), ("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)];

/// `PER_LINUX` and `PER_LINUX32` of personality(2).
const DOMAINS: [(&str, u32); 2] = [("LINUX", 0), ("LINUX32", 8)];

/// Attributes of a process; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attributes {
    scheduling: Option<Scheduling>,
    io_priority: Option<(u32, u32)>,
    /// While an entering process does its own work, and when the program runs.
    processors: (Option<CpuSet>, Option<CpuSet>),
}

impl Attributes {
    /// Checks what the specification says.
    pub fn read(process: &Process) -> Result<Self, Error> {
        let affinity = process.exec_cpu_affinity.as_ref();
        let set = |list: Option<&String>| list.filter(|list| !list.is_empty()).map(|list| processors(list)).transpose();
        Ok(Self {
            scheduling: process.scheduler.as_ref().map(scheduling).transpose()?,
            io_priority: process.io_priority.as_ref().map(io_priority).transpose()?,
            processors: (
                set(affinity.and_then(|affinity| affinity.initial.as_ref()))?,
                set(affinity.and_then(|affinity| affinity.last.as_ref()))?,
            ),
        })
    }

    /// Sets the processors for the time of entering.
    pub fn enter_processors(&self) -> Result<(), Error> {
        run_on(self.processors.0.as_ref())
    }

    /// Sets what the program is to run with. To be called with the maker's rights.
    pub fn set(&self) -> Result<(), Error> {
        run_on(self.processors.1.as_ref())?;
        if let Some(scheduling) = self.scheduling {
            set_scheduling(scheduling).step("set scheduling policy")?;
        }
        if let Some((class, level)) = self.io_priority {
            set_io_priority(class, level).step("set I/O priority")?;
        }
        Ok(())
    }
}

fn run_on(processors: Option<&CpuSet>) -> Result<(), Error> {
    processors.map_or(Ok(()), |set| sched_setaffinity(None, set).step("set CPU affinity"))
}

/// Sets the execution domain, where one is asked for.
pub(crate) fn set_domain(personality: Option<&Personality>) -> Result<(), Error> {
    let Some(persona) = personality.map(domain).transpose()? else { return Ok(()) };
    set_personality(persona).step("set personality")
}

/// Checks an execution domain. The specification has no flags yet.
pub(crate) fn domain(personality: &Personality) -> Result<u32, Error> {
    if let Some(flag) = personality.flags.first() {
        return Err(Error::invalid(format!("personality: flag `{flag}` is not supported")));
    }
    number(&DOMAINS, &personality.domain, "personality: domain")
}

fn scheduling(wanted: &Scheduler) -> Result<Scheduling, Error> {
    let policies: Vec<_> = POLICIES.iter().copied().chain([ISO]).collect();
    let policy = number(&policies, &wanted.policy, "scheduler: policy")?;
    let mut flags = 0;
    for flag in &wanted.flags {
        flags |= number(&FLAGS, flag, "scheduler: flag")?;
    }
    let is_real_time = matches!(wanted.policy.as_str(), "SCHED_FIFO" | "SCHED_RR");
    if wanted.priority != 0 && !is_real_time {
        return Err(Error::invalid("scheduler: a priority can be given for SCHED_FIFO and SCHED_RR only"));
    }
    let has_deadline = wanted.runtime != 0 || wanted.deadline != 0 || wanted.period != 0;
    if has_deadline && wanted.policy != "SCHED_DEADLINE" {
        return Err(Error::invalid("scheduler: runtime, deadline and period can be given for SCHED_DEADLINE only"));
    }
    if !(-20..=19).contains(&wanted.nice) {
        return Err(Error::invalid(format!("scheduler: nice {} is not between -20 and 19", wanted.nice)));
    }
    let priority = u32::try_from(wanted.priority)
        .map_err(|_| Error::invalid(format!("scheduler: priority {} is below zero", wanted.priority)))?;
    let Scheduler { nice, runtime, deadline, period, .. } = *wanted;
    Ok(Scheduling { policy, flags, nice, priority, runtime, deadline, period })
}

fn io_priority(wanted: &IoPriority) -> Result<(u32, u32), Error> {
    let class = number(&CLASSES, &wanted.class, "I/O priority: class")?;
    match u32::try_from(wanted.priority) {
        Ok(level @ 0..=7) => Ok((class, level)),
        _ => Err(Error::invalid(format!("I/O priority: {} is not between 0 and 7", wanted.priority))),
    }
}

fn number<T: Copy>(table: &[(&str, T)], name: &str, what: &str) -> Result<T, Error> {
    let found = table.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    found.ok_or_else(|| Error::invalid(format!("{what} `{name}` does not exist")))
}

/// Reads a list as `0-3,5`: cpuset(7), "List format".
fn processors(list: &str) -> Result<CpuSet, Error> {
    let invalid = || Error::invalid(format!("CPU affinity: `{list}` is no list of processors"));
    let mut set = CpuSet::new();
    for part in list.split(',') {
        let (first, last) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
        let (first, last) = (first.parse().map_err(|_| invalid())?, last.parse().map_err(|_| invalid())?);
        if first > last || last >= CpuSet::MAX_CPU {
            return Err(invalid());
        }
        (first..=last).for_each(|processor| set.set(processor));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors() {
        let set = processors("0-2,5").unwrap();
        assert_eq!((0..8).filter(|&n| set.is_set(n)).collect::<Vec<_>>(), [0, 1, 2, 5]);
        for bad in ["", "x", "3-1", "-1", "0-99999999", "1,,2"] {
            assert!(processors(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn policies_take_what_is_theirs() {
        let policy = |policy: &str| Scheduler { policy: policy.into(), ..Scheduler::default() };
        assert_eq!(scheduling(&policy("SCHED_BATCH")).unwrap().policy, 3);
        let flags = vec!["SCHED_FLAG_RESET_ON_FORK".to_owned(), "SCHED_FLAG_RECLAIM".to_owned()];
        assert_eq!(scheduling(&Scheduler { flags, ..policy("SCHED_OTHER") }).unwrap().flags, 3);
        for bad in [
            policy("SCHED_X"),
            Scheduler { priority: 1, ..policy("SCHED_OTHER") },
            Scheduler { runtime: 1, ..policy("SCHED_RR") },
            Scheduler { nice: 20, ..policy("SCHED_OTHER") },
            Scheduler { flags: vec!["X".into()], ..policy("SCHED_OTHER") },
        ] {
            assert!(scheduling(&bad).is_err(), "{bad:?}");
        }
        assert!(io_priority(&IoPriority { class: "IOPRIO_CLASS_BE".into(), priority: 8 }).is_err());
        assert_eq!(io_priority(&IoPriority { class: "IOPRIO_CLASS_IDLE".into(), priority: 0 }).unwrap(), (3, 0));
        assert!(domain(&Personality { domain: "BSD".into(), flags: vec![] }).is_err());
    }
}
