//! Files that a build needs and git ignores (`.env`, a local configuration, a cache): copied by rule.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use crate::clone::place::ClonePlace;
use crate::clone::snapshot::Listing;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{
    blocking, make_directories_beneath, open_directory, open_directory_beneath, open_file_beneath,
};

/// One attempt's share of somebody's disk.
const FILES_MAX: usize = 200_000;
const BYTES_MAX: u64 = 20 * 1024 * 1024 * 1024;
/// Names of files that are not ready.
const PARTIAL_PREFIX: &str = ".legion-partial-";

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredCopied {
    pub files: usize,
    pub bytes: u64,
    /// Files that were there already, or are neither files nor links.
    pub skipped: usize,
}

/// Why files were not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyIgnoredError {
    #[error("the rules ask for more than {FILES_MAX} files or {BYTES_MAX} bytes from `{from}`; make them narrower")]
    TooMuch { from: PathBuf },
    #[error("failed to copy `{path}`")]
    Copy {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Control {
    /// Copies the files below `from_dir` that are ignored there and that `patterns` (lines as in a `.gitignore`) name, into
    /// a clone. Disk blocks are shared where the file system can. Links stay links, and none is followed; what is in the
    /// clone already, tracked files above all, stays as it is.
    ///
    /// # Errors
    /// When that is too much, the disk is full, or git fails.
    pub async fn copy_ignored(
        &self,
        from_dir: &Path,
        place: &ClonePlace,
        patterns: &[String],
    ) -> Result<IgnoredCopied, CopyIgnoredError> {
        if patterns.is_empty() {
            return Ok(IgnoredCopied::default());
        }
        let temporary = self.temporary()?;
        let rules = temporary.join("rules");
        std::fs::write(&rules, patterns.join("\n") + "\n").map_err(GitError::file("write", &rules))?;
        let mut exclude_from = std::ffi::OsString::from("--exclude-from=");
        exclude_from.push(&rules);
        let options = ["-o".into(), "-i".into(), exclude_from];
        let mut unread = Listing::default();
        let listed = self.list_files(from_dir, place.index(), &options, &mut unread).await?;
        let named: BTreeSet<PathBuf> = listed.into_iter().map(|(_, path)| path).collect();
        if named.len() > FILES_MAX {
            return Err(CopyIgnoredError::TooMuch { from: from_dir.to_owned() });
        }
        let ignored = self.ignored(from_dir, place.index(), &named).await?;
        let tracked: HashSet<PathBuf> = self.indexed(place.index()).await.into_iter().collect();
        let (from, to) = (from_dir.to_owned(), place.dir().to_owned());
        blocking(move || copy_all(&from, &to, ignored.into_iter().filter(|path| !tracked.contains(path)))).await
    }
}

fn copy_all(
    from_dir: &Path,
    to_dir: &Path,
    paths: impl Iterator<Item = PathBuf>,
) -> Result<IgnoredCopied, CopyIgnoredError> {
    let from = open_directory(from_dir).map_err(GitError::file("open", from_dir))?;
    let to = open_directory(to_dir).map_err(GitError::file("open", to_dir))?;
    let mut copied = IgnoredCopied::default();
    for path in paths {
        let bytes = copy_one(&from, &to, &path, BYTES_MAX - copied.bytes)
            .map_err(|source| CopyIgnoredError::Copy { path: path.clone(), source })?;
        match bytes {
            Some(bytes) if bytes > BYTES_MAX - copied.bytes => {
                return Err(CopyIgnoredError::TooMuch { from: from_dir.to_owned() });
            }
            Some(bytes) => {
                copied.files += 1;
                copied.bytes += bytes;
            }
            None => copied.skipped += 1,
        }
    }
    Ok(copied)
}

/// Copies a file or a link; `None` when it is neither, or in place already.
fn copy_one(from: &OwnedFd, to: &OwnedFd, path: &Path, bytes_max: u64) -> io::Result<Option<u64>> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
    // A repository of its own is listed with a slash at its end.
    if path.as_os_str().as_bytes().ends_with(b"/") {
        return Ok(None);
    }
    let source = open_directory_beneath(from, above)?;
    let found = rustix::fs::statat(&source, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = FileType::from_raw_mode(found.st_mode);
    if !matches!(kind, FileType::RegularFile | FileType::Symlink) {
        return Ok(None);
    }
    let Ok(target) = make_directories_beneath(to, above) else { return Ok(None) };
    if rustix::fs::statat(&target, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
        return Ok(None);
    }
    if kind == FileType::Symlink {
        let leads_to = rustix::fs::readlinkat(&source, name, Vec::new())?;
        rustix::fs::symlinkat(leads_to.as_c_str(), &target, name)?;
        return Ok(Some(0));
    }
    let file = open_file_beneath(&source, Path::new(name))?;
    copy_file(file, &target, name, found.st_mode & 0o777, bytes_max).map(Some)
}

fn copy_file(file: File, target: impl AsFd, name: &std::ffi::OsStr, mode: u32, bytes_max: u64) -> io::Result<u64> {
    let partial = format!("{PARTIAL_PREFIX}{}", uuid::Uuid::new_v4().simple());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(mode | 0o200);
    let mut copy = File::from(rustix::fs::openat(&target, &partial, flags, mode)?);
    let written = write_copy(file, &mut copy, bytes_max).and_then(|bytes| {
        rustix::fs::renameat(&target, partial.as_str(), &target, name)?;
        Ok(bytes)
    });
    if written.is_err() {
        let _ = rustix::fs::unlinkat(&target, &partial, AtFlags::empty());
    }
    written
}

fn write_copy(file: File, copy: &mut File, bytes_max: u64) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if length <= bytes_max && rustix::fs::ioctl_ficlone(&*copy, &file).is_ok() {
        return Ok(length);
    }
    io::copy(&mut io::Read::take(file, bytes_max + 1), copy)
}
