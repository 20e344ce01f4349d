//! What one tree of processes takes, from one look to the next.

use std::time::Duration;

use legion_process::TreeUsage;
use legion_sandbox::GroupUsage;

/// What one tree took at the last look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Takes {
    /// As it counts against the limit: where a control group counts it, with the files that the kernel keeps in memory for it.
    pub memory_bytes: u64,
    /// Processes that live.
    pub processes: u64,
    /// Processes and threads: what the limit counts.
    pub threads: u64,
    /// CPU time so far.
    pub cpu: Duration,
    /// CPU time per time between the last two looks, in hundredths of a core; `None` after the first look.
    pub cpu_percent: Option<f64>,
    /// Bytes sent to disks so far; `None` when no process may be asked.
    pub written_bytes: Option<u64>,
    /// When it was looked at, on the monotonic clock.
    at_ms: u64,
}

impl Takes {
    /// Puts together what the processes and the groups of a tree say. What a group counts is right also for processes that are gone.
    pub(super) fn seen(before: Option<&Self>, tree: TreeUsage, group: GroupUsage, at_ms: u64) -> Self {
        let cpu = group.cpu.unwrap_or(tree.cpu);
        Self {
            memory_bytes: group.memory_bytes.unwrap_or(tree.resident_bytes),
            processes: tree.processes,
            threads: group.processes.unwrap_or(tree.threads),
            cpu,
            cpu_percent: before.and_then(|before| before.percent_until(cpu, at_ms)),
            written_bytes: tree.written_bytes,
            at_ms,
        }
    }

    /// Where no group counts, the sum falls when a process ends that nobody waits for: then nothing was taken, as far as is known.
    fn percent_until(&self, cpu: Duration, at_ms: u64) -> Option<f64> {
        let between_ms = at_ms.checked_sub(self.at_ms).filter(|between| *between > 0);
        let Some(between_ms) = between_ms else { return self.cpu_percent };
        let taken = cpu.saturating_sub(self.cpu);
        Some(taken.as_secs_f64() * 100_000.0 / between_ms as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(cpu_ms: u64) -> TreeUsage {
        TreeUsage {
            processes: 2,
            threads: 5,
            resident_bytes: 4_096,
            cpu: Duration::from_millis(cpu_ms),
            written_bytes: Some(7),
        }
    }

    #[test]
    fn cpu_is_per_cent_of_a_core_since_the_look_before() {
        let none = GroupUsage::default();
        let first = Takes::seen(None, tree(1_000), none, 10_000);
        assert_eq!((first.cpu_percent, first.memory_bytes, first.threads), (None, 4_096, 5));
        let second = Takes::seen(Some(&first), tree(1_750), none, 10_500);
        assert_eq!(second.cpu_percent, Some(150.0));
        // Nothing can be said of no time; a sum that falls is no work.
        assert_eq!(Takes::seen(Some(&second), tree(1_900), none, 10_500).cpu_percent, Some(150.0));
        assert_eq!(Takes::seen(Some(&second), tree(900), none, 11_000).cpu_percent, Some(0.0));
    }

    #[test]
    fn what_a_group_counts_goes_before_the_sum_of_the_processes() {
        let group = GroupUsage {
            memory_bytes: Some(9_000),
            processes: Some(6),
            cpu: Some(Duration::from_secs(3)),
            ..GroupUsage::default()
        };
        let takes = Takes::seen(None, tree(1), group, 1);
        assert_eq!((takes.memory_bytes, takes.processes, takes.threads), (9_000, 2, 6));
        assert_eq!((takes.cpu, takes.written_bytes), (Duration::from_secs(3), Some(7)));
    }
}
