//! What groups have counted.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::group::Group;
use super::means::{Means, Resource};

/// What the groups of a tree have counted; `None` where nothing counts it: then the processes themselves are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupUsage {
    pub memory_bytes: Option<u64>,
    /// The most that it ever was.
    pub memory_bytes_peak: Option<u64>,
    /// How often the kernel ended something of the tree because its memory was full.
    pub out_of_memory: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// How often the kernel refused another one.
    pub processes_refused: Option<u64>,
    pub cpu: Option<Duration>,
}

impl Group {
    /// Reads what was counted so far.
    pub fn usage(&self) -> GroupUsage {
        let mut usage = GroupUsage::default();
        match self.of(Resource::Memory) {
            Means::Version2(directory) => {
                usage.memory_bytes = number(directory, "memory.current");
                usage.memory_bytes_peak = number(directory, "memory.peak");
                usage.out_of_memory = entry(directory, "memory.events", "oom_kill");
            }
            Means::Version1(directory) => {
                usage.memory_bytes = number(directory, "memory.usage_in_bytes");
                usage.memory_bytes_peak = number(directory, "memory.max_usage_in_bytes");
                usage.out_of_memory = entry(directory, "memory.oom_control", "oom_kill");
            }
            Means::Watched(_) => {}
        }
        if let Means::Version2(directory) | Means::Version1(directory) = self.of(Resource::Processes) {
            usage.processes = number(directory, "pids.current");
            usage.processes_refused = entry(directory, "pids.events", "max");
        }
        // Version 2 counts CPU time in every group, whether it has the controller or not.
        usage.cpu = self.tree().and_then(|group| group.cpu());
        usage
    }
}

fn number(directory: &Path, name: &str) -> Option<u64> {
    fs::read_to_string(directory.join(name)).ok()?.trim().parse().ok()
}

fn entry(directory: &Path, name: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(directory.join(name)).ok()?;
    let value = text.lines().filter_map(|line| line.split_once(' ')).find(|(found, _)| *found == key)?.1;
    value.trim().parse().ok()
}
