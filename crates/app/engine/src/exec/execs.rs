//! All execs, in memory: they end with their container's run, and nobody asks for them after that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::exec::ExecCreateRequest;
use fault::{Fault, Result};

/// How many ended execs of one container are remembered.
const ENDED_KEPT: usize = 256;

/// Where an exec is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Prepared.
    Created,
    /// Being started.
    Starting,
    /// Its process runs.
    Running {
        /// In the host's namespace.
        pid: i32,
    },
    /// Its process has ended.
    Ended {
        /// 0–255.
        exit_code: i32,
        /// What its process id was, which the original goes on to tell; 0 where it never ran.
        pid: i32,
    },
}

/// One exec.
#[derive(Clone, Debug)]
pub struct Exec {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its container.
    pub container: String,
    /// What was asked for.
    pub request: Arc<ExecCreateRequest>,
    /// Where it is in its life.
    pub phase: Phase,
    /// Its place in the order of making.
    sequence: u64,
}

#[derive(Debug, Default)]
struct All {
    execs: HashMap<String, Exec>,
    made: u64,
}

/// All execs.
#[derive(Debug, Default)]
pub struct Execs(Mutex<All>);

impl Execs {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a prepared exec, and forgets the oldest ended ones of its container.
    pub fn insert(&self, id: String, container: String, request: ExecCreateRequest) {
        let mut all = self.lock();
        all.made += 1;
        let sequence = all.made;
        let mut ended: Vec<(u64, String)> = all
            .execs
            .values()
            .filter(|exec| exec.container == container && matches!(exec.phase, Phase::Ended { .. }))
            .map(|exec| (exec.sequence, exec.id.clone()))
            .collect();
        ended.sort_unstable();
        for (_, old) in ended.iter().rev().skip(ENDED_KEPT) {
            all.execs.remove(old);
        }
        let exec = Exec { id: id.clone(), container, request: Arc::new(request), phase: Phase::Created, sequence };
        all.execs.insert(id, exec);
    }

    /// Finds one by its id or the beginning of it.
    pub fn find(&self, target: &str) -> Result<Exec> {
        let all = self.lock();
        let missing = || Fault::not_found(format!("No such exec instance: {target}"));
        if let Some(exec) = all.execs.get(target) {
            return Ok(exec.clone());
        }
        let mut found = all.execs.values().filter(|exec| !target.is_empty() && exec.id.starts_with(target));
        match (found.next(), found.next()) {
            (Some(exec), None) => Ok(exec.clone()),
            _ => Err(missing()),
        }
    }

    /// Claims a prepared exec for a start: it can be started once.
    pub fn claim(&self, id: &str) -> Result<()> {
        let mut all = self.lock();
        let exec = all.execs.get_mut(id).ok_or_else(|| Fault::not_found(format!("No such exec instance: {id}")))?;
        match exec.phase {
            Phase::Created => {
                exec.phase = Phase::Starting;
                Ok(())
            }
            Phase::Ended { .. } => Err(Fault::conflict(format!("exec command {id} has already run"))),
            Phase::Starting | Phase::Running { .. } => {
                Err(Fault::conflict(format!("exec command {id} is already running")))
            }
        }
    }

    /// Notes where an exec is now.
    pub fn set(&self, id: &str, phase: Phase) {
        if let Some(exec) = self.lock().execs.get_mut(id) {
            exec.phase = phase;
        }
    }

    /// The ids of a container's execs that have not ended; nothing where there are none.
    pub fn of(&self, container: &str) -> Option<Vec<String>> {
        let all = self.lock();
        let living =
            all.execs.values().filter(|exec| exec.container == container && !matches!(exec.phase, Phase::Ended { .. }));
        let mut ids: Vec<String> = living.map(|exec| exec.id.clone()).collect();
        ids.sort_unstable();
        (!ids.is_empty()).then_some(ids)
    }

    /// Forgets one.
    pub fn remove(&self, id: &str) {
        self.lock().execs.remove(id);
    }

    /// Forgets all execs of a container.
    pub fn forget(&self, container: &str) {
        self.lock().execs.retain(|_, exec| exec.container != container);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exec_starts_once_and_ended_ones_are_bounded() {
        let execs = Execs::default();
        for n in 0..ENDED_KEPT + 10 {
            let id = format!("{n:064}");
            execs.insert(id.clone(), "box".into(), ExecCreateRequest::default());
            execs.claim(&id).unwrap();
            assert!(execs.claim(&id).is_err());
            execs.set(&id, Phase::Ended { exit_code: 0, pid: 0 });
            assert!(execs.claim(&id).is_err());
        }
        assert!(execs.lock().execs.len() <= ENDED_KEPT + 1);
        assert!(execs.find(&format!("{:064}", 0)).is_err(), "the oldest is forgotten");
        assert_eq!(execs.of("box"), None);
        execs.forget("box");
        assert!(execs.lock().execs.is_empty());
    }
}
