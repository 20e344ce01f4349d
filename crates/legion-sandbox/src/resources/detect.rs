//! Finds out by trying what can be held.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::means::{Means, Resource, Resources};
use super::mounts::OwnGroups;

/// Where the service itself stands, when its own group may hold groups only.
const ASIDE: &str = "legion-service";

/// Returns what this process can hold, by making its own directory of groups in every hierarchy. `name` separates one
/// service from another. Changes nothing else, but that version 2 hands on what controllers it may, for which this process
/// may have to stand one group lower.
pub fn detect(name: &str) -> Resources {
    detect_in(&OwnGroups::read(), name)
}

fn detect_in(own: &OwnGroups, name: &str) -> Resources {
    let version2 = own.version2.as_deref().map(|directory| parent_in_version2(directory, name));
    let means =
        |resource| by_version2(version2.as_ref(), resource).or_else(|why| by_version1(own, name, resource, why));
    let watched = |means: Result<Means, String>| means.unwrap_or_else(Means::Watched);
    let found = Resources {
        memory: watched(means(Resource::Memory)),
        processes: watched(means(Resource::Processes)),
        cpu: watched(means(Resource::Cpu)),
        tree: watched(by_version2(version2.as_ref(), Resource::Tree)),
    };
    remove_unused(own, name, &found);
    found
}

/// The directory in which each tree gets its group, with every controller that can be handed on to it.
fn parent_in_version2(own: &Path, name: &str) -> Result<PathBuf, String> {
    // Who stepped aside before stands one below.
    let own = own.parent().filter(|_| own.ends_with(ASIDE)).unwrap_or(own);
    // A process moves between groups only with write access to their common ancestor.
    let joining = own.join("cgroup.procs");
    if let Err(error) = rustix::fs::access(&joining, rustix::fs::Access::WRITE_OK) {
        return Err(format!("`{}` is not ours to write: {}", joining.display(), io::Error::from(error)));
    }
    let parent = own.join(format!("legion-{name}"));
    make(&parent).map_err(|error| format!("`{}` cannot be made: {error}", parent.display()))?;
    for controller in Resource::ALL.into_iter().filter_map(Resource::controller) {
        let hand_on = |directory: &Path| fs::write(directory.join("cgroup.subtree_control"), format!("+{controller}"));
        let handed_on = hand_on(own).or_else(|error| match error.kind() {
            // A group with processes of its own hands nothing on.
            io::ErrorKind::ResourceBusy => step_aside(own).and_then(|()| hand_on(own)),
            _ => Err(error),
        });
        // Refused where the controller is not there, or where others sit in the group: then it is not held.
        let _ = handed_on.and_then(|()| hand_on(&parent));
    }
    Ok(parent)
}

/// Moves this process one below, so that its group holds groups only.
fn step_aside(own: &Path) -> io::Result<()> {
    let aside = own.join(ASIDE);
    make(&aside)?;
    fs::write(aside.join("cgroup.procs"), "0")
}

fn by_version2(parent: Option<&Result<PathBuf, String>>, resource: Resource) -> Result<Means, String> {
    let parent = match parent {
        None => return Err("no control groups of version 2 are mounted".to_owned()),
        Some(Err(why)) => return Err(why.clone()),
        Some(Ok(parent)) => parent,
    };
    let Some(controller) = resource.controller() else {
        let can_kill = parent.join("cgroup.kill").exists();
        return if can_kill {
            Ok(Means::Version2(parent.clone()))
        } else {
            Err("this kernel has no `cgroup.kill`".to_owned())
        };
    };
    let handed_on = fs::read_to_string(parent.join("cgroup.subtree_control")).unwrap_or_default();
    if handed_on.split_whitespace().any(|known| known == controller) {
        return Ok(Means::Version2(parent.clone()));
    }
    Err(format!("the controller `{controller}` is not handed on to this service's control group"))
}

fn by_version1(own: &OwnGroups, name: &str, resource: Resource, why: String) -> Result<Means, String> {
    let Some(directory) = resource.controller().and_then(|controller| own.controller(controller)) else {
        return Err(why);
    };
    let parent = directory.join(format!("legion-{name}"));
    match make(&parent) {
        Ok(()) => Ok(Means::Version1(parent)),
        Err(error) => Err(format!("`{}` cannot be made: {error}", parent.display())),
    }
}

/// A directory of version 2 that turned out to be of no use.
fn remove_unused(own: &OwnGroups, name: &str, found: &Resources) {
    if let Some(directory) = &own.version2
        && !Resource::ALL.into_iter().any(|resource| matches!(found.of(resource), Means::Version2(_)))
    {
        // Stays where another service of the same name uses it.
        let _ = fs::remove_dir(directory.join(format!("legion-{name}")));
    }
}

fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

impl Resources {
    /// Removes the directories of groups, when the service ends for good. Those with a tree in them stay.
    pub fn remove(&self) {
        for parent in Resource::ALL.into_iter().filter_map(|resource| self.of(resource).parent()) {
            // Gone already, or in use by a tree that outlives the service.
            let _ = fs::remove_dir(parent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that looks like a hierarchy; a real one refuses what it cannot do, so only the reading is tested here.
    fn hierarchy(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        directory
    }

    #[test]
    fn version_2_holds_what_is_handed_on_and_version_1_the_rest() {
        let two = hierarchy(&[
            ("cgroup.procs", ""),
            ("cgroup.subtree_control", ""),
            ("legion-x/cgroup.kill", ""),
            ("legion-x/cgroup.subtree_control", ""),
        ]);
        let one = tempfile::tempdir().unwrap();
        let own = OwnGroups {
            version2: Some(two.path().to_owned()),
            version1: vec![("memory".to_owned(), one.path().to_owned())],
        };
        let found = detect_in(&own, "x");
        // The last word that was written is all that a plain file keeps: the controller of the CPU.
        assert_eq!(fs::read_to_string(two.path().join("legion-x/cgroup.subtree_control")).unwrap(), "+cpu");
        assert_eq!(found.memory, Means::Version1(one.path().join("legion-x")));
        assert_eq!(found.tree, Means::Version2(two.path().join("legion-x")));
        assert!(matches!(&found.processes, Means::Watched(why) if why.contains("`pids`")), "{found:?}");
        assert!(found.hint().is_some());
    }

    #[test]
    fn a_machine_without_control_groups_watches_and_says_why() {
        let found = detect_in(&OwnGroups::default(), "x");
        for resource in Resource::ALL {
            assert!(matches!(found.of(resource), Means::Watched(_)), "{resource}");
        }
        assert!(found.to_string().contains("memory: watched, not held (no control groups"), "{found}");
    }
}
