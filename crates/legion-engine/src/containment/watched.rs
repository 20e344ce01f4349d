//! One process whose limits are looked after.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use legion_model::{AgentId, ProcessId, Tier};
use legion_process::{Shim, TreeUsage};
use legion_sandbox::{Group, GroupUsage, Limits, Resource};

use super::holder::Holders;
use super::takes::Takes;
use super::usage::TreeOfAgent;

/// Looks in a row with all of its processes in use after which it counts as a bomb.
const FULL_LOOKS_MAX: u32 = 3;
/// Processes that the kernel refused it after which it counts as one.
const REFUSED_MAX: u64 = 100;
/// How long a tree that takes too much may take to end.
const GRACE: Duration = Duration::from_millis(500);
const MIB: u64 = 1 << 20;

/// Whose process it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose {
    pub process: ProcessId,
    /// `None` for a command of a ticket.
    pub agent: Option<AgentId>,
    pub tier: Tier,
}

/// One process whose limits are looked after.
pub(crate) struct Watched {
    pub(super) process: ProcessId,
    agent: Option<AgentId>,
    holders: Holders,
    takes: Mutex<Option<Takes>>,
    limits: Limits,
    group: Option<Group>,
    memory_is_held: bool,
    shim: OnceLock<(u32, Shim)>,
    over: OnceLock<String>,
    peak_bytes: AtomicU64,
    output_bytes: AtomicU64,
    full_looks: AtomicU32,
}

impl Watched {
    pub(crate) fn new(whose: Whose, limits: Limits, group: Option<Group>) -> Self {
        let memory_is_held = group.as_ref().is_some_and(|group| group.holder(Resource::Memory).is_some());
        Self {
            process: whose.process,
            agent: whose.agent,
            holders: Holders::of(group.as_ref(), whose.tier),
            takes: Mutex::default(),
            limits,
            group,
            memory_is_held,
            shim: OnceLock::new(),
            over: OnceLock::new(),
            peak_bytes: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            full_looks: AtomicU32::new(0),
        }
    }

    /// From now on its tree can be found.
    pub(crate) fn found(&self, shim_pid: u32, shim: &Shim) {
        // A process has one shim in its life.
        let _ = self.shim.set((shim_pid, shim.clone()));
    }

    /// `None` for a command of a ticket.
    pub(super) fn agent(&self) -> Option<AgentId> {
        self.agent
    }

    pub(super) fn shim_pid(&self) -> Option<u32> {
        self.shim.get().map(|(pid, _)| *pid).filter(|_| self.over.get().is_none())
    }

    /// So much it has written to its outputs since its start.
    pub(crate) fn wrote(&self, bytes: u64) {
        self.output_bytes.store(bytes, Ordering::Relaxed);
    }

    /// What is known of it, when it is an agent's.
    pub(super) fn told(&self) -> Option<TreeOfAgent> {
        Some(TreeOfAgent {
            agent: self.agent?,
            takes: *self.takes.lock().unwrap_or_else(PoisonError::into_inner),
            memory_bytes_peak: self.peak_bytes.load(Ordering::Relaxed),
            output_bytes: self.output_bytes.load(Ordering::Relaxed),
            limits: self.limits.clone(),
            holders: self.holders,
            over: self.over.get().cloned(),
        })
    }

    /// Takes in what its tree uses at a time of the monotonic clock; returns what it takes of the memory, and its shim when it takes too
    /// much of anything.
    pub(super) fn look(&self, tree: TreeUsage, now_ms: u64) -> (u64, Option<Shim>) {
        let group = self.group.as_ref().map(Group::usage).unwrap_or_default();
        let bytes = {
            let mut takes = self.takes.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = Takes::seen(takes.as_ref(), tree, group, now_ms);
            *takes = Some(seen);
            seen.memory_bytes
        };
        self.peak_bytes.fetch_max(bytes, Ordering::Relaxed);
        let Some(what) = self.judge(tree, group) else { return (bytes, None) };
        // Said once: this look or one before.
        let first = self.over.set(what).is_ok();
        (bytes, self.shim.get().filter(|_| first).map(|(_, shim)| shim.clone()))
    }

