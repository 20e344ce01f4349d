//! Which means holds an agent's tree together on this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use uuid::Uuid;

use crate::linux::cgroup::{Cgroup, own_group};

/// What makes sure that nothing of an agent's tree survives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// A control group for each process, below this one.
    Cgroup(CgroupRoot),
    /// The shim as the one to whom orphans fall, and a search of all environments when the shim
    /// itself was killed. A process that hides its environment then escapes.
    Sweep(NoCgroup),
}

/// Why there are no control groups to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCgroup {
    #[error("no version 2 control groups are mounted")]
    NotMounted,
    #[error("the control group `{path}` is not ours to write: {reason}")]
    NotWritable { path: PathBuf, reason: String },
    #[error("this kernel has no `cgroup.kill` (it came with 5.14)")]
    NoKill,
}

/// A control group below which each process gets its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupRoot {
    path: PathBuf,
}

/// Why a control group could not be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to make the control group `{path}`")]
pub struct CgroupError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// Returns what this process can use, by trying it. `name` separates one service from another
/// (the eight hexadecimal digits of its data directory).
pub fn containment(name: &str) -> Holding {
    match probe(name) {
        Ok(root) => Holding::Cgroup(root),
        Err(reason) => Holding::Sweep(reason),
    }
}

fn probe(name: &str) -> Result<CgroupRoot, NoCgroup> {
    let own = own_group().ok_or(NoCgroup::NotMounted)?;
    let refused =
        |path: &Path, error: io::Error| NoCgroup::NotWritable { path: path.to_owned(), reason: error.to_string() };
    // A process moves between groups only with write access to their common ancestor.
    let joining = own.join("cgroup.procs");
    rustix::fs::access(&joining, Access::WRITE_OK).map_err(|error| refused(&joining, error.into()))?;
    let path = own.join(format!("legion-{name}"));
    let made = make(&path).map_err(|error| refused(&path, error))?;
    let can_kill = path.join("cgroup.kill").exists();
    if !can_kill && made {
        // Left empty otherwise; nothing depends on it.
        let _ = fs::remove_dir(&path);
    }
    can_kill.then_some(CgroupRoot { path }).ok_or(NoCgroup::NoKill)
}

impl CgroupRoot {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the group of `process`, or returns it if it exists.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn create(&self, process: Uuid) -> Result<Cgroup, CgroupError> {
        let cgroup = self.of(process);
        let made = make(cgroup.path()).map_err(|source| CgroupError { path: cgroup.path().to_owned(), source });
        made.map(|_| cgroup)
    }

    /// Removes it when the service ends for good.
    ///
    /// # Errors
    /// `ResourceBusy` while a process's group is in it: shims that outlive the service.
    pub fn remove(&self) -> io::Result<()> {
        Cgroup::at(&self.path).remove()
    }

    /// Names the group of `process`; makes nothing.
    pub fn of(&self, process: Uuid) -> Cgroup {
        Cgroup::at(&self.path.join(process.to_string()))
    }
}

/// Returns whether the directory was made now.
fn make(path: &Path) -> io::Result<bool> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
