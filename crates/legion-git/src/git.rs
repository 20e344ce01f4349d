//! The git program.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use legion_process::{Program, ProgramError};

/// `merge-tree --write-tree` came with this version.
const VERSION_FLOOR: (u32, u32) = (2, 38);
const VERSION_TIME: Duration = Duration::from_secs(10);
const VERSION_BYTES_MAX: usize = 4_096;

/// A git that is new enough. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Git(Arc<Found>);

#[derive(Debug)]
struct Found {
    path: PathBuf,
    version: (u32, u32),
    /// Where git finds the few programs that it calls by name.
    search_path: std::ffi::OsString,
}

/// Why there is no git to work with.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    #[error("no `git` in the PATH; install git {}.{} or newer", VERSION_FLOOR.0, VERSION_FLOOR.1)]
    Missing,
    #[error("`{path}` is no absolute path to git")]
    Relative { path: PathBuf },
    #[error("`{path}` does not run; install git {}.{} or newer", VERSION_FLOOR.0, VERSION_FLOOR.1)]
    Run {
        path: PathBuf,
        #[source]
        source: ProgramError,
    },
    #[error("`{path} --version` said `{said}`, which is no version of git")]
    NotGit { path: PathBuf, said: String },
    #[error("`{path}` is git {found}; {}.{} or newer is needed", VERSION_FLOOR.0, VERSION_FLOOR.1)]
    TooOld { path: PathBuf, found: String },
}

impl Git {
    /// Finds git in `search_path`, a `PATH`.
    ///
    /// # Errors
    /// When there is none, or an old one.
    pub async fn find(search_path: &OsStr) -> Result<Self, FoundError> {
        let mut candidates = std::env::split_paths(search_path).map(|directory| directory.join("git"));
        let path = candidates.find(|path| path.is_absolute() && path.is_file()).ok_or(FoundError::Missing)?;
        Self::new(path).await
    }

    /// Takes the git at `path`, and asks once for its version.
    ///
    /// # Errors
    /// When it does not run, or is too old.
    pub async fn new(path: impl Into<PathBuf>) -> Result<Self, FoundError> {
        let path = path.into();
        if !path.is_absolute() {
            return Err(FoundError::Relative { path });
        }
        let beside = path.parent().unwrap_or(Path::new("/")).to_owned();
        let places = [beside, "/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()];
        // A directory with a colon cannot be in a PATH; the others do for git itself.
        let search_path = std::env::join_paths(places).unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".into());
        let asked = Program::new(&path).arg("--version").env("PATH", &search_path).env("LC_ALL", "C");
        let run = asked.run_to_end(VERSION_TIME, VERSION_BYTES_MAX).await;
        let output = run.map_err(|source| FoundError::Run { path: path.clone(), source })?;
        let said = crate::words::text(&output.stdout, 100);
        let Some(version) = version(&said) else { return Err(FoundError::NotGit { path, said }) };
        if version < VERSION_FLOOR {
            return Err(FoundError::TooOld { path, found: format!("{}.{}", version.0, version.1) });
        }
        Ok(Self(Arc::new(Found { path, version, search_path })))
    }

    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Major and minor number.
    pub fn version(&self) -> (u32, u32) {
        self.0.version
    }

    pub(crate) fn search_path(&self) -> &OsStr {
        &self.0.search_path
    }
}

fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix("git version ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 3.0"), Some((3, 0)));
        assert_eq!(version("hello"), None);
        assert!(version("git version 2.37.9") < Some(super::VERSION_FLOOR));
    }
}