    fn judge(&self, tree: TreeUsage, group: GroupUsage) -> Option<String> {
        if let Some(max) = self.limits.memory_bytes_max
            && !self.memory_is_held
            && tree.resident_bytes > max
        {
            return Some(memory(max));
        }
        if let Some(max) = self.limits.file_bytes_max
            && tree.written_bytes.is_some_and(|bytes| bytes > max)
        {
            return Some(format!("wrote more to the disk than the {} MiB that it may", max / MIB));
        }
        let max = self.limits.processes_max?;
        let full = tree.threads + 1 >= max;
        let looks = if full { self.full_looks.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        if !full {
            self.full_looks.store(0, Ordering::Relaxed);
        }
        let refused = group.processes_refused.unwrap_or(0);
        (looks >= FULL_LOOKS_MAX || refused >= REFUSED_MAX).then(|| processes(max))
    }

    /// Ends a tree that takes too much.
    pub(super) async fn end(shim: Shim) {
        let stopped = shim.stop_and_wait(GRACE, false).await;
        tracing::info!(?stopped, process = %shim.process(), "a process took more than it may");
    }

    /// Its tree is gone: what it took too much of, if that ended it, and the most memory that it took. Its groups are removed.
    pub(crate) fn finish(&self) -> (Option<String>, Option<u64>) {
        let usage = self.group.as_ref().map(Group::usage).unwrap_or_default();
        if let Some(group) = &self.group
            && let Err(error) = group.remove()
        {
            tracing::warn!(process = %self.process, %error, "a control group is left");
        }
        let out_of_memory =
            usage.out_of_memory.filter(|ended| *ended > 0).and(self.limits.memory_bytes_max).map(memory);
        let refused =
            usage.processes_refused.filter(|refused| *refused > 0).and(self.limits.processes_max).map(processes);
        let by_kernel = out_of_memory.or(refused);
        let peak = usage.memory_bytes_peak.unwrap_or(0).max(self.peak_bytes.load(Ordering::Relaxed));
        (self.over.get().cloned().or(by_kernel), Some(peak))
    }

    /// Whether it was ended because it took too much.
    pub(crate) fn is_over(&self) -> bool {
        self.over.get().is_some()
    }
}

fn processes(max: u64) -> String {
    format!("wanted more processes than the {max} that it may have")
}

fn memory(max: u64) -> String {
    format!("took more memory than the {} MiB that it may", max / MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(limits: Limits) -> Watched {
        let nobody = uuid::Uuid::nil();
        let whose = Whose { process: ProcessId(nobody), agent: Some(AgentId(nobody)), tier: Tier::Full };
        Watched::new(whose, limits, None)
    }

    #[test]
    fn what_takes_too_much_is_named_and_what_does_not_goes_on() {
        let limits = || Limits {
            memory_bytes_max: Some(64 * MIB),
            processes_max: Some(10),
            file_bytes_max: Some(32 * MIB),
            ..Limits::default()
        };
        let fine =
            TreeUsage { threads: 8, resident_bytes: 64 * MIB, written_bytes: Some(32 * MIB), ..TreeUsage::default() };
        let it = watched(limits());
        assert_eq!(it.told().expect("an agent's").takes, None);
        it.wrote(7);
        for now_ms in 0..9 {
            it.look(fine, now_ms);
        }
        let told = it.told().expect("an agent's");
        assert_eq!((told.takes.map(|takes| takes.memory_bytes), told.over), (Some(64 * MIB), None));
        assert_eq!(told.output_bytes, 7);
        assert_eq!(it.finish(), (None, Some(64 * MIB)));
        let said = |usage: TreeUsage| {
            let it = watched(limits());
            for now_ms in 0..FULL_LOOKS_MAX {
                it.look(usage, now_ms.into());
            }
            assert!(it.told().expect("an agent's").over.is_some());
            it.finish().0.unwrap_or_default()
        };
        assert!(said(TreeUsage { resident_bytes: 64 * MIB + 1, ..fine }).contains("64 MiB"));
        assert!(said(TreeUsage { written_bytes: Some(32 * MIB + 1), ..fine }).contains("32 MiB"));
        assert!(said(TreeUsage { threads: 9, ..fine }).contains("the 10 that"));
    }
}
