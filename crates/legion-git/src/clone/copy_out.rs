//! Private copies of an agent's files. Git opens a file by its path and follows links above it, and what still lives in the clone can put one
//! there between git's look and git's opening: so it would read, as we, what the agent may not.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, SeekFrom, openat, readlinkat, statat, symlinkat};
use rustix::io::Errno;

use crate::clone::note::{LeftOut, Note};
use crate::file_system::{
    is_gone, make_directories_beneath, open_directory, open_directory_beneath, open_file_beneath,
};

/// What git looks at in the mode of a file.
const EXECUTABLE: u32 = 0o100;

/// What was copied, and what could not be.
#[derive(Default)]
pub(crate) struct CopiedOut {
    pub paths: Vec<PathBuf>,
    pub notes: Vec<Note>,
}

/// Copies files and links, no component of whose paths may be a link, from below `root` to below `private`, a new directory of ours. Nothing
/// is written through a link either: what was copied for one path may be one, and the next path lead beyond it. Those that are gone, or lie
/// beyond a link by now, are left out. What cannot be taken, be it for one file's sake, is noted.
///
/// # Errors
/// When a copy cannot be written, or files cannot be opened for want of something (descriptors, memory).
pub(crate) fn copy_out(root: &Path, private: &Path, paths: Vec<PathBuf>) -> io::Result<CopiedOut> {
    fs::create_dir(private)?;
    let (theirs, ours) = (open_directory(root)?, open_directory(private)?);
    let mut copied = CopiedOut::default();
    // Paths come in order: those of a directory one after the other.
    let mut parent: Option<(PathBuf, Result<Both, Failed>)> = None;
    for path in paths {
        let above = path.parent().unwrap_or(Path::new(""));
        if parent.as_ref().is_none_or(|(known, _)| known != above) {
            parent = Some((above.to_owned(), both(&theirs, &ours, above)));
        }
        let one = match (&parent, path.file_name()) {
            (Some((_, Ok((from, to)))), Some(name)) => one(from, to, Path::new(name)),
            (Some((_, Err(failed))), _) => Err(failed.again()),
            (None, _) | (_, None) => Err(Failed::Gone),
        };
        let why = match one {
            Ok(()) => {
                copied.paths.push(path);
                continue;
            }
            Err(Failed::Gone) => continue,
            Err(Failed::Closed) => LeftOut::Unreadable,
            Err(Failed::Changed) => LeftOut::Changed,
            Err(Failed::All(error)) => return Err(error),
        };
        copied.notes.push(Note::LeftOut { path, why });
    }
    Ok(copied)
}

/// A directory of the agent's, and ours for its copies.
type Both = (OwnedFd, OwnedFd);

/// Why something was not copied.
enum Failed {
    /// It is there no longer, or is neither a file nor a link.
    Gone,
    /// It cannot be read.
    Closed,
    /// Where its copy belongs, something else was found before.
    Changed,
    /// Neither can anything else be.
    All(io::Error),
}

impl Failed {
    /// For the next one in the same directory.
    fn again(&self) -> Self {
        match self {
            Self::Gone => Self::Gone,
            Self::Closed => Self::Closed,
            Self::Changed => Self::Changed,
            Self::All(error) => Self::All(error.kind().into()),
        }
    }

    /// Of an agent's file or directory.
    fn reading(error: io::Error) -> Self {
        match error.kind() {
            _ if is_gone(&error) => Self::Gone,
            io::ErrorKind::PermissionDenied => Self::Closed,
            _ => Self::All(error),
        }
    }

    /// Of a copy.
    fn writing(error: io::Error) -> Self {
        let kind = error.kind();
        if is_gone(&error) || kind == io::ErrorKind::AlreadyExists { Self::Changed } else { Self::All(error) }
    }
}

fn both(theirs: &OwnedFd, ours: &OwnedFd, above: &Path) -> Result<Both, Failed> {
    let from = open_directory_beneath(theirs, above).map_err(Failed::reading)?;
    let to = make_directories_beneath(ours, above).map_err(Failed::writing)?;
    Ok((from, to))
}

fn one(from: impl AsFd, to: impl AsFd, name: &Path) -> Result<(), Failed> {
    let found = statat(&from, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|errno| Failed::reading(errno.into()))?;
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => file(from, to, name),
        FileType::Symlink => {
            let target = match readlinkat(&from, name, Vec::new()) {
                Ok(target) => target,
                // Another thing by now.
                Err(Errno::INVAL) => return Err(Failed::Gone),
                Err(errno) => return Err(Failed::reading(errno.into())),
            };
            symlinkat(target.as_c_str(), to, name).map_err(|errno| Failed::writing(errno.into()))
        }
        _ => Err(Failed::Gone),
    }
}

