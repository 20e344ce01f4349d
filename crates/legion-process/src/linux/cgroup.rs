//! One control group for each process: the kernel then holds the tree together by itself.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The control group of one process's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Names the group at `path`; makes nothing.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Kills every process in it at once. Returns false when the kernel cannot (before 5.14) or
    /// the group is gone.
    pub fn kill(&self) -> bool {
        fs::write(self.path.join("cgroup.kill"), "1").is_ok()
    }

    /// Whether any process is in it; a group that is gone is empty.
    pub fn is_populated(&self) -> bool {
        self.event("populated")
    }

    /// Whether it is frozen: whoever joins it then stands still.
    pub fn is_frozen(&self) -> bool {
        fs::read_to_string(self.path.join("cgroup.freeze")).is_ok_and(|text| text.trim() == "1") || self.event("frozen")
    }

    /// Removes it.
    ///
    /// # Errors
    /// `ResourceBusy` while a process is in it.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Returns the CPU time of all that ever was in it, where the kernel counts it.
    pub fn cpu(&self) -> Option<Duration> {
        let text = fs::read_to_string(self.path.join("cpu.stat")).ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
        value.trim().parse().ok().map(Duration::from_micros)
    }

    /// Opens the file through which a process joins: whoever writes `0` to it.
    pub(crate) fn open_joining(&self) -> io::Result<File> {
        OpenOptions::new().write(true).open(self.path.join("cgroup.procs"))
    }

    fn event(&self, name: &str) -> bool {
        let text = fs::read_to_string(self.path.join("cgroup.events")).unwrap_or_default();
        text.lines().filter_map(|line| line.split_once(' ')).any(|(key, value)| key == name && value.trim() == "1")
    }
}

/// Returns the directory of the control group (version 2) in which this process itself is.
pub(crate) fn own_group() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let is_cgroup2 = after.split(' ').next()? == "cgroup2";
        is_cgroup2.then(|| before.split(' ').nth(4))?
    })?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(Path::new(mount).join(own))
}
