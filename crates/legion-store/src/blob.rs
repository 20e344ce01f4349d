//! Large bodies in files that are named by their content. Every call blocks on the disk: not for async code.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Largest body of one file, in bytes.
pub const BLOB_BYTES_MAX: usize = 256 * 1024 * 1024;
/// A file that was being written this long ago was left by a crash.
const INCOMING_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// Where files are written before they get their name; the same file system, because a rename must be atomic.
const INCOMING: &str = "incoming";

/// The SHA-256 of a body: its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(DigestError);
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(DigestError),
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Files named by the SHA-256 of their content: `<data>/blobs/ab/cdef…`.
#[derive(Debug, Clone)]
pub struct BlobStore {
    root: PathBuf,
    /// Which of the 256 folders are known to survive a loss of power.
    folders: Arc<[AtomicBool; 256]>,
}

impl BlobStore {
    /// Opens the store of a data directory, made if needed (0700), and removes what crashed writers left behind.
    pub fn open(data: &Path) -> Result<Self, BlobError> {
        let root = data.join("blobs");
        let incoming = root.join(INCOMING);
        let failed = |source| BlobError::Open { path: root.clone(), source };
        create_folder(&incoming).map_err(failed)?;
        sync_folder(data).map_err(failed)?;
        sweep(&incoming).map_err(failed)?;
        Ok(Self { root, folders: Arc::new([const { AtomicBool::new(false) }; 256]) })
    }

    /// Keeps `bytes`; when it returns, they survive a loss of power. Putting the same again changes nothing, except
    /// that it heals a damaged file.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        if bytes.len() > BLOB_BYTES_MAX {
            return Err(BlobError::TooLarge { bytes: bytes.len() });
        }
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        self.write(&digest, &path, bytes).map_err(|source| BlobError::Put { path, source })?;
        Ok(digest)
    }

    /// Returns the bytes named `digest`, having checked that they are.
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let path = self.path(digest);
        let bytes = match read_bounded(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BlobError::Missing { digest: *digest, path });
            }
            Err(source) => return Err(BlobError::Get { path, source }),
        };
        let actual = Digest::of(&bytes);
        if actual != *digest {
            return Err(BlobError::Corrupt { digest: *digest, actual, path });
        }
        Ok(bytes)
    }

    /// Removes the file named `digest`; says whether there was one.
    pub fn remove(&self, digest: &Digest) -> Result<bool, BlobError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(BlobError::Remove { path, source }),
        }
    }

    /// Returns where the file named `digest` lies, whether it exists or not.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(&name[2..])
    }

    fn write(&self, digest: &Digest, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().expect("a blob lies in a folder");
        self.folder(digest.0[0], folder)?;
        // Someone else may have renamed it and not yet synced the folder, so the folder is synced in any case.
        if !read_bounded(path).is_ok_and(|found| found == bytes) {
            // 0600 from the start.
            let mut file = tempfile::NamedTempFile::new_in(self.root.join(INCOMING))?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
        }
        sync_folder(folder)
    }

    /// Makes one of the 256 folders and syncs its name, once per store.
    fn folder(&self, first_byte: u8, folder: &Path) -> io::Result<()> {
        let known = &self.folders[usize::from(first_byte)];
        if !known.load(Ordering::Acquire) {
            create_folder(folder)?;
            sync_folder(&self.root)?;
            known.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Reads a file of at most one byte more than a blob can have.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(BLOB_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn create_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes files that a crash left half written.
fn sweep(incoming: &Path) -> io::Result<()> {
    // The clock of the file system, which also stamped the others.
    let now = tempfile::NamedTempFile::new_in(incoming)?.as_file().metadata()?.modified()?;
    for entry in fs::read_dir(incoming)? {
        let entry = entry?;
        let left = |at| now.duration_since(at).is_ok_and(|age| age > INCOMING_AGE_MAX);
        // One that is gone by now was renamed or removed by its writer.
        if entry.metadata().and_then(|file| file.modified()).is_ok_and(left) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("failed to open the files at `{path}`")]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to write `{path}`")]
    Put {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to read `{path}`")]
    Get {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to remove `{path}`")]
    Remove {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{path}` is missing")]
    Missing { digest: Digest, path: PathBuf },
    #[error("`{path}` is damaged: its content has the digest {actual}")]
    Corrupt { digest: Digest, actual: Digest, path: PathBuf },
    #[error("{bytes} bytes are too many for one file: at most {BLOB_BYTES_MAX}")]
    TooLarge { bytes: usize },
}

impl BlobError {
    /// Says whether the same call can succeed once the disk has space.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Put { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }
}