fn file(from: impl AsFd, to: impl AsFd, name: &Path) -> Result<(), Failed> {
    let mut content = match open_file_beneath(from, name) {
        Ok(content) => content,
        // Another thing by now: a socket, or what is no file.
        Err(error) if error.raw_os_error().is_none() || error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
            return Err(Failed::Gone);
        }
        Err(error) => return Err(Failed::reading(error)),
    };
    let found = content.metadata().map_err(|_| Failed::Closed)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let copy = openat(to, name, flags, Mode::from_raw_mode(0o600)).map_err(|errno| Failed::writing(errno.into()))?;
    let mut copy = File::from(copy);
    match copy_data(&mut content, &mut copy, found.len()) {
        Ok(()) => {}
        Err(error) if is_want_of_space(&error) => return Err(Failed::All(error)),
        // As a rule its own: a bad block. The others may be read all the same.
        Err(_) => return Err(Failed::Closed),
    }
    let mode = Permissions::from_mode(0o600 | found.permissions().mode() & EXECUTABLE);
    copy.set_permissions(mode).map_err(Failed::All)
}

fn is_want_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// Copies `length` bytes and no more, as the file may grow without end; where there are holes, there are holes.
fn copy_data(from: &mut File, to: &mut File, length: u64) -> io::Result<()> {
    to.set_len(length)?;
    let mut at = 0;
    while at < length {
        let begin = match rustix::fs::seek(&*from, SeekFrom::Data(at)) {
            Ok(begin) => begin,
            // Nothing but a hole is left.
            Err(Errno::NXIO) => break,
            // A file system that knows no holes.
            Err(Errno::INVAL) => at,
            Err(errno) => return Err(errno.into()),
        };
        let end = rustix::fs::seek(&*from, SeekFrom::Hole(begin)).unwrap_or(length).min(length);
        if begin >= end {
            break;
        }
        from.seek(io::SeekFrom::Start(begin))?;
        to.seek(io::SeekFrom::Start(begin))?;
        io::copy(&mut (&mut *from).take(end - begin), to)?;
        at = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    #[test]
    fn nothing_is_written_beyond_a_link_that_was_copied() {
        let dir = legion_testkit::TestDir::new();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir_all(path("outside")).unwrap();
        fs::create_dir_all(path("clone")).unwrap();
        symlink(path("outside"), path("clone/d")).unwrap();
        fs::create_dir_all(path("private")).unwrap();
        let (theirs, ours) = (open_directory(&path("clone")).unwrap(), open_directory(&path("private")).unwrap());
        one(&theirs, &ours, Path::new("d")).unwrap_or_else(|_| panic!("a link is copied"));
        // A directory again when what is in it is looked at.
        fs::remove_file(path("clone/d")).unwrap();
        fs::create_dir_all(path("clone/d/e")).unwrap();
        fs::write(path("clone/d/e/file"), "x").unwrap();
        for above in ["d", "d/e"] {
            assert!(matches!(both(&theirs, &ours, Path::new(above)), Err(Failed::Changed)), "{above}");
        }
        assert!(fs::read_dir(path("outside")).unwrap().next().is_none());
        // The same for a file in its place.
        fs::write(path("private/f"), "").unwrap();
        fs::create_dir_all(path("clone/f")).unwrap();
        assert!(matches!(both(&theirs, &ours, Path::new("f")), Err(Failed::Changed)));
    }

    #[test]
    fn files_are_as_they_were_and_holes_stay() {
        let dir = legion_testkit::TestDir::new();
        let (clone, private) = (dir.path().join("clone"), dir.path().join("private"));
        fs::create_dir(&clone).unwrap();
        let sparse = File::create(clone.join("sparse")).unwrap();
        sparse.set_len(1 << 34).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&sparse, b"middle", 1 << 33).unwrap();
        fs::write(clone.join("tool"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(clone.join("tool"), Permissions::from_mode(0o4755)).unwrap();
        fs::write(clone.join("empty"), "").unwrap();
        symlink("nowhere", clone.join("link")).unwrap();
        // Longer than a path may be, from the root: git works in the directory itself.
        let deep = Path::new("deep").join(vec!["x".repeat(200); 20].join("/"));
        let made = make_directories_beneath(open_directory(&clone).unwrap(), &deep).unwrap();
        drop(openat(&made, "file", OFlags::WRONLY | OFlags::CREATE, Mode::from_raw_mode(0o644)).unwrap());
        let names = ["../up", "empty", "gone", "link", "sparse", "tool"].map(PathBuf::from);
        let paths = [deep.join("file")].into_iter().chain(names).collect();
        let copied = copy_out(&clone, &private, paths).unwrap();
        assert_eq!(copied.notes, []);
        let taken: Vec<_> = copied.paths.iter().skip(1).map(|path| path.to_str().unwrap()).collect();
        assert_eq!(taken, ["empty", "link", "sparse", "tool"]);
        assert!(open_file_beneath(open_directory(&private).unwrap(), &deep.join("file")).is_ok());
        assert_eq!(fs::metadata(private.join("tool")).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(fs::read_link(private.join("link")).unwrap(), Path::new("nowhere"));
        let copy = File::open(private.join("sparse")).unwrap();
        let mut middle = [0; 6];
        std::os::unix::fs::FileExt::read_exact_at(&copy, &mut middle, 1 << 33).unwrap();
        assert_eq!((&middle, copy.metadata().unwrap().len()), (b"middle", 1 << 34));
        assert!(copy.metadata().unwrap().blocks() * 512 < 1 << 24, "the holes were filled");
    }
}
