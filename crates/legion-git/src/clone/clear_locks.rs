//! Locks that a killed git has left in a clone: with one of them, every later git of the agent would refuse to work.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType};
use rustix::io::Errno;

use crate::clone::place::ClonePlace;
use crate::file_system::{blocking, open_directory, open_directory_beneath};

/// Directories in which git makes locks, and how deep below them it does.
const PLACES: [(&str, u32); 4] = [("", 0), ("refs", REFS_DEPTH_MAX), ("objects", 0), ("objects/info", 1)];
/// Refs are nested less deep than this.
const REFS_DEPTH_MAX: u32 = 32;
/// Entries that are looked at, so that what an agent has made of its `.git` cannot keep us busy.
const ENTRIES_MAX: u32 = 100_000;

impl ClonePlace {
    /// Removes git's locks from the clone and returns how many there were. No link is followed, whatever the agent has made
    /// of its `.git`; a clone without a `.git` has none.
    ///
    /// A lock does not say whose it is: the caller knows that nobody works in the clone.
    ///
    /// # Errors
    /// When the file system refuses.
    pub async fn clear_locks(&self) -> io::Result<u32> {
        let dir = self.dir().to_owned();
        blocking(move || clear(&dir)).await
    }
}

fn clear(dir: &Path) -> io::Result<u32> {
    let mut looked_at = 0;
    let mut removed = 0;
    for (place, depth) in PLACES {
        let opened = open_directory(dir).and_then(|dir| open_directory_beneath(&dir, &Path::new(".git").join(place)));
        match opened {
            Ok(directory) => removed += clear_directory(&directory, depth, &mut looked_at)?,
            Err(error) if is_elsewhere(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(removed)
}

fn clear_directory(directory: &OwnedFd, depth: u32, looked_at: &mut u32) -> io::Result<u32> {
    let mut removed = 0;
    let mut deeper: Vec<CString> = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        *looked_at += 1;
        if *looked_at > ENTRIES_MAX {
            return Ok(removed);
        }
        let name = entry.file_name();
        let is_directory = entry.file_type() == FileType::Directory;
        if is_directory && !matches!(name.to_bytes(), b"." | b"..") {
            deeper.push(name.to_owned());
        } else if !is_directory && name.to_bytes().ends_with(b".lock") {
            match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
                Ok(()) => removed += 1,
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    if depth > 0 {
        for name in deeper {
            match open_directory_beneath(directory, Path::new(OsStr::from_bytes(name.to_bytes()))) {
                Ok(below) => removed += clear_directory(&below, depth - 1, looked_at)?,
                Err(error) if is_elsewhere(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(removed)
}

/// Nothing is there, or something that is no directory: a file, or a link that is not followed.
fn is_elsewhere(error: &io::Error) -> bool {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    is(Errno::NOENT) || is(Errno::NOTDIR) || is(Errno::LOOP)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[tokio::test]
    async fn locks_go_and_nothing_else_does() {
        let home = legion_testkit::TestDir::new();
        let dir = home.path().join("clone");
        let git = dir.join(".git");
        fs::create_dir_all(git.join("refs/heads/legion/main")).expect("made");
        fs::create_dir_all(git.join("objects/info")).expect("made");
        fs::create_dir_all(home.path().join("elsewhere")).expect("made");
        let locks = [
            "HEAD.lock",
            "index.lock",
            "refs/heads/a.lock",
            "refs/heads/legion/main/t4.lock",
            "objects/maintenance.lock",
            "objects/info/commit-graph.lock",
        ];
        let others = ["HEAD", "refs/heads/legion/main/t4", "../Cargo.lock", "../../elsewhere/index.lock"];
        for path in locks.iter().chain(&others) {
            fs::write(git.join(path), "x").expect("written");
        }
        fs::create_dir(git.join("a-directory.lock")).expect("made");
        symlink(home.path().join("elsewhere"), git.join("refs/linked")).expect("linked");
        assert_eq!(ClonePlace::at(&dir).clear_locks().await.expect("cleared"), 6);
        for path in locks {
            assert!(!git.join(path).exists(), "{path} is there");
        }
        for path in others {
            assert!(git.join(path).exists(), "{path} is gone");
        }
        assert_eq!(ClonePlace::at(&dir).clear_locks().await.expect("nothing to do"), 0);
    }

    #[tokio::test]
    async fn a_git_directory_elsewhere_is_left_alone() {
        let home = legion_testkit::TestDir::new();
        let dir = home.path().join("clone");
        fs::create_dir_all(&dir).expect("made");
        assert_eq!(ClonePlace::at(&dir).clear_locks().await.expect("no repository"), 0);
        let other = home.path().join("other");
        fs::create_dir_all(&other).expect("made");
        fs::write(other.join("index.lock"), "x").expect("written");
        symlink(&other, dir.join(".git")).expect("linked");
        assert_eq!(ClonePlace::at(&dir).clear_locks().await.expect("not ours"), 0);
        assert!(other.join("index.lock").exists());
        fs::remove_file(dir.join(".git")).expect("removed");
        fs::write(dir.join(".git"), "gitdir: ../other").expect("written");
        assert_eq!(ClonePlace::at(&dir).clear_locks().await.expect("not ours"), 0);
        assert_eq!(ClonePlace::at(home.path().join("none")).clear_locks().await.expect("nothing"), 0);
    }
}
