//! Where a file of the repository really is, and what it holds now.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::error::InitFault;

/// Bytes of a file that is changed: instructions for agents, not data.
pub(super) const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Links that are followed for one file.
const LINKS_MAX: usize = 16;

/// A file behind all its links.
#[derive(Debug)]
pub(super) struct Target {
    /// The name it was asked for by, relative to the root.
    pub(super) name: PathBuf,
    /// Where it really is. Two names with the same place are the same file.
    pub(super) place: PathBuf,
    /// Absent when there is no such file yet.
    pub(super) old: Option<Old>,
}

#[derive(Debug)]
pub(super) struct Old {
    pub(super) bytes: Vec<u8>,
    pub(super) metadata: Metadata,
}

/// Looks at the file of this name. `root` is canonical.
pub(super) fn look(root: &Path, name: &Path) -> Result<Target, InitFault> {
    let place = resolve(root, name)?;
    let old = read(&place).map_err(|fault| match fault {
        ReadFault::Io(source) => InitFault::Read { path: name.to_owned(), source },
        ReadFault::NotAFile => InitFault::NotAFile { path: name.to_owned() },
        ReadFault::TooLong => InitFault::TooLong { path: name.to_owned() },
    })?;
    Ok(Target { name: name.to_owned(), place, old })
}

/// The bytes of a file now; `None` when there is none.
pub(super) fn bytes_now(place: &Path) -> io::Result<Option<Vec<u8>>> {
    match read(place) {
        Ok(old) => Ok(old.map(|old| old.bytes)),
        Err(ReadFault::Io(error)) => Err(error),
        Err(ReadFault::NotAFile | ReadFault::TooLong) => Err(io::ErrorKind::InvalidData.into()),
    }
}

enum ReadFault {
    Io(io::Error),
    NotAFile,
    TooLong,
}

fn read(place: &Path) -> Result<Option<Old>, ReadFault> {
    // Before it is opened: opening a pipe would wait for somebody to write to it.
    let metadata = match fs::metadata(place) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ReadFault::Io(error)),
    };
    if !metadata.is_file() {
        return Err(ReadFault::NotAFile);
    }
    let mut bytes = Vec::new();
    let file = File::open(place).map_err(ReadFault::Io)?;
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(ReadFault::Io)?;
    if bytes.len() > FILE_BYTES_MAX { Err(ReadFault::TooLong) } else { Ok(Some(Old { bytes, metadata })) }
}

/// Follows links by hand, because the file at the end need not exist yet. The end lies inside the root or is refused.
fn resolve(root: &Path, name: &Path) -> Result<PathBuf, InitFault> {
    let failed = |source| InitFault::Read { path: name.to_owned(), source };
    let mut place = root.to_owned();
    let mut rest: Vec<PathBuf> = parts(name);
    let mut links = 0;
    while let Some(part) = rest.pop() {
        if part.as_os_str() == ".." {
            place.pop();
            continue;
        }
        let next = place.join(&part);
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                links += 1;
                if links > LINKS_MAX {
                    return Err(InitFault::LinkCircle { path: name.to_owned() });
                }
                let link = fs::read_link(&next).map_err(failed)?;
                if link.is_absolute() {
                    place = PathBuf::from("/");
                }
                rest.extend(parts(&link));
            }
            Ok(metadata) if !rest.is_empty() && !metadata.is_dir() => {
                let directory = next.strip_prefix(root).unwrap_or(&next).to_owned();
                return Err(InitFault::Read { path: directory, source: io::ErrorKind::NotADirectory.into() });
            }
            Ok(_) => place = next,
            Err(error) if error.kind() == io::ErrorKind::NotFound => place = next,
            Err(error) => return Err(failed(error)),
        }
    }
    if place.starts_with(root) { Ok(place) } else { Err(InitFault::Outside { path: name.to_owned(), target: place }) }
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let wanted = |component: &Component<'_>| matches!(component, Component::Normal(_) | Component::ParentDir);
    let mut parts: Vec<PathBuf> =
        path.components().filter(wanted).map(|part| PathBuf::from(part.as_os_str())).collect();
    parts.reverse();
    parts
}
