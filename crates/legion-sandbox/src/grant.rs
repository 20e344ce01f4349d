//! What an agent may reach; it only becomes narrower down the tree of agents.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::limits::{Limits, WiderLimit};

/// The most paths of one kind: each is a mount and a rule at every start.
pub const PATHS_MAX: usize = 128;
/// A path of a unix socket longer than this cannot be used.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// What an agent may reach. A path stands for itself and everything below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// May be read.
    pub read: Vec<PathBuf>,
    /// May be read and changed. Nothing in it may be executed unless it is in `execute` too.
    pub write: Vec<PathBuf>,
    /// May be read and executed.
    pub execute: Vec<PathBuf>,
    /// Directories of unix sockets that may be connected to. The directory and not the socket: a service that restarts
    /// makes a new one.
    pub sockets: Vec<PathBuf>,
    /// TCP ports that may be connected to where there is no network of its own (tier `landlock`).
    pub ports: Vec<u16>,
    pub limits: Limits,
}

/// Why a grant is no part of another one: names what it asks too much.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wider {
    #[error("it would {right} `{path}`, which the agent above it may not")]
    Path { right: Right, path: PathBuf },
    #[error("it would reach the sockets in `{0}`, which the agent above it may not")]
    Socket(PathBuf),
    #[error("it would connect to port {0}, which the agent above it may not")]
    Port(u16),
    #[error(transparent)]
    Limit(#[from] WiderLimit),
    #[error(transparent)]
    Form(#[from] BadPath),
}

/// What may be done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Read,
    Write,
    Execute,
}

/// Why a path cannot be part of a grant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    #[error("`{0}` is not an absolute path")]
    Relative(PathBuf),
    #[error("`{0}` has `.` or `..` in it")]
    Dots(PathBuf),
    #[error("`{0}` is not text (UTF-8)")]
    NotText(PathBuf),
    #[error("`{0}` is of the kernel: every tier has its own")]
    Kernel(PathBuf),
    #[error("`{0}` would be everything")]
    Root(PathBuf),
    #[error("`{0}` has a pattern that no tier enforces: only a path, or `PATH/**`, is")]
    Pattern(PathBuf),
    #[error("more than {PATHS_MAX} paths of one kind")]
    TooMany,
    #[error("the directory of sockets `{0}` leaves no room for a name in it")]
    SocketTooLong(PathBuf),
}

impl std::fmt::Display for Right {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
        })
    }
}

impl Grant {
    /// Whether `path` may be read, by whichever list.
    pub fn may_read(&self, path: &Path) -> bool {
        [&self.read, &self.write, &self.execute].into_iter().any(|list| covers(list, path))
    }

    /// Returns `child` when it asks for nothing that this grant does not have.
    ///
    /// # Errors
    /// The first thing that is wider, in a sentence.
    pub fn narrowed(&self, child: Self) -> Result<Self, Wider> {
        child.check()?;
        let wider = |right, path: &PathBuf| Err(Wider::Path { right, path: path.clone() });
        if let Some(path) = child.read.iter().find(|path| !self.may_read(path)) {
            return wider(Right::Read, path);
        }
        if let Some(path) = child.write.iter().find(|path| !covers(&self.write, path)) {
            return wider(Right::Write, path);
        }
        if let Some(path) = child.execute.iter().find(|path| !covers(&self.execute, path)) {
            return wider(Right::Execute, path);
        }
        if let Some(path) = child.sockets.iter().find(|path| !covers(&self.sockets, path)) {
            return Err(Wider::Socket(path.clone()));
        }
        if let Some(port) = child.ports.iter().find(|port| !self.ports.contains(port)) {
            return Err(Wider::Port(*port));
        }
        self.limits.allow(&child.limits)?;
        Ok(child)
    }

    /// Looks at the form of every path; looks at no file.
    ///
    /// # Errors
    /// The first path that cannot be enforced.
    pub fn check(&self) -> Result<(), BadPath> {
        for list in [&self.read, &self.write, &self.execute, &self.sockets] {
            if list.len() > PATHS_MAX {
                return Err(BadPath::TooMany);
            }
            list.iter().try_for_each(|path| check_path(path))?;
        }
        // Room for a separator and a name of eight.
        let long = |path: &&PathBuf| path.as_os_str().len() + 9 > SOCKET_PATH_BYTES_MAX;
        self.sockets.iter().find(long).map_or(Ok(()), |path| Err(BadPath::SocketTooLong(path.clone())))
    }
}

