//! What this machine can hold, and by what.

use std::fmt;
use std::path::PathBuf;

/// Something that a tree of processes takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    Memory,
    Processes,
    Cpu,
    /// Not a resource: that the whole tree can be ended at once.
    Tree,
}

/// By what one of them is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// A group of version 2 below this directory.
    Version2(PathBuf),
    /// A group of version 1 below this directory, in the hierarchy of that controller.
    Version1(PathBuf),
    /// Nothing holds it; it is looked at now and then, and a tree that takes too much is ended. Why nothing does.
    Watched(String),
}

/// By what each of them is held on this machine, for this service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    pub memory: Means,
    pub processes: Means,
    pub cpu: Means,
    pub tree: Means,
}

impl Resource {
    pub const ALL: [Self; 4] = [Self::Memory, Self::Processes, Self::Cpu, Self::Tree];

    /// The name of its controller, which is the same in both versions; the tree has none.
    pub(super) fn controller(self) -> Option<&'static str> {
        match self {
            Self::Memory => Some("memory"),
            Self::Processes => Some("pids"),
            Self::Cpu => Some("cpu"),
            Self::Tree => None,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Cpu => "CPU",
            Self::Tree => "the end of a tree",
        })
    }
}

impl Means {
    /// The directory below which groups are made.
    pub(super) fn parent(&self) -> Option<&PathBuf> {
        match self {
            Self::Version2(parent) | Self::Version1(parent) => Some(parent),
            Self::Watched(_) => None,
        }
    }
}

impl Resources {
    pub fn of(&self, resource: Resource) -> &Means {
        match resource {
            Resource::Memory => &self.memory,
            Resource::Processes => &self.processes,
            Resource::Cpu => &self.cpu,
            Resource::Tree => &self.tree,
        }
    }

    /// Returns how to have more of them held, where something is not.
    pub fn hint(&self) -> Option<&'static str> {
        let watched = Resource::ALL.into_iter().any(|resource| matches!(self.of(resource), Means::Watched(_)));
        watched.then_some("start the service with `systemd-run --user --scope --property=Delegate=yes legion up`")
    }
}

/// A line for each, for a person.
impl fmt::Display for Resources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, resource) in Resource::ALL.into_iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            match (self.of(resource), resource) {
                (Means::Version2(_), _) => write!(formatter, "{end}{resource}: held by control groups (version 2)")?,
                (Means::Version1(_), _) => write!(formatter, "{end}{resource}: held by control groups (version 1)")?,
                (Means::Watched(why), Resource::Tree) => {
                    write!(formatter, "{end}{resource}: held by the shim and the tier ({why})")?;
                }
                (Means::Watched(why), _) => write!(formatter, "{end}{resource}: watched, not held ({why})")?,
            }
        }
        Ok(())
    }
}
