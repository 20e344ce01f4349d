//! Writes limits to groups.

use std::fs;
use std::path::Path;

use super::error::ResourceError;
use super::group::Group;
use super::means::{Means, Resource};
use crate::limits::Limits;

/// The period in which CPU time is counted, in microseconds: the kernel's own.
const PERIOD_US: u64 = 100_000;

impl Group {
    /// Sets what of `limits` the groups hold, and returns which resources of those that are limited they do not: these
    /// must be watched. One that the kernel refuses is one of them, with why; the others are held nevertheless.
    pub fn limit(&mut self, limits: &Limits) -> Vec<(Resource, Option<ResourceError>)> {
        let wanted = [
            (Resource::Memory, limits.memory_bytes_max),
            (Resource::Processes, limits.processes_max),
            (Resource::Cpu, limits.cpu_percent_max.map(u64::from)),
        ];
        let mut watched = Vec::new();
        for (resource, limit) in wanted.into_iter().filter_map(|(resource, limit)| Some((resource, limit?))) {
            let set = match self.of(resource) {
                Means::Version2(directory) => version2(directory, resource, limit),
                Means::Version1(directory) => version1(directory, resource, limit),
                Means::Watched(_) => {
                    watched.push((resource, None));
                    continue;
                }
            };
            if let Err(error) = set {
                self.refused.push(resource);
                watched.push((resource, Some(error)));
            }
        }
        watched
    }
}

fn version2(directory: &Path, resource: Resource, limit: u64) -> Result<(), ResourceError> {
    match resource {
        Resource::Memory => {
            write(directory, "memory.max", &limit.to_string())?;
            // The whole tree ends, not the one process that asked last; a half-dead agent helps nobody.
            write(directory, "memory.oom.group", "1")?;
            // Where there is no swap there is no such file either.
            write_where_there(directory, "memory.swap.max", "0")
        }
        Resource::Processes => write(directory, "pids.max", &limit.to_string()),
        Resource::Cpu => write(directory, "cpu.max", &format!("{} {PERIOD_US}", quota(limit))),
        Resource::Tree => Ok(()),
    }
}

fn version1(directory: &Path, resource: Resource, limit: u64) -> Result<(), ResourceError> {
    match resource {
        Resource::Memory => {
            write(directory, "memory.limit_in_bytes", &limit.to_string())?;
            write_where_there(directory, "memory.memsw.limit_in_bytes", &limit.to_string())
        }
        Resource::Processes => write(directory, "pids.max", &limit.to_string()),
        Resource::Cpu => {
            write(directory, "cpu.cfs_period_us", &PERIOD_US.to_string())?;
            write(directory, "cpu.cfs_quota_us", &quota(limit).to_string())
        }
        Resource::Tree => Ok(()),
    }
}

/// Hundredths of a core as microseconds of each period; the kernel takes no less than a thousand.
fn quota(percent: u64) -> u64 {
    (percent * PERIOD_US / 100).max(1_000)
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), ResourceError> {
    let file = directory.join(name);
    fs::write(&file, text).map_err(ResourceError::new("limit by", file))
}

fn write_where_there(directory: &Path, name: &str, text: &str) -> Result<(), ResourceError> {
    if directory.join(name).exists() { write(directory, name, text) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::means::Resources;
    use super::*;

    #[test]
    fn a_limit_is_written_where_it_is_held_and_named_where_it_is_not() {
        let (two, one) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut group = Group {
            refused: Vec::new(),
            places: vec![
                (Resource::Memory, Means::Version2(two.path().to_owned())),
                (Resource::Processes, Means::Watched("x".to_owned())),
                (Resource::Cpu, Means::Version1(one.path().to_owned())),
                (Resource::Tree, Means::Version2(two.path().to_owned())),
            ],
        };
        let limits = Limits {
            memory_bytes_max: Some(64 << 20),
            processes_max: Some(9),
            cpu_percent_max: Some(150),
            ..Limits::default()
        };
        let resources = |watched: Vec<(Resource, Option<ResourceError>)>| {
            watched.into_iter().map(|(resource, error)| (resource, error.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(resources(group.limit(&limits)), [(Resource::Processes, false)]);
        let read = |directory: &Path, name: &str| fs::read_to_string(directory.join(name)).unwrap();
        assert_eq!(read(two.path(), "memory.max"), "67108864");
        assert_eq!(read(two.path(), "memory.oom.group"), "1");
        assert_eq!(read(one.path(), "cpu.cfs_quota_us"), "150000");
        assert!(!two.path().join("memory.swap.max").exists());
        // One that cannot be set takes no other with it.
        fs::remove_file(two.path().join("memory.max")).unwrap();
        fs::create_dir(two.path().join("memory.max")).unwrap();
        fs::remove_file(one.path().join("cpu.cfs_quota_us")).unwrap();
        assert_eq!(resources(group.limit(&limits)), [(Resource::Memory, true), (Resource::Processes, false)]);
        assert_eq!(read(one.path(), "cpu.cfs_quota_us"), "150000");
        assert_eq!(group.holder(Resource::Memory), None);
        assert_eq!(group.holder(Resource::Processes), None);
        assert!(group.holder(Resource::Cpu).is_some() && group.holder(Resource::Tree).is_some());
        assert!(group.tree().is_some(), "its tree ends as a whole nevertheless");
    }

    #[test]
    fn a_group_that_cannot_be_made_takes_no_other_with_it() {
        let (two, one) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let resources = Resources {
            memory: Means::Version1(one.path().join("missing")),
            processes: Means::Version2(two.path().to_owned()),
            cpu: Means::Version2(two.path().to_owned()),
            tree: Means::Version2(two.path().to_owned()),
        };
        let mut group = resources.group("x");
        assert_eq!(group.make().len(), 1);
        assert!(two.path().join("x").is_dir());
        let held = Resource::ALL.map(|resource| group.holder(resource).is_some());
        assert_eq!(held, [false, true, true, true]);
        group.remove().unwrap();
    }
}
