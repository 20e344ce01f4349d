//! Where control groups are mounted, and in which of them this process is. Pure but for reading.

use std::path::{Path, PathBuf};

/// The directories of this process's own groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnGroups {
    pub version2: Option<PathBuf>,
    /// Controller and directory.
    pub version1: Vec<(String, PathBuf)>,
}

impl OwnGroups {
    /// Reads them; nothing is mounted where `/proc` cannot be read.
    pub fn read() -> Self {
        let text = |name| std::fs::read_to_string(name).unwrap_or_default();
        Self::parse(&text("/proc/self/mountinfo"), &text("/proc/self/cgroup"))
    }

    pub fn parse(mounts: &str, groups: &str) -> Self {
        let mut own = Self::default();
        for group in groups.lines() {
            // Number, controllers, path; version 2 has number 0 and no controllers.
            let mut fields = group.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
                continue;
            };
            if controllers.is_empty() {
                own.version2 = find(mounts, "cgroup2", None, path);
                continue;
            }
            for controller in controllers.split(',') {
                let found = find(mounts, "cgroup", Some(controller), path);
                own.version1.extend(found.map(|directory| (controller.to_owned(), directory)));
            }
        }
        own
    }

    pub fn controller(&self, name: &str) -> Option<&PathBuf> {
        self.version1.iter().find(|(controller, _)| controller == name).map(|(_, directory)| directory)
    }
}

/// The directory of the group `path` below the mount of this kind.
fn find(mounts: &str, kind: &str, controller: Option<&str>, path: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let options = after.next().filter(|name| *name == kind).and(after.nth(1))?;
        if controller.is_some_and(|controller| options.split(',').all(|option| option != controller)) {
            return None;
        }
        let mut before = before.split(' ').skip(3);
        // What of the hierarchy is mounted, and where: a container sees a part of it.
        let (root, place) = (before.next()?, before.next()?);
        let below = Path::new(path).strip_prefix(root).ok()?;
        Some(if below.as_os_str().is_empty() { place.into() } else { Path::new(place).join(below) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_beside_each_other_are_found() {
        let mounts = "\
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:3 - cgroup cgroup rw,cpu,cpuacct
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        let own = OwnGroups::parse(mounts, "4:memory:/a/b\n2:cpu,cpuacct:/\n0::/\n1:name=systemd:/x");
        assert_eq!(own.version2, Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(own.controller("memory"), Some(&"/sys/fs/cgroup/memory/a/b".into()));
        assert_eq!(own.controller("cpu"), Some(&"/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(own.controller("pids"), None);
    }

    #[test]
    fn a_container_sees_a_part_of_the_hierarchy() {
        let mounts = "41 31 0:38 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate";
        assert_eq!(OwnGroups::parse(mounts, "0::/docker/abc/x").version2, Some("/sys/fs/cgroup/x".into()));
        assert_eq!(OwnGroups::parse(mounts, "0::/elsewhere").version2, None);
        assert_eq!(OwnGroups::parse("", "0::/"), OwnGroups::default());
    }
}
