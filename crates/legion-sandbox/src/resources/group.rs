//! The groups of one tree.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use legion_process::Cgroup;

use super::error::ResourceError;
use super::means::{Means, Resource, Resources};

/// The groups of one tree: a directory in each hierarchy that holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// By resource. Those of version 2 are one directory.
    pub(super) places: Vec<(Resource, Means)>,
    /// What the kernel refused to hold of this tree.
    pub(super) refused: Vec<Resource>,
}

impl Resources {
    /// Names the groups of the tree `name`; makes nothing.
    pub fn group(&self, name: &str) -> Group {
        let place = |resource| {
            let means = match self.of(resource) {
                Means::Version2(parent) => Means::Version2(parent.join(name)),
                Means::Version1(parent) => Means::Version1(parent.join(name)),
                watched @ Means::Watched(_) => watched.clone(),
            };
            (resource, means)
        };
        Group { places: Resource::ALL.into_iter().map(place).collect(), refused: Vec::new() }
    }
}

impl Group {
    /// Makes them where they are not there yet. Where the kernel refuses one, its resources are watched from then on, and the others
    /// stay. Returns these refusals.
    pub fn make(&mut self) -> Vec<ResourceError> {
        let mut refused = Vec::new();
        for directory in self.directories().into_iter().cloned().collect::<Vec<_>>() {
            match fs::create_dir(&directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    for (_, means) in self.places.iter_mut().filter(|(_, means)| means.parent() == Some(&directory)) {
                        *means = Means::Watched(error.to_string());
                    }
                    refused.push(ResourceError::new("make", directory)(error));
                }
                _ => {}
            }
        }
        refused
    }

    /// By what a resource of this tree is held; `None` where it must be watched.
    pub fn holder(&self, resource: Resource) -> Option<&Means> {
        let means = self.of(resource);
        (!self.refused.contains(&resource) && !matches!(means, Means::Watched(_))).then_some(means)
    }

    /// Whether any of them was made and not removed.
    pub fn is_there(&self) -> bool {
        self.directories().into_iter().any(|directory| directory.is_dir())
    }

    /// Opens the files by which a process joins: whoever writes `0` to each of them.
    ///
    /// # Errors
    /// When one is not there.
    pub fn open_joining(&self) -> Result<Vec<File>, ResourceError> {
        let open = |directory: &PathBuf| {
            let file = directory.join("cgroup.procs");
            File::options().write(true).open(&file).map_err(ResourceError::new("open", file))
        };
        self.directories().into_iter().map(open).collect()
    }

    /// Kills the whole tree at once. False where the kernel cannot.
    pub fn kill(&self) -> bool {
        self.tree().is_some_and(|group| group.kill())
    }

    /// Removes the groups; what is gone already counts as removed.
    ///
    /// # Errors
    /// `ResourceBusy` while a process is in one.
    pub fn remove(&self) -> Result<(), ResourceError> {
        for directory in self.directories() {
            Cgroup::at(directory).remove().map_err(ResourceError::new("remove", directory))?;
        }
        Ok(())
    }

    /// The directories to join besides the one by which the tree is ended.
    pub fn others(&self) -> Vec<PathBuf> {
        let tree = self.tree();
        let is_other = |directory: &&PathBuf| tree.as_ref().is_none_or(|tree| tree.path() != directory.as_path());
        self.directories().into_iter().filter(is_other).cloned().collect()
    }

    /// The group by which the tree is ended.
    pub fn tree(&self) -> Option<Cgroup> {
        match self.of(Resource::Tree) {
            Means::Version2(directory) => Some(Cgroup::at(directory)),
            _ => None,
        }
    }

    pub(super) fn of(&self, resource: Resource) -> &Means {
        let place = self.places.iter().find(|(known, _)| *known == resource);
        &place.expect("every resource has a place").1
    }

    fn directories(&self) -> Vec<&PathBuf> {
        let mut directories: Vec<&PathBuf> = self.places.iter().filter_map(|(_, means)| means.parent()).collect();
        directories.sort();
        directories.dedup();
        directories
    }
}
