//! What lies in the place of a name that shall not come to be while an agent works: a mount needs something to lie on.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, ResolveFlags, Uid};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// What `commondir` of a git directory says that is its own.
const ITSELF: &str = ".\n";
/// Where nothing can be made.
const REFUSED_TO_ALL: [Errno; 6] = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::ACCESS, Errno::PERM, Errno::ROFS];
/// It is gone, or something else is there by now.
const NOT_OURS: [Errno; 6] = [Errno::NOENT, Errno::NOTDIR, Errno::ISDIR, Errno::NOTEMPTY, Errno::EXIST, Errno::LOOP];

/// What is made, and removed again as long as nobody has put anything into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placeholder {
    /// An empty directory: git does not see it.
    Directory,
    /// An empty file.
    File,
    /// A file that says of the directory it is in that it is meant itself. For `commondir` of a git directory, without which no
    /// git works when it is empty, and which leads git to hooks and configuration elsewhere when it names another one.
    Itself,
    /// Nothing: what is there in the end is removed, a file or a link. For what would break its owner's programs whatever it says.
    Nothing,
}

impl Placeholder {
    /// Makes it, unless something is there. No part of the path above it may be a link: whoever may write there could have it
    /// made anywhere. It belongs to whom the directory belongs to. Returns whether it could: `false` where there is no such
    /// directory, or nobody with its owner's rights can make anything in it.
    ///
    /// # Errors
    /// When it cannot be made now, by us.
    pub fn make(self, path: &Path) -> io::Result<bool> {
        let made = above(path).and_then(|(directory, name)| match self {
            Self::Nothing => Ok(()),
            Self::Directory => make_directory(&directory, name),
            Self::File => make_file(&directory, name, ""),
            Self::Itself => make_file(&directory, name, ITSELF),
        });
        match made {
            Ok(()) => Ok(true),
            Err(error) if is_one_of(&error, &[Errno::EXIST]) => Ok(true),
            Err(error) if is_one_of(&error, &REFUSED_TO_ALL) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes it, unless something was put into it.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove(self, path: &Path) -> io::Result<()> {
        let removed = above(path).and_then(|(directory, name)| {
            let flags = match self {
                Self::Directory => AtFlags::REMOVEDIR,
                Self::File if !says(&directory, name, "")? => return Ok(()),
                // What was made without its content is ours too.
                Self::Itself if !says(&directory, name, ITSELF)? && !says(&directory, name, "")? => return Ok(()),
                Self::File | Self::Itself | Self::Nothing => AtFlags::empty(),
            };
            Ok(rustix::fs::unlinkat(&directory, name, flags)?)
        });
        match removed {
            Err(error) if is_one_of(&error, &NOT_OURS) => Ok(()),
            removed => removed,
        }
    }
}

/// Whether anything is at `path`, a link included.
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn is_one_of(error: &io::Error, numbers: &[Errno]) -> bool {
    numbers.iter().any(|number| error.raw_os_error() == Some(number.raw_os_error()))
}

fn make_directory(directory: &OwnedFd, name: &OsStr) -> io::Result<()> {
    rustix::fs::mkdirat(directory, name, Mode::from_raw_mode(0o755))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    give(directory, rustix::fs::openat(directory, name, flags, Mode::empty())?)
}

/// With its content from the first moment on, where the file system can do that.
fn make_file(directory: &OwnedFd, name: &OsStr, content: &str) -> io::Result<()> {
    let (mode, flags) = (Mode::from_raw_mode(0o644), OFlags::WRONLY | OFlags::CLOEXEC);
    let (mut file, is_named) = match rustix::fs::openat(directory, ".", flags | OFlags::TMPFILE, mode) {
        Ok(file) => (File::from(file), false),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT) => {
            let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
            (File::from(rustix::fs::openat(directory, name, flags, mode)?), true)
        }
        Err(error) => return Err(error.into()),
    };
    file.write_all(content.as_bytes())?;
    give(directory, &file)?;
    if !is_named {
        let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(CWD, itself, directory, name, AtFlags::SYMLINK_FOLLOW)?;
    }
    Ok(())
}

/// To whom `directory` belongs; `made` is open, so that nothing else can be in its place.
fn give(directory: &OwnedFd, made: impl AsFd) -> io::Result<()> {
    if crate::is_root() {
        let owner = rustix::fs::fstat(directory)?;
        rustix::fs::fchown(made, Some(Uid::from_raw(owner.st_uid)), Some(Gid::from_raw(owner.st_gid)))?;
    }
    Ok(())
}

fn says(directory: &OwnedFd, name: &OsStr, content: &str) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::openat(directory, name, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut found = Vec::new();
    file.take(content.len() as u64 + 1).read_to_end(&mut found)?;
    Ok(found == content.as_bytes())
}

fn above(path: &Path) -> io::Result<(OwnedFd, &OsStr)> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let exact = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok((rustix::fs::openat2(CWD, directory, flags, Mode::empty(), exact)?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_as_it_came_and_nothing_of_anybody_goes_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        for kind in [Placeholder::Directory, Placeholder::File, Placeholder::Itself] {
            let path = base.join("name");
            for _ in 0..2 {
                kind.make(&path).unwrap();
            }
            assert!(is_there(&path));
            assert_eq!(fs::read_dir(&base).unwrap().count(), 1, "nothing else");
            for _ in 0..2 {
                kind.remove(&path).unwrap();
            }
            assert!(!is_there(&path));
        }
        let path = |name: &str| base.join(name);
        Placeholder::Directory.make(&path("full")).unwrap();
        fs::write(path("full/x"), "x").unwrap();
        Placeholder::Directory.remove(&path("full")).unwrap();
        assert!(path("full/x").exists());
        for kind in [Placeholder::File, Placeholder::Itself] {
            kind.make(&path("written")).unwrap();
            fs::write(path("written"), "../x").unwrap();
            kind.remove(&path("written")).unwrap();
            kind.remove(&path("full")).unwrap();
            std::os::unix::fs::symlink("full/x", path("link")).unwrap();
            kind.remove(&path("link")).unwrap();
            assert!(path("written").exists() && path("full/x").exists() && path("link").is_symlink());
            fs::remove_file(path("link")).unwrap();
        }
        Placeholder::Nothing.make(&path("planted")).unwrap();
        assert!(!is_there(&path("planted")));
        fs::write(path("planted"), "x").unwrap();
        Placeholder::Nothing.remove(&path("planted")).unwrap();
        Placeholder::Nothing.remove(&path("full")).unwrap();
        assert!(!is_there(&path("planted")) && path("full/x").exists());
    }

    #[test]
    fn a_link_above_it_leads_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        fs::create_dir(base.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", base.join("link")).unwrap();
        assert!(!Placeholder::Directory.make(&base.join("link/x")).unwrap());
        assert!(!base.join("elsewhere/x").exists());
        fs::create_dir(base.join("elsewhere/x")).unwrap();
        Placeholder::Directory.remove(&base.join("link/x")).unwrap();
        assert!(base.join("elsewhere/x").exists());
    }
}
