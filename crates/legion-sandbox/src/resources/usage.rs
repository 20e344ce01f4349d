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
        // Version 2 counts CPU time in every group, whether it has the controller or not. Version 1 counts it with another
        // controller, which lies in the same directory nearly everywhere.
        usage.cpu = self.tree().and_then(|group| group.cpu()).or_else(|| match self.of(Resource::Cpu) {
            Means::Version1(directory) => number(directory, "cpuacct.usage").map(Duration::from_nanos),
            _ => None,
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_versions_count_is_read() {
        let (two, one) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |directory: &Path, name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
        write(one.path(), "memory.usage_in_bytes", "4096\n");
        write(one.path(), "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
        write(one.path(), "cpuacct.usage", "1500000000\n");
        write(one.path(), "pids.current", "7\n");
        let group = |tree: Means| {
            let first = [Resource::Memory, Resource::Processes, Resource::Cpu];
            let first = first.map(|resource| (resource, Means::Version1(one.path().to_owned())));
            Group { places: first.into_iter().chain([(Resource::Tree, tree)]).collect(), refused: Vec::new() }
        };
        let found = group(Means::Watched(String::new())).usage();
        assert_eq!((found.memory_bytes, found.out_of_memory, found.processes), (Some(4096), Some(2), Some(7)));
        assert_eq!(found.cpu, Some(Duration::from_millis(1500)));
        // What ends the tree counts its time too, and that is the whole tree's.
        write(two.path(), "cpu.stat", "usage_usec 2500000\nuser_usec 1\n");
        assert_eq!(group(Means::Version2(two.path().to_owned())).usage().cpu, Some(Duration::from_millis(2500)));
    }
}
