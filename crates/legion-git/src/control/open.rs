//! Opening: the lock, and the sweep of what a killed service has left.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;
use uuid::Uuid;

use crate::command::Call;
use crate::control::sweep;
use crate::error::GitError;
use crate::file_system::{self, blocking};
use crate::git::Git;
use crate::oid::ObjectFormat;
use crate::skeleton;

/// Where HEAD points: a branch that never is, so that no ref is special.
const HEAD: &str = "refs/heads/legion-none";
/// What is ours and not git's, in the repository.
const OURS: &str = "legion";

/// The bare repository of ours, open and locked. Cheap to clone; the lock goes with the last clone.
///
/// It is never pruned: clones borrow its objects.
#[derive(Clone, Debug)]
pub struct Control(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    git: Git,
    dir: PathBuf,
    format: ObjectFormat,
    /// In the environment of every git of ours here, by which the leftovers of a killed service are found.
    marker: Uuid,
    /// Held by whoever moves a ref: a lock file that is there nevertheless has no live owner.
    refs: Mutex<()>,
    /// Held while files beside git's are moved about, by what moves them: dropped verbs leave that to end by itself.
    files: Arc<Mutex<()>>,
    _lock: File,
}

/// Why the repository cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{dir}` is in use by another service; stop it first")]
    InUse { dir: PathBuf },
    #[error("`{dir}` has objects named by {found}, and {wanted} was asked for; use another data directory")]
    OtherFormat { dir: PathBuf, found: &'static str, wanted: &'static str },
    #[error("`{dir}` cannot be a repository: its path has a line break in it; use another data directory")]
    Path { dir: PathBuf },
    #[error("processes of an earlier service still work in `{dir}` and cannot be killed; end them first")]
    Leftovers { dir: PathBuf },
    #[error("failed to {action} `{path}`")]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Control {
    /// Opens the repository at `dir`, or makes it there. What a service that was killed has left behind is ended and
    /// removed: its git processes, their locks, their temporary files.
    ///
    /// # Errors
    /// When another service has it open, or the file system refuses.
    pub async fn open_or_create(git: Git, dir: &Path, format: ObjectFormat) -> Result<Self, OpenError> {
        let dir = dir.to_owned();
        blocking(move || Self::open_blocking(git, &dir, format)).await
    }

    fn open_blocking(git: Git, dir: &Path, format: ObjectFormat) -> Result<Self, OpenError> {
        create(dir, format)?;
        let dir = dir.canonicalize().map_err(failed("resolve", dir))?;
        if dir.as_os_str().as_encoded_bytes().contains(&b'\n') {
            return Err(OpenError::Path { dir });
        }
        let lock_path = dir.join(OURS).join("lock");
        let lock = File::options().create(true).append(true).open(&lock_path).map_err(failed("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { dir }),
            Err(TryLockError::Error(source)) => return Err(failed("lock", &lock_path)(source)),
        }
        check_format(&dir, format)?;
        let marker = Uuid::new_v5(&Uuid::NAMESPACE_URL, dir.as_os_str().as_encoded_bytes());
        if legion_process::sweep(marker).left > 0 {
            return Err(OpenError::Leftovers { dir });
        }
        let swept = sweep::sweep_temporary(&dir).map_err(failed("sweep", &dir))?;
        if swept > 0 {
            tracing::info!(dir = %dir.display(), files = swept, "removed what a killed git has left");
        }
        Ok(Self(Arc::new(Inner { git, dir, format, marker, refs: Mutex::new(()), files: Arc::default(), _lock: lock })))
    }

    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    pub fn git(&self) -> &Git {
        &self.0.git
    }

    pub fn format(&self) -> ObjectFormat {
        self.0.format
    }

    /// The id in the environment of every git that works here.
    pub fn marker(&self) -> Uuid {
        self.0.marker
    }

    pub(crate) fn call(&self, verb: &'static str) -> Call {
        Call::new(&self.0.git, &self.0.dir, self.0.marker, verb)
    }

    pub(crate) fn refs(&self) -> &Mutex<()> {
        &self.0.refs
    }

    /// Runs what moves files about, after whatever a verb that was dropped still does.
    pub(crate) async fn alone<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let guard = Arc::clone(&self.0.files).lock_owned().await;
        blocking(move || {
            let done = work();
            drop(guard);
            done
        })
        .await
    }

    /// A name for a file or directory that lives as long as a verb; removed with what is returned.
    pub(crate) fn temporary(&self) -> Result<Temporary, GitError> {
        let path = self.0.dir.join(sweep::TEMPORARY).join(Uuid::new_v4().simple().to_string());
        fs::create_dir_all(&path).map_err(GitError::file("create", &path))?;
        Ok(Temporary(path))
    }
}

/// A directory of ours that is removed with its owner.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What stays is swept when the repository is opened next.
        let _ = file_system::remove(&self.0);
    }
}

/// Makes the repository where none is: whole or not at all.
fn create(dir: &Path, format: ObjectFormat) -> Result<(), OpenError> {
    if file_system::exists(dir) {
        return Ok(());
    }
    let mut partial = dir.as_os_str().to_owned();
    partial.push(format!(".{}.partial", Uuid::new_v4().simple()));
    let partial = PathBuf::from(partial);
    let written = fs::create_dir_all(partial.join(OURS))
        .and_then(|()| skeleton::write(&partial, HEAD, &skeleton::control_config(format)))
        .and_then(|()| fs::rename(&partial, dir));
    if let Err(source) = written {
        let _ = file_system::remove(&partial);
        // Another was quicker: the lock decides between the two.
        if !file_system::exists(dir) {
            return Err(failed("create", dir)(source));
        }
    }
    Ok(())
}

fn check_format(dir: &Path, format: ObjectFormat) -> Result<(), OpenError> {
    let path = dir.join("config");
    let config = fs::read_to_string(&path).map_err(failed("read", &path))?;
    let other = match format {
        ObjectFormat::Sha1 => ObjectFormat::Sha256,
        ObjectFormat::Sha256 => ObjectFormat::Sha1,
    };
    if config == skeleton::control_config(other) {
        return Err(OpenError::OtherFormat { dir: dir.to_owned(), found: other.as_str(), wanted: format.as_str() });
    }
    // Whatever stood there: the configuration is ours, the same each time.
    if config != skeleton::control_config(format) {
        let partial = dir.join(OURS).join("config.partial");
        fs::write(&partial, skeleton::control_config(format)).map_err(failed("write", &partial))?;
        fs::rename(&partial, &path).map_err(failed("write", &path))?;
    }
    Ok(())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::File { action, path, source }
}