/// Returns the path that a pattern of a deployment stands for: `PATH` and `PATH/**` are the same.
///
/// # Errors
/// For every other pattern: neither mounts nor Landlock can hold it.
pub fn path_of_pattern(pattern: &str) -> Result<PathBuf, BadPath> {
    let path = pattern.strip_suffix("/**").unwrap_or(pattern);
    if path.contains(['*', '?', '[', '{']) {
        return Err(BadPath::Pattern(pattern.into()));
    }
    let path = PathBuf::from(path);
    check_path(&path)?;
    Ok(path)
}

/// Looks at the form of one path.
pub(crate) fn check_path(path: &Path) -> Result<(), BadPath> {
    let Some(text) = path.to_str().filter(|text| !text.contains(['\0', '\n'])) else {
        return Err(BadPath::NotText(path.to_owned()));
    };
    if !path.is_absolute() {
        return Err(BadPath::Relative(path.to_owned()));
    }
    // `components` swallows single dots, so the text is looked at too.
    if path.components().any(|part| part == Component::ParentDir) || text.split('/').any(|part| part == ".") {
        return Err(BadPath::Dots(path.to_owned()));
    }
    if ["/proc", "/sys", "/dev"].into_iter().any(|kernel| path.starts_with(kernel)) {
        return Err(BadPath::Kernel(path.to_owned()));
    }
    if path.parent().is_none() {
        return Err(BadPath::Root(path.to_owned()));
    }
    Ok(())
}

fn covers(list: &[PathBuf], path: &Path) -> bool {
    list.iter().any(|above| path.starts_with(above))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> Grant {
        Grant {
            read: vec!["/srv/docs".into()],
            write: vec!["/srv/clone".into()],
            execute: vec!["/srv/tools".into(), "/srv/clone/target".into()],
            sockets: vec!["/run/legion".into()],
            ports: vec![4000],
            limits: Limits { processes_max: Some(100), ..Limits::default() },
        }
    }

    fn limited() -> Limits {
        Limits { processes_max: Some(10), ..Limits::default() }
    }

    fn refusal(change: impl FnOnce(&mut Grant)) -> String {
        let mut child = Grant { limits: limited(), ..Grant::default() };
        change(&mut child);
        parent().narrowed(child).unwrap_err().to_string()
    }

    #[test]
    fn what_is_narrower_is_granted_as_it_is() {
        let child = Grant {
            read: vec!["/srv/docs/a".into(), "/srv/clone/src".into(), "/srv/tools".into()],
            write: vec!["/srv/clone/src".into()],
            execute: vec!["/srv/tools/bin".into()],
            sockets: vec!["/run/legion/a".into()],
            ports: vec![4000],
            limits: limited(),
        };
        assert_eq!(parent().narrowed(child.clone()), Ok(child));
        assert_eq!(parent().narrowed(parent()), Ok(parent()));
    }

    #[test]
    fn what_is_wider_is_refused_by_the_sentence_that_names_it() {
        let cases = [
            (refusal(|child| child.read.push("/srv".into())), "read `/srv`"),
            (refusal(|child| child.read.push("/srv/docs2".into())), "read `/srv/docs2`"),
            (refusal(|child| child.write.push("/srv/docs".into())), "write `/srv/docs`"),
            (refusal(|child| child.execute.push("/srv/clone".into())), "execute `/srv/clone`"),
            (refusal(|child| child.sockets.push("/run".into())), "the sockets in `/run`"),
            (refusal(|child| child.ports.push(22)), "port 22"),
            (refusal(|child| child.limits.processes_max = Some(101)), "101 processes"),
            (refusal(|child| child.limits.processes_max = None), "processes without a limit"),
            (refusal(|child| child.read.push("/srv/docs/../../etc".into())), "`..`"),
            (refusal(|child| child.read.push("srv".into())), "absolute"),
            (refusal(|child| child.write.push("/dev/shm".into())), "of the kernel"),
            (refusal(|child| child.write.push("/".into())), "everything"),
        ];
        for (said, wanted) in cases {
            assert!(said.contains(wanted), "{said:?} does not name {wanted:?}");
        }
    }

    #[test]
    fn a_pattern_is_a_path_or_is_refused() {
        assert_eq!(path_of_pattern("/a/b/**"), Ok("/a/b".into()));
        assert_eq!(path_of_pattern("/a/b"), Ok("/a/b".into()));
        for pattern in ["/a/*.rs", "/a/**/b", "/a/[b]", "/a/./b", "/a/../b", "a/**", "/**", "/a\0b"] {
            assert!(path_of_pattern(pattern).is_err(), "{pattern} was taken");
        }
    }
}
