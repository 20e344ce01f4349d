//! Files that an agent may have prepared: opened without following a link, read with a bound. And private copies of ours.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{Mode, OFlags};

/// Opens a directory; a link in its place is an error. Components above it are trusted.
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, directory_flags(), Mode::empty())?)
}

/// Opens the directory `relative` below `directory`, none of whose components may be a link or lead up.
pub(crate) fn open_directory_beneath(directory: impl AsFd, relative: &Path) -> io::Result<OwnedFd> {
    let mut current = rustix::io::dup(directory)?;
    for component in relative.components() {
        let Component::Normal(name) = component else { return Err(io::ErrorKind::InvalidInput.into()) };
        current = rustix::fs::openat(&current, name, directory_flags(), Mode::empty())?;
    }
    Ok(current)
}

/// Whether an error of these says that nothing is there, or that it lies beyond a link. Any other says nothing of what is there.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let none = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG].map(Errno::raw_os_error);
    error.raw_os_error().map_or(error.kind() == io::ErrorKind::InvalidInput, |errno| none.contains(&errno))
}

/// Opens the regular file `relative` below `directory`, none of whose components may be a link or lead up.
pub(crate) fn open_file_beneath(directory: impl AsFd, relative: &Path) -> io::Result<File> {
    let (parent, name) = split(relative)?;
    let parent = open_directory_beneath(directory, parent)?;
    // Without blocking: it may be a pipe that nobody writes to.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::openat(&parent, name, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// Reads at most `limit` bytes of such a file; a longer one is an error.
pub(crate) fn read_beneath(directory: impl AsFd, relative: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file_beneath(directory, relative)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Writes `bytes` as the file `relative` below `directory` at once, with the directories above it. Never through a link.
pub(crate) fn write_beneath(directory: impl AsFd, relative: &Path, bytes: &[u8]) -> io::Result<()> {
    let (parent, name) = split(relative)?;
    let parent = make_directories_beneath(directory, parent)?;
    let temporary = format!(".legion-{}", uuid::Uuid::new_v4().simple());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(&parent, &temporary, flags, Mode::from_raw_mode(0o644))?);
    let written = io::Write::write_all(&mut file, bytes)
        .and_then(|()| Ok(rustix::fs::renameat(&parent, temporary.as_str(), &parent, name)?));
    if written.is_err() {
        let _ = rustix::fs::unlinkat(&parent, &temporary, rustix::fs::AtFlags::empty());
    }
    written
}

/// Makes the directories of `relative` below `directory` and opens the last.
pub(crate) fn make_directories_beneath(directory: impl AsFd, relative: &Path) -> io::Result<OwnedFd> {
    let mut current = rustix::io::dup(directory)?;
    for component in relative.components() {
        let Component::Normal(name) = component else { return Err(io::ErrorKind::InvalidInput.into()) };
        match rustix::fs::mkdirat(&current, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        current = rustix::fs::openat(&current, name, directory_flags(), Mode::empty())?;
    }
    Ok(current)
}

/// Copies a file with its times: an index is compared with files by them.
pub(crate) fn copy_with_times(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let modified = source.metadata()?.modified()?;
    let mut target = File::create(to)?;
    io::copy(&mut source, &mut target)?;
    target.set_modified(modified)
}

/// How often a directory is removed into which something that is just dying still writes.
const REMOVE_TRIES: usize = 5;

/// Removes a file or a whole directory, links not followed; nothing there is as good.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let mut tries = 0;
    loop {
        let removed = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(error) => Err(error),
        };
        tries += 1;
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && tries < REMOVE_TRIES => {}
            other => return other,
        }
    }
}

/// Whether there is anything, be it a link that leads nowhere.
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn split(relative: &Path) -> io::Result<(&Path, &std::ffi::OsStr)> {
    let name = relative.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((relative.parent().unwrap_or(Path::new("")), name))
}

/// Runs what blocks where it may.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime goes down: nobody is left to look at what would be returned.
            Err(_) => std::future::pending().await,
        },
    }
}
